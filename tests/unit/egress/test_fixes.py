"""A finding ends with the exact change, in the file's own language, with the right alias."""

import pytest

from aspire_gitops.egress.gateway import KnownAlias, KnownGateway, is_public
from aspire_gitops.egress.scanning import scan_text

URL = "https://llm.example.com/v1"
ALIASES = (
    KnownAlias("claude-haiku", "claude-haiku-4-5"),
    KnownAlias("claude-sonnet", "claude-sonnet-5-5"),
    KnownAlias("qwen-chat", "qwen3-max"),
    KnownAlias("qwen-vision", "qwen3-vl-235b-a22b-instruct"),
    KnownAlias("page-reader", "qwen3-vl-8b", reads_pages=True),
    KnownAlias("search-vectors", "qwen3-embedding", mode="embedding"),
)


def help_of(path: str, text: str, gateway: KnownGateway) -> str:
    return scan_text(path, text, gateway).findings[0].diagnostic.help or ""


@pytest.mark.parametrize(
    ("path", "text", "change"),
    [
        pytest.param("a.py", "from openai import OpenAI\nOpenAI()", f'OpenAI(base_url="{URL}", api_key=os.environ["OPENAI_API_KEY"])', id="Python"),
        pytest.param("a.py", "import anthropic\nanthropic.Anthropic()", 'anthropic.Anthropic(base_url="https://llm.example.com", api_key=os.environ["ANTHROPIC_API_KEY"])', id="Anthropic adds /v1 itself"),
        pytest.param("a.ts", "import OpenAI from 'openai';\nnew OpenAI()", f'new OpenAI({{ baseURL: "{URL}", apiKey: process.env.OPENAI_API_KEY }})', id="TypeScript"),
        pytest.param("a.ts", "import {anthropic} from '@ai-sdk/anthropic';\nanthropic('x')", f'createAnthropic({{ baseURL: "{URL}", apiKey: process.env.ANTHROPIC_API_KEY }})', id="Vercel's Anthropic does not add it"),
        pytest.param("a.php", "<?php OpenAI::client('x');", f"OpenAI::factory()->withBaseUri('{URL}')->withApiKey(getenv('OPENAI_API_KEY'))->make()", id="PHP"),
        pytest.param("a.go", 'package a\nimport "github.com/openai/openai-go"\nvar c = openai.NewClient()', f'openai.NewClient(option.WithBaseURL("{URL}"), option.WithAPIKey(os.Getenv("OPENAI_API_KEY")))', id="Go"),
        pytest.param(".env", "OPENAI_API_KEY=x", f"`OPENAI_BASE_URL={URL}`", id=".env"),
        pytest.param("compose.yaml", "a:\n  OPENAI_API_KEY: x", f"`OPENAI_BASE_URL: {URL}`", id="YAML"),
        pytest.param("Dockerfile", "ENV ANTHROPIC_API_KEY=x", "`ENV ANTHROPIC_BASE_URL=https://llm.example.com`", id="Dockerfile"),
        pytest.param("a.sh", "export OPENAI_API_KEY=x", f"`export OPENAI_BASE_URL={URL}`", id="shell"),
    ],
)  # fmt: skip
def test_the_change(path: str, text: str, change: str) -> None:
    assert change in help_of(path, text, KnownGateway(URL))


def test_without_an_address_the_change_names_the_variable() -> None:
    shown = help_of("a.py", "from openai import OpenAI\nOpenAI()", KnownGateway())
    assert 'base_url=os.environ["OPENAI_BASE_URL"]' in shown


@pytest.mark.parametrize(
    ("model", "alias"),
    [
        pytest.param("claude-sonnet-5-5", "claude-sonnet", id="the target itself"),
        pytest.param("qwen-chat", "qwen-chat", id="an alias already"),
        pytest.param("claude-3-5-haiku-latest", "claude-haiku", id="the family and the size"),
        pytest.param(
            "anthropic/claude-3-5-sonnet-20241022", "claude-sonnet", id="with a provider in front"
        ),
        pytest.param("qwen2.5-vl-72b-instruct", "qwen-vision", id="what it can do"),
        pytest.param("qwen-text-embedding-v3", "search-vectors", id="embeddings stay embeddings"),
        pytest.param("gpt-4o", None, id="no such family"),
        pytest.param(
            "text-embedding-3-small", None, id="vectors of another family cannot be compared"
        ),
    ],
)
def test_the_alias_for_a_model(model: str, alias: str | None) -> None:
    assert KnownGateway(URL, ALIASES).alias_for(model) == alias


def test_the_fix_names_the_alias_or_says_that_none_fits() -> None:
    code = 'from openai import OpenAI\nc = OpenAI()\nc.chat.completions.create(model="{}")'
    gateway = KnownGateway(URL, ALIASES)
    assert 'call the alias "claude-sonnet" instead of the model "claude-3-7-sonnet"' in help_of("a.py", code.format("claude-3-7-sonnet"), gateway)  # fmt: skip
    assert 'no alias belongs to the family of "gpt-4o": the gateway has claude-haiku' in help_of("a.py", code.format("gpt-4o"), gateway)  # fmt: skip


def test_an_ocr_service_gives_way_to_an_alias_that_reads_pages() -> None:
    code = 'import boto3\nboto3.client("textract")'
    assert 'the alias "page-reader"' in help_of("a.py", code, KnownGateway(URL, ALIASES))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://llm.other.com/v1", True),
        ("http://8.8.8.8/v1", True),
        ("http://localhost:11434", False),
        ("http://litellm:4000", False),
        ("http://10.0.0.3", False),
        ("https://llm.example.com", False),
        ("https://your-host.com/v1", False),
        ("https://{}.com", False),
        ("http://[::1", False),
        ("no address", False),
    ],
)
def test_what_leads_out(address: str, *, expected: bool) -> None:
    assert is_public(address) == expected
