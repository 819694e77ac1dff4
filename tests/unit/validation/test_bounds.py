"""What bounds a call, what apps may send, and for how long they may send anything."""

from datetime import date, timedelta

import pytest

from aspire_gitops.validation.forbidden_words import FORBIDDEN_EVERYWHERE, REDIRECTS
from support.reviewed import BASE, TODAY, codes, files_below, found_in

ALIAS = "gateway.d/aliases/qwen-vision.yaml"
APP = "gateway.d/apps/knowledge-os.yaml"
BUDGET = "gateway.d/budgets/knowledge-os.yaml"
GATEWAY = "gateway.d/gateway.yaml"
FILES = files_below(BASE)


def with_line(path: str, line: str) -> list[str]:
    return codes(found_in({path: f"{FILES[path]}{line}\n"}))


@pytest.mark.parametrize(
    ("target", "most", "expected"),
    [
        pytest.param("ignores_output_limit: true", None, ["AG327"], id="nothing bounds it"),
        pytest.param(
            "ignores_output_limit: true, max_output_tokens: 9000", None, [], id="the model does"
        ),
        pytest.param("max_output_tokens: 9000", 9000, [], id="all that the model can"),
        pytest.param("max_output_tokens: 9000", 9001, ["AG328"], id="more than the model can"),
        pytest.param("max_output_tokens: 0", None, ["AG109"], id="nothing at all"),
    ],
)
def test_an_answer_is_bounded_by_what_the_model_can_write(
    target: str, most: int | None, expected: list[str]
) -> None:
    text = FILES[ALIAS].replace("instruct}", f"instruct, {target}}}")
    assert text != FILES[ALIAS]
    more = "" if most is None else f"max_output_tokens: {most}\n"
    assert codes(found_in({ALIAS: text + more})) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param("", ["AG329", "AG329"], id="neither"),
        pytest.param("max_output_tokens: 9\n", ["AG329"], id="the answer alone"),
        pytest.param("context_window_tokens: 9\nmax_output_tokens: 9\n", [], id="both"),
    ],
)
def test_under_a_ledger_an_alias_says_how_long_calls_are(lines: str, expected: list[str]) -> None:
    gateway = f"{FILES[GATEWAY]}ledger: {{}}\n"
    assert codes(found_in({GATEWAY: gateway, ALIAS: FILES[ALIAS] + lines})) == expected


@pytest.mark.parametrize(
    "name",
    [
        "enable_thinking", "thinking_budget", "top_k", "min_p", "repetition_penalty",
        "chat_template_kwargs", "vl_high_resolution_images", "thinking", "context_management",
        "cache_control", "guided_json", "max_new_tokens", "stop_token_ids",
    ],
)  # fmt: skip
def test_an_alias_allows_what_is_the_vendors_own(name: str) -> None:
    assert with_line(ALIAS, f"allow_parameters: [{name}]") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(pytest.param(name, "AG301", id=name) for name in FORBIDDEN_EVERYWHERE),
        *(pytest.param(name, "AG303", id=name) for name in REDIRECTS),
        *(
            pytest.param(name, "AG322", id=name)
            for name in ("timeout", "metadata", "user", "tags", "input_cost_per_token", "model")
            if name != "model"
        ),
        *(
            pytest.param(name, "AG341", id=name)
            for name in (
                "service_tier", "speed", "inference_geo", "models", "provider", "route",
                "litellm_metadata", "request_timeout", "prompt_id", "cache", "guardrails",
                "no_log", "base_model", "retry_strategy", "anthropic_issuer_url", "callbacks",
                "s3_bucket_name", "provider_specific_header", "aembedding", "client_side_timeout",
            )
        ),
    ],
)  # fmt: skip
def test_an_alias_never_allows_what_moves_hides_or_reprices_a_call(
    name: str, expected: str
) -> None:
    assert with_line(ALIAS, f"allow_parameters: [top_k, {name}]") == [expected]


def test_a_parameter_is_allowed_once() -> None:
    assert with_line(ALIAS, "allow_parameters: [top_k, top_k]") == ["AG110"]


def reporting(until: date, *, policy: str = "apps_may_report", budget: str = "fair") -> list[str]:
    gateway = FILES[GATEWAY].replace(
        "unpriced_aliases: forbid", f"unpriced_aliases: forbid, unknown_parameters: {policy}"
    )
    app = f"{FILES[APP]}unknown_parameters: {{action: report, until: {until}}}\n"
    return codes(
        found_in({GATEWAY: gateway, APP: app, BUDGET: f"{FILES[BUDGET]}admission: {budget}\n"})
    )


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(-1, ["AG340"], id="yesterday"),
        pytest.param(0, [], id="today"),
        pytest.param(31, [], id="in 31 days"),
        pytest.param(32, ["AG339"], id="in 32 days"),
    ],
)
def test_an_app_is_watched_for_a_month_at_most(days: int, expected: list[str]) -> None:
    assert reporting(TODAY + timedelta(days=days)) == expected


def test_an_app_is_watched_only_where_the_gateway_says_so() -> None:
    assert reporting(TODAY, policy="refuse") == ["AG339"]


def test_a_strict_budget_passes_no_unbounded_parameter() -> None:
    assert reporting(TODAY, budget="strict") == ["AG339"]
