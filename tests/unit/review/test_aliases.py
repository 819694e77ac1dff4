"""What changes behind an alias, and what a reviewer is told of it."""

from typing import Any

import pytest

from aspire_gitops.review.sentences import alias_rows
from aspire_gitops.review.value import Edit, Gap, Moved, Review
from support.catalogs import alias, app, provider
from support.changes import codes, reviewed, small

SECOND = {"provider": "second", "model": "m2"}
NEEDS_VISION = {"qwen-chat": {"capabilities": ["vision"], "context_window_tokens": 100_000}}
VECTORS = {"mode": "embedding", "embedding_dimensions": 1536}


def test_a_swap_names_both_vendors_and_who_calls() -> None:
    (found,) = reviewed(small(), small(alias(target=SECOND))).aliases
    assert (found.edit, found.apps) == (Edit.CHANGED, ("agents",))
    assert found.vendor == Moved("cloud-first.ai", "second.example")
    assert found.model == Moved("qwen3-max", "m2")


@pytest.mark.parametrize(
    ("field", "touched"),
    [
        pytest.param({"vendor": "third.example"}, ["qwen-chat"], id="another company"),
        pytest.param({"base_url": "https://eu.cloud-first.ai/v1"}, ["qwen-chat"], id="elsewhere"),
        pytest.param({"billing": "subscription"}, ["qwen-chat"], id="paid otherwise"),
        pytest.param({"credential": {"env": "OTHER"}}, [], id="another credential: no alias"),
        pytest.param({"description": "Our first."}, [], id="words: no alias"),
    ],
)
def test_an_alias_is_touched_through_its_provider(
    field: dict[str, Any], touched: list[str]
) -> None:
    review = reviewed(small(), small(provider(**field)))
    assert [found.name for found in review.aliases] == touched


def test_capabilities_are_lost_and_gained() -> None:
    before, after = alias(capabilities=["vision", "tools"]), alias(capabilities=["tools", "audio"])
    (found,) = reviewed(small(before), small(after)).aliases
    assert (found.capabilities_lost, found.capabilities_gained) == (("vision",), ("audio",))


ABLE = {"capabilities": ["vision"], "context_window_tokens": 128_000}


@pytest.mark.parametrize(
    ("before", "after", "gaps"),
    [
        pytest.param(ABLE, ABLE | {"max_output_tokens": 9}, [], id="still able"),
        pytest.param(
            ABLE, {"context_window_tokens": 128_000}, ["capability vision"], id="vision is gone"
        ),
        pytest.param(
            ABLE,
            ABLE | {"context_window_tokens": 99_999},
            ["context window of 100,000 tokens"],
            id="one token too few",
        ),
        pytest.param(
            ABLE,
            {"capabilities": ["vision"]},
            ["context window of 100,000 tokens"],
            id="nobody says how many fit any more",
        ),
        pytest.param(
            {}, {"max_output_tokens": 9}, [], id="it never could: not this change's fault"
        ),
    ],
)
def test_gaps_are_what_an_app_needs_and_loses(
    before: dict[str, Any], after: dict[str, Any], gaps: list[str]
) -> None:
    caller = app(needs=NEEDS_VISION)
    review = reviewed(small(alias(**before), caller), small(alias(**after), caller))
    assert [gap for found in review.aliases for gap in found.gaps] == [
        Gap("agents", need) for need in gaps
    ]


def swap(model: str, **facts: Any) -> Review:
    target = {"provider": "cloud-first", "model": model}
    return reviewed(small(alias()), small(alias(target=target, **facts)))


def test_a_swap_that_forgets_its_price_is_told_what_litellms_list_says() -> None:
    (found,) = swap("gpt-4o").findings
    assert (found.rule.code, found.span.path.rpartition("/")[2]) == ("AG536", "qwen-chat.yaml")
    assert "keeps the price and capabilities of the old one" in found.message
    assert found.help is not None
    assert found.help.endswith(
        "; not reviewed, LiteLLM's own list has openai/gpt-4o: 2.5 in, 10 out USD per million tokens;"
        " context window 128,000; longest answer 16,384;"
        " capabilities vision, tools, json_schema, prompt_caching"
    )


def test_a_model_that_nobody_lists_is_warned_of_without_a_suggestion() -> None:
    (found,) = swap("of-our-own-7b").findings
    assert (found.rule.code, "LiteLLM" in (found.help or "")) == ("AG536", False)


def test_a_swap_that_states_the_new_price_is_not_warned_of() -> None:
    dear = {"input_usd_per_million_tokens": "2.50", "output_usd_per_million_tokens": "10"}
    assert "AG536" not in codes(swap("gpt-4o", price=dear))


