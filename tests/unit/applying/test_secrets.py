"""References to secrets: all resolved or none, and no value in any message."""

from pathlib import Path

import pytest

from aspire_gitops.applying.secrets import available_secrets, gather_evidence, resolve_secrets
from aspire_gitops.errors import SecretMissing
from aspire_gitops.state import Intent, Kind, ObjectKey, SecretReference
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


def test_every_missing_one_is_named_at_once(tmp_path: Path) -> None:
    wanted = intents(one="env:ONE", two=f"file:{tmp_path}/none")
    with pytest.raises(SecretMissing) as caught:
        resolve_secrets(wanted, {})
    assert "credential/one needs the secret env:ONE: set the variable ONE" in str(caught.value)
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
