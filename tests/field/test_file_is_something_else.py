"""A file that is no YAML says what it is and what to do, not what YAML expected there."""

import gzip
import json
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.loading.folder import load_file
from aspire_gitops.vocabulary import SourceFile
from support.command_line import CommandLine
from support.small_source import FILES, TODAY, write_files

SHOP = FILES["apps/shop.yaml"]
ABOUT_YAML = re.compile(
    r"key: value|without a colon|quotes; keys|mapping of keys|yaml-syntax|Latin-1"
)
SOPS = """\
kind: ENC[AES256_GCM,data:kX0=,iv:9Q==,tag:8w==,type:str]
name: shop
sops:
    age:
        - recipient: age1xyz
          enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            YWdl
            -----END AGE ENCRYPTED FILE-----
    lastmodified: "2026-01-01T00:00:00Z"
    mac: ENC[AES256_GCM,data:zzz,iv:a,tag:b,type:str]
    version: 3.9.0
"""
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
CONFLICT = f"{SHOP}<<<<<<< HEAD\n  - name: second\n=======\n  - name: other\n>>>>>>> topic\n"
ROWS: dict[str, tuple[str | bytes, str, str]] = {
    # what the file is: (content, words of the message, words of the help)
    "a Git LFS pointer": (LFS, "pointer of a file in Git LFS", "git lfs untrack"),
    "an old Git LFS pointer": (LFS.replace("git-lfs.github", "hawser.github"), "Git LFS", "untrack"),
    "a git-annex pointer": ("/annex/objects/SHA256E-s3--ab.yaml\n", "git-annex", "unannex"),
    "a conflict": (CONFLICT, "merge conflict that nobody resolved", "delete the lines of"),
    "a conflict at the top": (f"<<<<<<< HEAD\n{SHOP}=======\n>>>>>>> topic\n", "conflict", "delete"),
    "a conflict in a text": (
        "kind: Budget\nname: shop\ndescription: |\n  a\n<<<<<<< HEAD\n  b\n=======\n  c\n>>>>>>> x\n",
        "conflict", "delete the lines of",
    ),
    "half a conflict": (f"{SHOP}>>>>>>> topic\n", "conflict", "delete the lines of"),
    "a conflict of three": (CONFLICT.replace("=======", "||||||| 4f2c9d1\n======="), "conflict", "="),
    "a template in a value": (f"{SHOP}owner: {{{{ .Values.owner }}}}\n", "a template", "rendered"),
    "a template at the top": ("{{- if .Values.on }}\nkind: App\n{{- end }}\n", "a template", "rendered"),
    "a template with blocks": ("{% if on %}\nkind: App\n{% endif %}\n", "a template", "rendered"),
    "a template in a list": ("kind: App\nkeys:\n  - {{ key }}\n", "a template", "rendered"),
    "a template of ERB": ("<% if on %>\nkind: App\n", "a template", "rendered"),
    "a page": ("<!DOCTYPE html>\n<html><body>Sign in: x</body></html>\n", "HTML", "raw address"),
    "a page without doctype": ("\n  <html lang='en'>\n", "HTML", "raw address"),
    "a page behind a comment": ("<!-- v2 -->\n<HTML>\n", "HTML", "raw address"),
    "an XML file": ('<?xml version="1.0"?>\n<a/>\n', "XML", "raw address"),
    "an answer": ("404: Not Found", "a server's answer", "signed in"),
    "a patch": ("diff --git a/x b/x\n--- a/x\n+++ b/x\n", "a patch", "git apply"),
    "a link as text": ("../shared/shop.yaml", "symbolic link", "the file itself"),
    "sops": (SOPS, "encrypted with SOPS", "sops decrypt"),
    "sops on plain lines": ("kind: App\nname: ENC[AES256_GCM,data:a,type:str]\n", "SOPS", "decrypt"),
    "sops in a JSON file": ('{"kind": "ENC[AES256_GCM,data:a,iv:b]"}\n', "SOPS", "decrypt"),
    "git-crypt": (b"\0GITCRYPT\0" + bytes(range(200)), "encrypted with git-crypt", ".gitattributes"),
    "ansible-vault": ("$ANSIBLE_VAULT;1.1;AES256\n62313365\n", "ansible-vault", "decrypt"),
    "a vault's value": ("kind: App\nname: !vault |\n  $ANSIBLE_VAULT;1.1\n", "ansible-vault", "no secret"),
    "pgp": ("-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", "encrypted with PGP", "decrypt"),
    "age": ("age-encryption.org/v1\n-> X25519 abc\n", "encrypted with age", "decrypt"),
    "age with armour": ("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "with age", "decrypt"),
    "openssl": ("U2FsdGVkX18xMjM0NTY3OA==\n", "openssl", "decrypt"),
    "a program": (b"\x7fELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0", "a program", "remove it"),
    "an archive": (gzip.compress(SHOP.encode()), "an archive", "remove it"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture", "remove it"),
    "an icon": (b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0", "binary", "remove it"),
    "bytes": (bytes(range(256)), "binary", "remove it"),
    "control characters": (b"\1\2\3\4\5\6\7\x0e\x0f", "binary", "remove it"),
    "UTF-16": (SHOP.encode("utf-16"), "UTF-16", "iconv"),
    "UTF-16 without a mark": (SHOP.encode("utf-16-be"), "UTF-16", "iconv"),
    "UTF-32": (SHOP.encode("utf-32"), "UTF-32", "iconv"),
    "UTF-32 without a mark": (SHOP.encode("utf-32-le"), "UTF-32", "iconv"),
    "a JSON list": ('[{"kind": "App"}, {"kind": "App"}]\n', "a JSON list", "into a file"),
    "JSON with tabs": ('{\n\t"kind": "App",\n\t"name": "shop"\n}\n', "JSON with tabs", "spaces"),
}  # fmt: skip


def content_of(name: str) -> bytes:
    content = ROWS[name][0]
    return content if isinstance(content, bytes) else content.encode()


@pytest.mark.parametrize("name", ROWS)
def test_it_says_what_it_is_and_what_to_do(name: str, tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / "gateway.d" / "apps" / "shop.yaml").write_bytes(content_of(name))
    done = CommandLine(tmp_path).run("validate", "--today", TODAY, "--format", "json")
    found = [item for item in json.loads(done.stdout)["diagnostics"] if item["severity"] == "error"]
    assert [(item["path"], item["code"] in ("AG020", "AG002")) for item in found] == [
        ("gateway.d/apps/shop.yaml", True)
    ], found
    _, words, help_ = ROWS[name]
    assert (words in found[0]["message"], help_ in found[0]["help"]) == (True, True), found
    assert not ABOUT_YAML.search(found[0]["message"] + found[0]["help"]), found


def test_what_it_would_declare_is_unknown_and_not_deleted(tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / "gateway.d" / "apps" / "shop.yaml").write_text(LFS)
    done = CommandLine(tmp_path).run("plan", "--today", TODAY, "--snapshot", "none.json")
    assert (done.returncode, "AG020" in done.stdout) == (1, True)


def test_a_conflict_and_a_template_are_shown_where_they_begin() -> None:
    lines = SHOP.count("\n")
    for text in (CONFLICT, f"{SHOP}owner: {{{{ x }}}}\n"):
        [found] = load_file(SourceFile("a.yaml", text.encode()))[1]
        assert found.span.line == lines + 1
        assert found.span.snippet


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(yaml.safe_load(SHOP)), id="JSON on a line"),
        pytest.param(json.dumps(yaml.safe_load(SHOP), indent=2), id="JSON with spaces"),
        pytest.param(f'{SHOP}description: "say {{{{name}}}} and {{% this %}}"\n', id="braces in quotes"),
        pytest.param(f"{SHOP}description: |\n  <<<<<<< HEAD\n  =======\n", id="markers as text"),
        pytest.param(f"{SHOP}# <<<<<<< HEAD\n# {{{{ x }}}}\n# =======\n", id="markers in comments"),
        pytest.param(f"# version https://git-lfs.github.com/spec/v1\n{SHOP}", id="LFS in a comment"),
        pytest.param(f"{SHOP}description: see ENC[AES256_GCM, a note\n", id="SOPS in a text"),
        pytest.param(f"---\n{SHOP}", id="a document's start"),
    ],
)  # fmt: skip
def test_what_can_be_read_is_read(text: str) -> None:
    document, found = load_file(SourceFile("gateway.d/apps/shop.yaml", text.encode()))
    assert (document is not None, found) == (True, ())