def test_a_kept_price_that_the_list_confirms_is_no_warning() -> None:
    dear = {"input_usd_per_million_tokens": "2.50", "output_usd_per_million_tokens": "10"}
    target = {"provider": "cloud-first", "model": "gpt-4o"}
    before = small(alias(price=dear))
    assert codes(reviewed(before, small(alias(price=dear, target=target)))) == []
    roomy = alias(price=dear, context_window_tokens=1_000_000)
    beyond = alias(price=dear, context_window_tokens=1_000_000, target=target)
    assert codes(reviewed(small(roomy), small(beyond))) == ["AG536"], "it has less room than that"


def test_the_address_that_a_secret_is_sent_to_changes() -> None:
    after = small(provider(base_url="https://collector.example/v1"))
    (found,) = reviewed(small(), after).findings
    assert found.rule.code == "AG538"
    assert found.message == (
        'provider "cloud-first" is at https://collector.example/v1, and was at'
        " https://api.cloud-first.ai/v1: the secret at env:CLOUD_FIRST_API_KEY, and all that apps"
        " send to its aliases goes there"
    )


def test_a_secret_that_another_provider_takes_elsewhere_is_told_too() -> None:
    thief = provider("innocent", base_url="https://collector.example/v1")
    (found,) = reviewed(small(), small(thief)).findings
    assert (found.rule.code, 'provider "innocent"' in found.message) == ("AG538", True)
    same = provider("twin")
    assert codes(reviewed(small(), small(same))) == [], "the same secret at the same address"


@pytest.mark.parametrize(
    ("before", "after"), [("metered", "subscription"), ("subscription", "metered")]
)
def test_paid_by_use_and_by_subscription_are_told_apart(before: str, after: str) -> None:
    review = reviewed(small(provider(billing=before)), small(provider(billing=after)))
    (found,) = review.findings
    assert (found.rule.code, f"from {before} to {after}" in found.message) == ("AG539", True)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {"target": SECOND}, ["AG520", "AG536"], id="another company"),
        pytest.param(
            {},
            {"target": {"provider": "cloud-first", "model": "m"}},
            ["AG536"],
            id="the same company",
        ),
        pytest.param({"capabilities": ["vision"]}, {}, ["AG521"], id="a capability is gone"),
        pytest.param(
            {"context_window_tokens": 9}, {"context_window_tokens": 8}, ["AG521"], id="less fits"
        ),
        pytest.param({"max_output_tokens": 9}, {}, ["AG521"], id="answers of unknown length"),
        pytest.param(VECTORS, VECTORS | {"embedding_dimensions": 9}, ["AG522"], id="shorter"),
        pytest.param(
            VECTORS,
            VECTORS | {"target": {"provider": "cloud-first", "model": "e2"}},
            ["AG522", "AG536"],
            id="vectors of another model",
        ),
        pytest.param({}, {"mode": "embedding"}, ["AG523"], id="another kind of call"),
        pytest.param({}, {"capabilities": ["vision"]}, [], id="more than before"),
    ],
)
def test_what_a_reviewer_is_warned_of(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    assert codes(reviewed(small(alias(**before)), small(alias(**after)))) == expected


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        pytest.param({}, ["AG521"], id="nothing said: somebody should ask"),
        pytest.param({"needs": {"qwen-chat": {}}}, [], id="said that nothing is needed"),
        pytest.param(
            {"needs": {"qwen-chat": {"capabilities": ["vision"]}}}, [], id="validation refuses that"
        ),
    ],
)
def test_only_who_never_said_what_they_need_is_asked(
    needs: dict[str, Any], expected: list[str]
) -> None:
    able, caller = alias(capabilities=["vision"]), app(**needs)
    assert codes(reviewed(small(able, caller), small(caller))) == expected


PLAIN = {"input_usd_per_million_tokens": "1.20", "output_usd_per_million_tokens": "6"}


@pytest.mark.parametrize(
    ("price", "unit", "words"),
    [
        pytest.param(
            {"cache_write_usd_per_million_tokens": "1.5"},
            "cache_write_usd_per_million_tokens",
            "USD per million tokens written to the cache",
            id="a part",
        ),
        pytest.param(
            {"usd_per_use": {"web_search": "0.01"}},
            "usd_per_use.web_search",
            "USD per use of web_search",
            id="a tool",
        ),
        pytest.param(
            {"tiers": [{"above_input_tokens": 200_000, **PLAIN}]},
            "tiers.200000.output_usd_per_million_tokens",
            "USD per million tokens out above 200,000 tokens in",
            id="a tier",
        ),
        pytest.param(
            {"images": [{"size": "1024x1024", "usd": "0.17"}]},
            "images.1024x1024.any quality",
            "USD per image of 1024x1024, any quality",
            id="an image",
        ),
    ],
)
def test_every_price_that_moves_is_named(price: dict[str, Any], unit: str, words: str) -> None:
    review = reviewed(small(), small(alias(price={**PLAIN, **price})))
    moved = {move.unit: move.usd for move in review.aliases[0].prices if move.usd.changed}
    assert unit in moved
    assert moved[unit].before is None
    assert words in [label for label, *_ in alias_rows(review.aliases[0])]
