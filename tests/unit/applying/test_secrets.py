"""References to secrets: all resolved or none, and no value in any message."""

from pathlib import Path

import pytest

from aspire_gitops.applying.secrets import available_secrets, gather_evidence, resolve_secrets
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.state import Intent, Kind, ObjectKey, SecretReference
from aspire_gitops.vocabulary import SecretMissing
from support.objects import SECRET_PATH, credential

ONE, TWO = ObjectKey(Kind.CREDENTIAL, "one"), ObjectKey(Kind.CREDENTIAL, "two")


def intents(**references: str) -> dict[ObjectKey, Intent]:
    return {
        ObjectKey(Kind.CREDENTIAL, name): Intent(
            secrets={SECRET_PATH: SecretReference(*reference.split(":", 1))}
        )
        for name, reference in references.items()
    }


def test_a_variable_and_a_file_are_read(tmp_path: Path) -> None:
    file = tmp_path / "two"
    file.write_text("from-file\n")
    found = resolve_secrets(intents(one="env:ONE", two=f"file:{file}"), {"ONE": "from-env"})
    assert found == {ONE: {SECRET_PATH: "from-env"}, TWO: {SECRET_PATH: "from-file"}}


def test_one_missing_secret_says_what_to_do_apart() -> None:
    with pytest.raises(SecretMissing) as caught:
        resolve_secrets(intents(one="env:ONE"), {"ONE": "'quoted'"})
    assert (
        caught.value.message == "credential/one needs the secret env:ONE: it is wrapped in quotes"
    )
    assert caught.value.help == "write it without them"


def test_every_missing_one_is_named_at_once(tmp_path: Path) -> None:
    wanted = intents(one="env:ONE", two=f"file:{tmp_path}/none")
    with pytest.raises(SecretMissing) as caught:
        resolve_secrets(wanted, {})
    assert "credential/one needs the secret env:ONE: the variable ONE is not set" in str(
        caught.value
    )
    assert f"cannot read {tmp_path}/none: No such file" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00"])
def test_an_empty_or_binary_file_is_no_secret(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SecretMissing, match="secret"):
        resolve_secrets(intents(one=f"file:{tmp_path}/secret"), {})


def test_a_secret_next_to_a_missing_one_stays_out_of_the_message() -> None:
    with pytest.raises(SecretMissing) as caught:
        resolve_secrets(intents(one="env:ONE", two="env:TWO"), {"ONE": "hunter2hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_plan_takes_what_is_at_hand() -> None:
    found = available_secrets(intents(one="env:ONE", two="env:TWO"), {"ONE": "value-one"})
    assert set(found) == {ONE}
    evidence = gather_evidence({ONE: credential("one")}, found)
    assert evidence[ONE].masks == {SECRET_PATH: "va****ne"}


# ── references that no file should have, for files that nobody validated ─────


@pytest.mark.parametrize("name", ["ASPIRE_GITOPS_ADMIN_KEY", "LITELLM_MASTER_KEY", "DATABASE_URL"])
def test_a_variable_of_the_controller_is_not_looked_up(name: str) -> None:
    with pytest.raises(SecretMissing, match=f"{name} is a variable of the controller"):
        resolve_secrets(intents(one=f"env:{name}"), {name: "sk-planted-0123456789"})


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/proc/self/environ", id="what a process holds"),
        pytest.param("/dev/fd/0", id="what a process reads"),
        pytest.param("{folder}/../{name}/good", id="a way up"),
        pytest.param("{folder}//good", id="a doubled slash"),
        pytest.param("{folder}/./good", id="a dot"),
        pytest.param("{folder}/to-proc", id="a link to what a process holds"),
        pytest.param("{folder}/admin-key", id="the admin key"),
        pytest.param("{folder}/to-admin-key", id="a link to the admin key"),
        pytest.param("{folder}/same-admin-key", id="another name of the admin key"),
        pytest.param("{folder}/to-folder/admin-key", id="the admin key by a linked folder"),
        pytest.param("{folder}/state/journal", id="the state folder"),
        pytest.param("{folder}/keys/shop/main", id="an app's key"),
    ],
)
def test_a_file_that_is_not_the_providers_is_not_read(tmp_path: Path, path: str) -> None:
    for name in ("good", "admin-key", "state/journal", "keys/shop/main"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("sk-planted-0123456789")
    (tmp_path / "to-proc").symlink_to("/proc/self/environ")
    (tmp_path / "to-admin-key").symlink_to(tmp_path / "admin-key")
    (tmp_path / "to-folder").symlink_to(tmp_path)
    (tmp_path / "same-admin-key").hardlink_to(tmp_path / "admin-key")
    own = OwnFiles((tmp_path / "admin-key",), tmp_path / "state", tmp_path / "keys")
    place = path.format(folder=tmp_path, name=tmp_path.name)
    with pytest.raises(SecretMissing) as caught:
        resolve_secrets(intents(one=f"file:{place}"), own=own)
    assert "planted" not in str(caught.value)
    assert available_secrets(intents(one=f"file:{place}"), own=own) == {}
    good = intents(one=f"file:{tmp_path}/good")
    assert resolve_secrets(good, own=own)[ONE] == {SECRET_PATH: "sk-planted-0123456789"}
