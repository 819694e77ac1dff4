"""Files that are no YAML at all: what they are instead, and what to do. Pure.

A parser would explain such a file with words about YAML. `signed` knows a file by how
it begins, or by lines that no resource has; `explained` looks at one that could not be
read. Both take one pass over the text. What can be read is never refused here, unless
it is encrypted.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from aspire_gitops.loading.places import Lines
from aspire_gitops.loading.rules import (
    KEY_NOT_TEXT,
    NOT_A_MAPPING,
    NOT_YAML,
    SEVERAL_DOCUMENTS,
    TAB,
    TAG,
    YAML_SYNTAX,
)
from aspire_gitops.loading.text import is_wide
from aspire_gitops.vocabulary import Diagnostic, Span

_BEGINNING = 4096  # bytes; what a file is shows at its start
_DECRYPTED = (
    "commit it decrypted: a reviewed file holds no secret, only names of variables and files"
)
_AGAIN = "get the file again, signed in and from its raw address"
_REMOVED = "remove it: the folder holds one YAML file for each resource"
# How a file begins; what it is; what to do.
_BEGINS = tuple(
    (re.compile(pattern), what, help_)
    for pattern, what, help_ in (
        (
            rb"version https://(?:git-lfs\.github|hawser\.github)\.com/spec/",
            "the pointer of a file in Git LFS, not the file",
            "keep reviewed files out of Git LFS (`git lfs untrack`, then `git add --renormalize .`)",
        ),
        (
            rb"/annex/objects/|\.\./.*\.git/annex/objects/",
            "the pointer of a file in git-annex, not the file",
            "keep reviewed files out of git-annex (`git annex unannex`)",
        ),
        (rb"\0GITCRYPT\0", "encrypted with git-crypt", f"{_DECRYPTED} (see .gitattributes)"),
        (rb"\$ANSIBLE_VAULT;", "encrypted with ansible-vault", f"{_DECRYPTED} (`ansible-vault decrypt`)"),
        (rb"-----BEGIN (?:PGP MESSAGE|CMS|PKCS7)-----", "encrypted with PGP or CMS", _DECRYPTED),
        (rb"age-encryption\.org/|-----BEGIN AGE ENCRYPTED FILE-----", "encrypted with age", _DECRYPTED),
        (rb"Salted__|U2FsdGVkX1", "encrypted with openssl or transcrypt", _DECRYPTED),
        (
            rb"(?i)\s*(?:<!--[^>]*-->\s*)?<(?:!doctype|\?xml|[a-z][a-z0-9]*[\s>/])",
            "an HTML or XML page, perhaps what a server answered in place of the file",
            _AGAIN,
        ),
        (
            rb"[1-5][0-9]{2}:? [A-Z][A-Za-z ]{2,40}\s*\Z",
            "a server's answer in place of the file",
            _AGAIN,
        ),
        (rb"diff --git ", "a patch", "apply it (`git apply`), and commit the files that it changes"),
        (
            rb"[\w./-]{1,200}\.ya?ml\Z",
            "the text of a symbolic link, checked out as a file",
            "put the file itself here",
        ),
        (
            rb"\x7fELF|MZ[\x00-\xff]{0,80}\0|PK\x03\x04|\x1f\x8b|BZh[1-9]|\xfd7zXZ\0|\x28\xb5\x2f\xfd|%PDF-|\x89PNG|\xff\xd8\xff|GIF8[79]a|SQLite format 3\0|\0asm|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|!<arch>",
            "a program, an archive or a picture",
            _REMOVED,
        ),
    )
)  # fmt: skip
_SEALED = re.compile(
    b"|".join(begins.pattern for begins, what, _ in _BEGINS if re.search("encrypted|pointer", what))
)
_MARKER = re.compile(r"^(?:<{7,}|>{7,}|\|{7,})(?: .*)?$", re.MULTILINE)
_SOPS = "ENC[AES256_GCM,"
_SOPS_VALUE = re.compile(r"""^[ \t]*(?:- )?(?:[^\s:]+:[ ]+)?["']?ENC\[AES256_GCM,""", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{|\{%|\{#|<%|<no value>")
_TEMPLATE_FIRST = re.compile(r"\s*(\{\{|\{%|\{#|<%)")
_CONTROL = bytes(sorted({*range(0x20), 0x7F} - set(b"\t\n\f\r\x1b")))
_UNREAD = (YAML_SYNTAX, NOT_A_MAPPING, KEY_NOT_TEXT, TAG, SEVERAL_DOCUMENTS)


def may_be_encrypted(text: str) -> bool:
    """Say whether a text that reads well is worth a look by `signed`."""
    return _SOPS in text


def signed(path: str, content: bytes, text: str | None) -> Diagnostic | None:
    """Return AG020 for a file that says of itself what it is: a pointer, a page, encrypted."""
    for begins, what, help_ in _BEGINS:
        if begins.match(content if len(content) <= _BEGINNING else content[:_BEGINNING] + b"\n#"):
            return NOT_YAML.at(Span(path), f"the file is {what}", help=help_)
    if _is_binary(content, text):
        return NOT_YAML.at(Span(path), "the file is binary", help=_REMOVED)
    return None if text is None else _signed_by_a_line(path, text)


def _signed_by_a_line(path: str, text: str) -> Diagnostic | None:
    if opens := _TEMPLATE_FIRST.match(text):
        return _template(_line_at(path, text, opens.start(1)), opens[1])
    if marker := _MARKER.search(text):
        return NOT_YAML.at(
            _line_at(path, text, marker.start()),
            "a merge conflict that nobody resolved",
            help="choose what counts, delete the lines of `<<<<<<<`, `=======` and `>>>>>>>`, and"
            " commit",
        )
    if may_be_encrypted(text) and (value := _SOPS_VALUE.search(text)):
        line = text.count("\n", 0, value.start()) + 1
        return NOT_YAML.at(
            Span(path, line),
            "the file is encrypted with SOPS",
            help=f"{_DECRYPTED} (`sops decrypt --in-place FILE`)",
        )
    return None


def is_sealed(content: bytes, text: str) -> bool:
    """Say whether what the file holds is encrypted or elsewhere, so that nothing in it is a secret."""
    return bool(_SEALED.match(content) or (may_be_encrypted(text) and _SOPS_VALUE.search(text)))


def explained(findings: Sequence[Diagnostic], text: str) -> Diagnostic | None:
    """Return AG020 in place of the findings of a file that could not be read, if it is known."""
    unread = [found for found in findings if found.rule in _UNREAD]
    for found in islice(unread, 10):
        if place := _TEMPLATE.search(found.span.snippet):
            start, end = place.span()
            return _template(replace(found.span, column=start + 1, end_column=end + 1), place[0])
        if found.rule is TAG and "!vault" in found.span.snippet:
            return NOT_YAML.at(
                found.span,
                "a value that is encrypted with ansible-vault",
                help="name the variable or file that holds it: a reviewed file holds no secret",
            )
    if all(found.rule in (TAB, *_UNREAD) for found in findings) and findings:
        return _json(text, findings)
    return None


def _template(span: Span, opens: str) -> Diagnostic:
    return NOT_YAML.at(
        span,
        f"a template: what `{opens}` stands for was never filled in",
        help="commit the rendered file; a text with braces needs quotes",
    )


def _json(text: str, findings: Sequence[Diagnostic]) -> Diagnostic | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list):
        message, help_ = "the file is a JSON list", "write each of its resources into a file"
    elif any(found.rule is TAB for found in findings):
        message, help_ = "the file is JSON with tabs", "indent it with spaces, or write it as YAML"
    else:
        message, help_ = "the file is JSON that YAML cannot read", "write it as YAML"
    return NOT_YAML.at(findings[0].span, message, help=help_)


def _is_binary(content: bytes, text: str | None) -> bool:
    start = content[:_BEGINNING]
    controls = len(start) - len(start.translate(None, _CONTROL))
    if text is not None:
        return controls >= 8 and controls * 4 > len(start)
    return not is_wide(content) and (b"\0" in start or controls * 20 > len(start))


def _line_at(path: str, text: str, at: int) -> Span:
    line = text.count("\n", 0, at) + 1
    snippet = Lines(text).snippet(line, 1)
    return Span(path, line, 1, len(snippet) + 1, snippet)
