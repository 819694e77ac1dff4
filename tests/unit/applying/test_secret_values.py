"""A value that cannot be a secret is refused by the name of its reference, and never shown."""

from random import Random

import pytest

from aspire_gitops.applying.secrets import resolve_secrets, why_not_secret
from aspire_gitops.state import Intent, Kind, ObjectKey, SecretReference
from aspire_gitops.vocabulary import SecretMissing

KEY = ObjectKey(Kind.CREDENTIAL, "acme")
INTENTS = {KEY: Intent(secrets={"credential_values.api_key": SecretReference("env", "ACME_KEY")})}
GOOD = "sk-proj-4f9A8z_Q-21bC7dE"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f'"{GOOD}"', "quotes"),
        (f"'{GOOD}'", "quotes"),
        (f"`{GOOD}`", "quotes"),
        (f"\u201c{GOOD}\u201d", "quotes"),
        (f'"{GOOD}', "quotes"),
        (f"Bearer {GOOD}", "scheme"),
        (f"bearer {GOOD}", "scheme"),
        (f"Authorization: {GOOD}", "scheme"),
        (f"api-key={GOOD}", "scheme"),
        ("sk-one sk-two", "blanks"),
        ("sk-one\nsk-two", "blanks"),
        ("sk-one\tsk-two", "blanks"),
        ("$ACME_KEY", "placeholder"),
        ("${ACME_KEY}", "placeholder"),
        ("sk-${ACME_KEY}", "placeholder"),
        ("$(cat key)", "placeholder"),
        ("{{ acme_key }}", "placeholder"),
        ("<your-key>", "placeholder"),
        ("%ACME_KEY%", "placeholder"),
        ("[redacted]", "placeholder"),
        ("changeme", "placeholder"),
        ("CHANGE_ME", "placeholder"),
        ("change-me-please", "placeholder"),
        ("replace-me", "placeholder"),
        ("sk-replace-this-key", "placeholder"),
        ("xxx", "placeholder"),
        ("sk-xxxxxxxxxxxxxxxxxxxx", "placeholder"),
        ("sk-ant-xxxxxxxxxxxx", "placeholder"),
        ("************", "placeholder"),
        ("sk-****1234", "placeholder"),
        ("sk-...", "placeholder"),
        ("your-api-key", "placeholder"),
        ("your_api_key_here", "placeholder"),
        ("sk-your-key-here", "placeholder"),
        ("my-secret-key", "placeholder"),
        ("YOUR_OPENAI_KEY", "placeholder"),
        ("insert-key-here", "placeholder"),
        ("TODO", "placeholder"),
        ("todo-before-go-live", "placeholder"),
        ("FIXME", "placeholder"),
        ("tbd", "placeholder"),
        ("placeholder", "placeholder"),
        ("sk-placeholder-1", "placeholder"),
        ("none", "placeholder"),
        ("null", "placeholder"),
        ("test", "placeholder"),
        ("sk-test", "placeholder"),
        ("sk-1234", "placeholder"),
        ("sk-", "placeholder"),
        ("secret", "placeholder"),
        ("password", "placeholder"),
        ("CLOUD_FIRST_API_KEY", "placeholder"),
        ("os.environ/LITELLM_MASTER_KEY", "in its place"),
        ("oidc/env/LITELLM_MASTER_KEY", "in its place"),
        ("sk-caf\u00e9-0123456789", "characters"),
        ("sk-\x00-0123456789", "characters"),
        ("sk-one;rm", "characters"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_unseen(value: str, words: str) -> None:
    with pytest.raises(SecretMissing) as caught:
        resolve_secrets(INTENTS, {"ACME_KEY": value})
    said = str(caught.value)
    assert said.startswith("credential/acme needs the secret env:ACME_KEY: ")
    assert words in said
    assert value not in said or value in {"xxx", "test", "secret", "none", "placeholder", "null"}


@pytest.mark.parametrize(
    "value",
    [
        GOOD,
        "sk-ant-oat01-AbCdEf0123456789_-x",
        "Qm9vbSBiYW5nIHBvdw==",
        "eyJhbGciOi.JIUzI1NiIs.InR5cCI6",
        "9f86d081884c7d659a2feaa0c55ad015",
        "hunter2hunter2",
        "not-a-real-token",
        "user:pass/with+base64==",
    ],
)
def test_what_can_be_one_is_taken(value: str) -> None:
    assert why_not_secret(value) is None


def test_a_secret_that_is_the_admin_key_is_refused_by_name() -> None:
    with pytest.raises(SecretMissing) as caught:
        resolve_secrets(INTENTS, {"ACME_KEY": GOOD}, is_admin_key=lambda value: value == GOOD)
    assert "credential/acme must not have the secret env:ACME_KEY" in str(caught.value)
    assert "admin key" in str(caught.value)
    assert GOOD not in str(caught.value)


def test_keys_drawn_by_lot_are_taken() -> None:
    """A key that a vendor made must not be refused for what its letters happen to spell."""
    lot, letters = Random(9), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    drawn = [
        "sk-" + "".join(lot.choices(letters[:62] if at % 2 else letters, k=48))
        for at in range(5000)
    ]
    assert [value for value in drawn if why_not_secret(value)] == []