@given(st.text(st.sampled_from("{}%<>=|! \nabcAES256_GCM[]:\"'#-\t,"), max_size=200))
def test_a_mapping_that_yaml_reads_is_never_called_a_template(text: str) -> None:
    document, found = load_file(SourceFile("a.yaml", text.encode()))
    if any(item.rule.code == "AG020" for item in found):
        assert (document, len(found)) == (None, 1)
        if "template" in found[0].message:
            with suppress(yaml.YAMLError):  # one bare word is YAML too, and no resource
                assert not isinstance(yaml.safe_load(text.replace("\t", " ")), dict)


@given(st.binary(max_size=300))
def test_any_bytes_get_one_answer_and_no_traceback(content: bytes) -> None:
    document, found = load_file(SourceFile("a.yaml", content))
    assert document is not None or found
    assert all(item.help for item in found if item.rule.code == "AG020")


# ── names ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YML", ".YAML", ".Yml"])
def test_a_suffix_in_capitals_is_no_part_of_the_name(tmp_path: Path, suffix: str) -> None:
    folder = write_files(tmp_path)
    (folder / "apps" / "shop.yaml").rename(folder / "apps" / f"shop{suffix}")
    done = CommandLine(tmp_path).run("validate", "--today", TODAY)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "stem", ["Shop", "shop (1)", "shop copy", "-shop", "shop.", "x" * 64, "SHOP2"]
)
def test_help_never_offers_a_name_that_cannot_pass(tmp_path: Path, stem: str) -> None:
    folder = write_files(tmp_path)
    (folder / "apps" / "shop.yaml").rename(folder / "apps" / f"{stem}.yaml")
    done = CommandLine(tmp_path).run("validate", "--today", TODAY)
    assert 'help: rename the file to "shop.yaml"\n' in done.stdout


