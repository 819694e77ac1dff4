"""Keys are found by their shape, and never shown."""

import json

import pytest

from aspire_gitops.egress.redacting import keys_in, shown_line
from aspire_gitops.egress.scanning import scan_text
from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS
from aspire_gitops.vocabulary import sort_diagnostics
from support.labelled import GATEWAY, made_up_key

STARTS = ("sk-ant-", "sk-proj-", "sk-or-v1-", "sk-", "AIza", "gsk_", "xai-", "pplx-", "r8_", "hf_", "nvapi-", "fw_", "llx-")  # fmt: skip
MISTRAL = made_up_key("")[:32]  # no prefix tells that it is one


@pytest.mark.parametrize("start", STARTS)
def test_a_key_is_found_at_its_place(start: str) -> None:
    key = made_up_key(start)
    (found,) = keys_in(f"one\n  k = '{key}'\n")
    assert (found.place.line, found.place.column, found.length) == (2, 8, len(key))


@pytest.mark.parametrize(
    "text",
    ["sk-ant-api03-your-key-goes-here-please", "sk-ant-" + "x" * 40, "sk-...", "sk-proj-example-1234567890abcdef", "sk-learn-0-24-compatible-estimators", "AIza", "task-12345678901234567890ab", "hf_hub_download_with_retries_and_more"],
)  # fmt: skip
def test_a_placeholder_is_not_a_key(text: str) -> None:
    assert list(keys_in(text)) == []


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        pytest.param(f'c = Mistral(api_key="{MISTRAL}")', MISTRAL, id="an argument"),
        pytest.param(f"MISTRAL_API_KEY={MISTRAL}", MISTRAL, id="an .env line"),
        pytest.param("MISTRAL_API_KEY: hunter22", "hunter22", id="a short one in YAML"),
        pytest.param('{"apiKey": "hunter22"}', "hunter22", id="JSON"),
        pytest.param("'api_key' => 'hunter22',", "hunter22", id="PHP"),
        pytest.param('os.environ["MISTRAL_API_KEY"] = "hunter22"', "hunter22", id="set in code"),
        pytest.param("curl -H 'Authorization: Bearer hunter22'", "hunter22", id="a header"),
        pytest.param(
            "x" * 395 + made_up_key("sk-ant-"), made_up_key("sk-ant-")[:12], id="at the cut"
        ),
    ],
)
def test_what_is_shown_of_a_line_holds_no_secret(line: str, secret: str) -> None:
    assert secret not in shown_line(line)


@pytest.mark.parametrize(
    "line",
    ["c = OpenAI(api_key=os.environ['OPENAI_API_KEY'])", "OPENAI_API_KEY=${GATEWAY_KEY}", "model='qwen3-vl-235b-a22b-instruct'"],
)  # fmt: skip
def test_what_is_not_a_secret_stays(line: str) -> None:
    assert shown_line(line) == line


@pytest.mark.parametrize("path", ["a.py", "a.ts", "a.php", "a.go", ".env", "compose.yaml", "Dockerfile", "a.sh", "config.toml", "README.md", "a.ipynb"])  # fmt: skip
@pytest.mark.parametrize("format_", DIAGNOSTIC_RENDERERS)
def test_no_format_shows_a_key(path: str, format_: str) -> None:
    keys = [made_up_key(start) for start in STARTS]
    lines = [f'ENV MISTRAL_API_KEY="{key}" https://api.mistral.ai/?key={key}' for key in keys]
    text = "\n".join([*lines, *(f"MISTRAL_API_KEY={key}" for key in keys)])
    if path.endswith(".ipynb"):
        text = json.dumps({"cells": [{"cell_type": "code", "source": text}]})
    found = sort_diagnostics(item.diagnostic for item in scan_text(path, text, GATEWAY).findings)
    assert found
    shown = DIAGNOSTIC_RENDERERS[format_](found)
    assert [key for key in keys if key in shown] == []


def test_a_long_line_of_letters_takes_no_time() -> None:
    assert len(shown_line("a" * 1_000_000)) == 401
    assert list(keys_in("sk-" + "a" * 1_000_000)) == []
