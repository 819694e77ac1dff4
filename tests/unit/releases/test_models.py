"""What LiteLLM's own list says of models: found by what a Provider speaks, never counted."""

from decimal import Decimal

import pytest

from aspire_gitops.releases import TESTED, listed_model
from support.model_list import list_file, litellms_own, reduced


@pytest.mark.parametrize(
    ("api", "model", "name"),
    [
        pytest.param("anthropic", "claude-haiku-4-5", "anthropic/claude-haiku-4-5", id="vendor"),
        pytest.param("openai", "gpt-4o", "openai/gpt-4o", id="OpenAI's own"),
        pytest.param("openai", "qwen3-max", "dashscope/qwen3-max", id="another's, like OpenAI"),
        pytest.param("anthropic", "gpt-4o", None, id="not over this protocol"),
        pytest.param("openai", "container", None, id="nothing is said of it"),
        pytest.param("openai", "../../etc/passwd", None, id="no such model"),
    ],
)
def test_a_model_is_found_by_what_its_provider_speaks(
    api: str, model: str, name: str | None
) -> None:
    found = listed_model(TESTED, api, model)
    assert (found and found.name) == name


def test_the_price_of_short_calls_says_that_long_ones_cost_more() -> None:
    found = listed_model(TESTED, "openai", "qwen3-max")
    assert found is not None
    assert (found.input_usd, found.output_usd) == (Decimal("1.2"), Decimal(6))
    assert "1.2 in, 6 out USD per million tokens, more above 32,000 tokens in" in str(found)


def test_the_list_is_small_and_says_where_it_is_from() -> None:
    text = list_file().read_text(encoding="utf-8")
    assert len(text) < 60_000
    assert f"LiteLLM {TESTED.version}" in text
    assert "MIT, Copyright (c) 2023 Berri AI" in text


@pytest.mark.real
@pytest.mark.slow
def test_the_list_is_that_of_the_tested_litellm() -> None:
    """`make models` writes it anew."""
    assert list_file().read_text(encoding="utf-8") == reduced(litellms_own())