def test_help_that_is_followed_passes(tmp_path: Path) -> None:
    folder = write_files(tmp_path)
    app = folder / "apps" / "shop.yaml"
    app.rename(folder / "apps" / "store.YML")
    done = CommandLine(tmp_path).run("validate", "--today", TODAY)
    assert 'rename the file to "shop.yaml", or write `name: store`' in done.stdout
    (folder / "apps" / "store.YML").write_text(SHOP.replace("name: shop\n", "name: store\n", 1))
    assert CommandLine(tmp_path).run("validate", "--today", TODAY).returncode == 0


# ── real programs ────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_real_merge_that_stopped_at_a_conflict(tmp_path: Path) -> None:
    folder = write_files(tmp_path)
    budget = folder / "budgets" / "shop.yaml"

    def git(*words: str) -> None:
        who = ("-c", "user.name=Zac", "-c", "user.email=zac@example.com")
        subprocess.run(["git", *who, *words], cwd=tmp_path, capture_output=True, check=False)

    def cap(aud: str) -> None:
        budget.write_text(FILES["budgets/shop.yaml"].replace('"100"', f'"{aud}"'))
        git("commit", "-qam", f"Cap at {aud}")

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "Add the gateway")
    git("checkout", "-qb", "topic")
    cap("200")
    git("checkout", "-q", "main")
    cap("300")
    git("merge", "topic")
    done = CommandLine(tmp_path).run("validate", "--today", TODAY)
    assert "gateway.d/budgets/shop.yaml:3:1: AG020 not-yaml" in done.stdout
    assert done.stdout.count("AG0") == 1
