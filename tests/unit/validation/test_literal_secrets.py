"""Secrets are found wherever they stand, and nothing that is shown repeats one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS
from aspire_gitops.validation.literal_secrets import find, masked
from support.reviewed import check, found_in
from support.sample import examples

SECRETS = {
    "an Anthropic key": "sk-ant-oat01-Abcdefgh_12345678-xyz",
    "an OpenAI project key": "sk-proj-Abcdefghijklmnop0123456789",
    "an old OpenAI key": "sk-abcdefghijklmnopqrstuvwx",
    "a Stripe key": "sk_live_abcdefghijklmnop1234",
    "an AWS key id": "AKIAIOSFODNN7EXAMPLE",
    "a GitHub token": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "a fine-grained GitHub token": "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "a GitLab token": "glpat-abcdefghij0123456789",
    "a Slack token": "xoxb-123456789012-abcdefghij",
    "a Google key": "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "a Hugging Face token": "hf_abcdefghijklmnopqrstuvwxyzABCDEF",
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "a bearer token": "Bearer abcdefghij.klmnopqrst",
    "a password in a URL": "https://user:correct-horse@example.com/v1",
    "thirty-two hexadecimal digits": "9f86d081884c7d659a2feaa0c55ad015",
    "sixty-four hexadecimal digits": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "random letters and digits": "x7Kq92LmZp4TvB81RcYs",
    "random base64": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
    "random small letters and digits": "k3j9x0q7z2m5v8b1n4c6w0e3r7t2",
}
HARMLESS = {
    "a model with capitals and digits": "Qwen3-VL-235B-A22B-Instruct-2507",
    "a Hugging Face model": "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "a model with a date": "claude-sonnet-4-5-20250929",
    "a long field": "cached_input_usd_per_million_tokens",
    "a path": "/var/lib/aspire-gitops/keys/knowledge-os/worker-ocr",
    "a UUID": "3f2b8c1e-7d4a-4e9b-9c1f-2a6b5d8e0f13",
    "a schema comment": "# yaml-language-server: $schema=../../schemas/alias.schema.json",
    "a digest that says so": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "a commit that says so": "commit 4f2c9d17a0b3e5c8d9f01a2b3c4d5e6f70819233",
    "a short commit": "main@4f2c9d1",
    "a variable": "CLOUD_FIRST_PRODUCTION_API_KEY_2026",
    "an address": "platform@aspiredigital.group",
    "a URL with a port": "https://llm.example.com:4000/v1",
    "words about keys": "keys start with sk-ant-oat and are kept in risk-averse places",
    "camel case": "thisIsOneLongIdentifier2",
    "a line of dashes": "# ------------------------------------------",
    "a number": "12345678901234567890123456789012",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_found_in_a_comment(secret: str) -> None:
    found = found_in({"gateway.d/budgets/extra.yaml": f"# {secret}\nkind: Budget\n"})
    assert "AG304" in {diagnostic.rule.code for diagnostic in found}


def test_a_secret_is_found_in_a_file_that_does_not_parse() -> None:
    secret = SECRETS["an Anthropic key"]
    found = found_in({"gateway.d/budgets/extra.yaml": f"a: {secret}\nb: [1,\nc: }}\n"})
    assert [(d.rule.code, d.span.line) for d in found if d.span.path.endswith("extra.yaml")] == [
        ("AG304", 1),
        ("AG001", 3),
    ]
    assert secret not in "".join(render(tuple(found)) for render in DIAGNOSTIC_RENDERERS.values())


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_is_not_a_secret(text: str) -> None:
    assert find(text) == []
    assert masked(text) == text


def test_a_private_key_is_one_secret_however_many_lines_it_has() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7x\nq83vEjRWeJCrze8SNF\n-----END RSA PRIVATE KEY-----"
    [found] = find(f"a: |\n{key}\nb: 1\n")
    assert found.what == "a private key"
    assert found.end - found.start == len(key)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_masking_keeps_every_place_where_it_is(secret: str) -> None:
    hidden = masked(f"key: {secret} # as before")
    assert len(hidden) == len(f"key: {secret} # as before")
    assert hidden.endswith(" # as before")
    assert masked(hidden) == hidden


PLACES = (
    "# {}\n",
    "note: {}\n",
    "name: {}\n",
    "kind: {}\n",
    "{}: 1\n",
    "credential: {{env: {}}}\n",
    "owner: [{}, {}]\n",
    "keys: [ {}\n",
    "name: &{} x\n",
    "a: 1\n{}: 1\n{}: 2\n",
    "description: " + "long " * 8 + "{}\n",
    "description: " + "w" * 380 + " {}\n",
)


@settings(max_examples=examples(150), deadline=None)
@given(
    secret=st.sampled_from(sorted(SECRETS.values())),
    place=st.sampled_from(PLACES),
    kind=st.sampled_from(["Gateway", "Provider", "Alias", "App", "Budget", "Approval", "Nothing"]),
)
def test_no_output_repeats_a_secret(secret: str, place: str, kind: str) -> None:
    text = f"kind: {kind}\nname: extra\n" + place.format(secret, secret)
    validated = check({"gateway.d/extra.yaml": text})
    shown = "".join(render(validated.diagnostics) for render in DIAGNOSTIC_RENDERERS.values())
    essence = secret.removeprefix("Bearer ").removeprefix("https://user:").partition("@")[0]
    assert essence not in shown + repr(validated.diagnostics)
    for at in range(0, len(essence) - 14, 5):
        assert essence[at : at + 14] not in shown
