"""The value of the key of our own calls."""

import re

import pytest
from pydantic import SecretStr

from aspire_gitops.probing import probe_key
from aspire_gitops.settings import read_probe_key, read_settings
from aspire_gitops.vocabulary import UsageError


def test_it_is_the_same_wherever_the_admin_key_is() -> None:
    first, again = (probe_key(SecretStr("sk-admin")).get_secret_value() for _ in range(2))
    assert first == again == "sk-P8uFYfPhd00pYoZtgKchIDLR4xhxeRAYrypHcyDmqPU"


def test_it_tells_nothing_of_the_admin_key_and_differs_with_it() -> None:
    values = {probe_key(SecretStr(f"sk-admin-{n}")).get_secret_value() for n in range(50)}
    assert len(values) == 50
    assert all(re.fullmatch(r"sk-[A-Za-z0-9_-]{43}", value) for value in values)


def test_no_repr_shows_it() -> None:
    assert "sk-" not in repr(probe_key(SecretStr("sk-admin")))


@pytest.mark.parametrize(
    "value", ["sk-short", "no-prefix-but-quite-long-enough-for-a-key", "sk-" + "ä" * 40]
)
def test_a_value_that_litellm_does_not_take_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_PROBE_KEY", value)
    with pytest.raises(UsageError, match="ASPIRE_GITOPS_PROBE_KEY") as raised:
        read_probe_key(read_settings())
    assert value not in str(raised.value)


def test_the_setting_overrides_what_is_derived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_PROBE_KEY", "sk-" + "x" * 40)
    key = read_probe_key(read_settings())
    assert key
    assert key.get_secret_value() == "sk-" + "x" * 40
