"""The rules of Aspire's decision record, each with what it lets through and what not."""

from datetime import date

import pytest

from aspire_gitops.validation.forbidden_words import (
    FORBIDDEN_EVERYWHERE,
    ONLY_PARAMETERS,
    REDIRECTS,
)
from support.reviewed import BASE, codes, files_below, found_in

ALIAS = "gateway.d/aliases/qwen-vision.yaml"
APP = "gateway.d/apps/knowledge-os.yaml"
BUDGET = "gateway.d/budgets/knowledge-os.yaml"
GATEWAY = "gateway.d/gateway.yaml"
PROVIDER = "gateway.d/providers/cloud-first.yaml"
FILES = files_below(BASE)
PRICE = next(line for line in FILES[ALIAS].splitlines() if line.startswith("price:"))


def with_line(path: str, line: str) -> list[str]:
    return codes(found_in({path: f"{FILES[path]}{line}\n"}))


def with_edit(path: str, old: str, new: str) -> list[str]:
    assert old in FILES[path]
    return codes(found_in({path: FILES[path].replace(old, new)}))


@pytest.mark.parametrize("word", FORBIDDEN_EVERYWHERE)
@pytest.mark.parametrize("path", [ALIAS, APP, PROVIDER, BUDGET, GATEWAY])
def test_a_road_to_another_model_is_closed_in_every_file(path: str, word: str) -> None:
    assert with_line(path, f"{word}: [claude-vision]") == ["AG301"]


@pytest.mark.parametrize("word", FORBIDDEN_EVERYWHERE)
def test_a_road_among_the_parameters_is_closed(word: str) -> None:
    assert with_line(ALIAS, f"parameters: {{temperature: 0.2, {word}: 3}}") == ["AG301"]


@pytest.mark.parametrize("word", ["fallbacks", "num_retries", "router_settings"])
def test_a_road_is_found_however_deep_it_hides(word: str) -> None:
    found = with_line(ALIAS, f"parameters: {{extra_body: {{metadata: [{{{word}: x}}]}}}}")
    assert sorted(found) == ["AG301", "AG303"]


@pytest.mark.parametrize("word", REDIRECTS)
def test_a_parameter_that_redirects_is_refused(word: str) -> None:
    assert with_line(ALIAS, f"parameters: {{{word}: x}}") == ["AG303"]


@pytest.mark.parametrize("word", REDIRECTS)
def test_the_same_word_beside_the_parameters_is_refused_too(word: str) -> None:
    assert with_line(ALIAS, f"{word}: x") == ["AG303"]


@pytest.mark.parametrize("word", ONLY_PARAMETERS)
def test_a_parameter_with_a_field_of_its_own_is_refused(word: str) -> None:
    assert with_line(ALIAS, f"parameters: {{{word}: 1}}") == [ONLY_PARAMETERS[word].rule.code]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("aws_secret_access_key", ["AG303"], id="a cloud's credential"),
        pytest.param("vertex_project", ["AG303"], id="a cloud's address"),
        pytest.param("azure_ad_token", ["AG303"], id="a token"),
        pytest.param("client_secret", ["AG303"], id="a secret"),
        pytest.param("some_api_key_name", ["AG303"], id="a key by another name"),
        pytest.param("input_cost_per_token_above_200k_tokens", ["AG322"], id="a tier's price"),
        pytest.param("cache_read_input_token_cost_flex", ["AG322"], id="any other price"),
        pytest.param("max_tokens", [], id="tokens that are counted"),
        pytest.param("max_completion_tokens", [], id="tokens that are counted, newer"),
        pytest.param("stop_token_ids", [], id="tokens by number"),
        pytest.param("token_url", ["AG303"], id="where a token comes from"),
        pytest.param("temperature", [], id="temperature"),
        pytest.param("reasoning_effort", [], id="reasoning effort"),
        pytest.param("top_p", [], id="top p"),
    ],
)
def test_parameters_by_the_look_of_their_names(name: str, expected: list[str]) -> None:
    assert with_line(ALIAS, f"parameters: {{{name}: 1}}") == expected


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param(ALIAS, "model: qwen3-vl-235b-a22b-instruct", 'model: "*"', id="any model"),
        pytest.param(
            ALIAS, "model: qwen3-vl-235b-a22b-instruct", "model: openai/*", id="any of one"
        ),
        pytest.param(ALIAS, "model: qwen3-vl-235b-a22b-instruct", "model: 'a,b'", id="two models"),
        pytest.param(
            ALIAS, "model: qwen3-vl-235b-a22b-instruct", "model: auto_router/mine", id="a router"
        ),
        pytest.param(
            ALIAS, "model: qwen3-vl-235b-a22b-instruct", "model: complexity_router", id="another"
        ),
        pytest.param(APP, "[qwen-vision]", '[qwen-vision, "qwen-*"]', id="a wildcard in a list"),
        pytest.param(APP, "[qwen-vision]", "[qwen-vision, all-proxy-models]", id="LiteLLM's word"),
    ],
)
def test_a_name_for_several_models_is_refused(path: str, old: str, new: str) -> None:
    assert with_edit(path, old, new) == ["AG302"]


@pytest.mark.parametrize(
    ("mode", "price", "expected"),
    [
        pytest.param("chat", "input: 0.40, output: 1.60", [], id="chat by tokens"),
        pytest.param("chat", "input: 0.40, output: 1.60, cached: 0.04", [], id="and cached tokens"),
        pytest.param("chat", "input: 0.40", ["AG307"], id="chat without output"),
        pytest.param("chat", "page: 0.01", ["AG307", "AG307"], id="chat by pages"),
        pytest.param("chat", "", ["AG307"], id="a price that states nothing"),
        pytest.param("chat", "input: 0, output: 0.00", ["AG306"], id="free"),
        pytest.param("chat", "input: 0, output: 1", [], id="half free counts in budgets"),
        pytest.param("chat", "input: 0, output: 0, because: ours", [], id="free for a reason"),
        pytest.param("chat", "input: 1, output: 1, because: ours", ["AG306"], id="a false reason"),
        pytest.param("embedding", "input: 0.1, output: 0", [], id="embedding by tokens"),
        pytest.param("ocr", "page: 0.001", [], id="OCR by pages"),
        pytest.param("ocr", "page: 0", ["AG306"], id="free OCR"),
        pytest.param("ocr", "page: 0.001, input: 1", ["AG307"], id="OCR by pages and tokens"),
        pytest.param("image_generation", "image: 0.04", [], id="images by images"),
        pytest.param("image_generation", "input: 1, output: 1", [], id="images by tokens"),
        pytest.param(
            "image_generation", "image: 0.04, input: 1, output: 1", [], id="images by both"
        ),
        pytest.param("image_generation", "image: 0.04, input: 1", ["AG307"], id="half a price"),
        pytest.param("image_generation", "", ["AG307"], id="images by nothing"),
        pytest.param("image_generation", "image: 0", ["AG306"], id="free images"),
        pytest.param("image_generation", "page: 1, image: 1", ["AG307"], id="images by pages"),
        pytest.param("ocr", "page: 0.001, annotated: 0.003", [], id="OCR with annotations"),
        pytest.param("ocr", "annotated: 0.003", ["AG307"], id="OCR by annotations alone"),
        pytest.param("ocr", "page: 0.001, write: 1", ["AG307"], id="OCR with a cache"),
        pytest.param(
            "chat", "input: 1, output: 1, write: 1.25, write_1h: 2", [], id="cache writes"
        ),
        pytest.param("chat", "input: 1, output: 1, reasoning: 3", [], id="reasoning"),
        pytest.param("chat", "input: 1, output: 1, image: 1", ["AG307"], id="chat with images"),
    ],
)
def test_prices(mode: str, price: str, expected: list[str]) -> None:
    names = {
        "input": "input_usd_per_million_tokens",
        "output": "output_usd_per_million_tokens",
        "cached": "cached_input_usd_per_million_tokens",
        "write": "cache_write_usd_per_million_tokens",
        "write_1h": "cache_write_1h_usd_per_million_tokens",
        "reasoning": "reasoning_usd_per_million_tokens",
        "annotated": "usd_per_annotated_page",
        "page": "usd_per_page",
        "image": "usd_per_image",
        "because": "zero_because",
    }
    pairs = [part.split(": ") for part in price.split(", ")] if price else []
    written = ", ".join(f'{names[name]}: "{value}"' for name, value in pairs)
    text = (
        FILES[ALIAS].replace(PRICE, f"price: {{{written}}}").replace("mode: chat", f"mode: {mode}")
    )
    assert codes(found_in({ALIAS: text})) == expected


def test_an_alias_without_a_price_is_refused() -> None:
    assert with_edit(ALIAS, PRICE, "") == ["AG305"]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        pytest.param(date(2026, 11, 19), ["AG309"], id="a rate of tomorrow"),
        pytest.param(date(2026, 11, 20), [], id="a rate of today"),
        pytest.param(date(2027, 1, 4), [], id="the last day"),
        pytest.param(date(2027, 1, 5), ["AG309"], id="a day too old"),
    ],
)
def test_the_age_of_the_exchange_rate(today: date, expected: list[str]) -> None:
    assert codes(found_in({}, today=today)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Australia/Sydney", []),
        ("UTC", []),
        ("America/Argentina/Buenos_Aires", []),
        ("Australia/Sidney", ["AG310"]),
        ("australia/sydney", ["AG310"]),
        ("Australia", ["AG310"]),
        ("posix/Australia/Sydney", ["AG310"]),
        ("localtime", ["AG310"]),
        ("AEST", ["AG310"]),
    ],
)
def test_timezones(name: str, expected: list[str]) -> None:
    assert with_edit(GATEWAY, "Australia/Sydney", name) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.106.2", []), ("1.106.3", ["AG316"]), ("1.82.7", ["AG317"]), ("1.82.8", ["AG317"])],
)
def test_releases_of_litellm(version: str, expected: list[str]) -> None:
    assert with_edit(GATEWAY, "1.106.2", version) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4000/v1", ["AG334"]),
        ("http://[::1]:4000/v1", ["AG334"]),
        ("http://localhost:4000/v1", ["AG334"]),
        ("https://api.example.com/v1", []),
        ("http://api.example.com/v1", ["AG313"]),
        ("http://127.0.0.1.example.com/v1", ["AG313"]),
        ("http://10.0.0.7/v1", ["AG313", "AG334"]),
        ("http://localhost.example.com/v1", ["AG313"]),
        ("http://:/v1", ["AG333"]),
    ],
)
def test_plain_http_only_on_this_machine(url: str, expected: list[str]) -> None:
    assert with_edit(PROVIDER, "https://api.cloud-first.ai/v1", url) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param("[{name: a, deliver: file}]", [], id="delivered"),
        pytest.param(
            "[{name: a, deliver: {file: /var/lib/aspire-gitops/keys/knowledge-os/a}}]",
            [],
            id="delivered, in the long form",
        ),
        pytest.param("[{name: a, adopt: true}]", [], id="adopted"),
        pytest.param("[{name: a}]", ["AG311"], id="neither"),
        pytest.param("[{name: a, adopt: true, deliver: file}]", ["AG312"], id="both"),
        pytest.param(
            "[{name: a, deliver: file}, {name: a, deliver: file}]",
            ["AG211", "AG213", "AG315"],
            id="one name twice",
        ),
        pytest.param(
            "[{name: a, deliver: {file: /k/a}}, {name: b, deliver: {file: /k/a}}]",
            ["AG211", "AG315", "AG335", "AG335"],
            id="one file twice",
        ),
        pytest.param(
            "[{name: a, adopt: true, key_alias: x}, {name: b, adopt: true, key_alias: x}]",
            ["AG210", "AG315"],
            id="one alias twice",
        ),
        pytest.param(
            "[{name: a, adopt: true}, {name: b, adopt: true, key_alias: knowledge-os.a}]",
            ["AG210", "AG315"],
            id="an alias that another key has by default",
        ),
    ],
)
def test_keys(keys: str, expected: list[str]) -> None:
    text = FILES[APP].partition("keys:")[0] + f"keys: {keys}\n"
    assert sorted(codes(found_in({APP: text}))) == expected


def test_keys_of_two_apps_can_have_one_full_name() -> None:
    """Names may hold dots: `kos.ocr` + `worker` is `kos` + `ocr.worker`."""
    apps = {
        f"gateway.d/apps/{app}.yaml": FILES[APP]
        .partition("keys:")[0]
        .replace("name: knowledge-os", f"name: {app}")
        + f"keys: [{{name: {key}, adopt: true}}]\n"
        for app, key in (("kos", "ocr.worker"), ("kos.ocr", "worker"))
    }
    assert sorted(codes(found_in({**apps, APP: None}))) == ["AG213", "AG315"]


@pytest.mark.parametrize(
    ("change", "name", "expires", "expected"),
    [
        pytest.param("delete", "deployment/gone", "2026-11-23", [], id="in force until tonight"),
        pytest.param(
            "delete", "deployment/gone", "2026-11-22", ["AG314"], id="over since yesterday"
        ),
        pytest.param("delete", "deployment/qwen-vision", "2026-12-01", ["AG212"], id="still there"),
        pytest.param(
            "delete", "key/knowledge-os.worker-ocr", "2026-12-01", ["AG212"], id="a key still there"
        ),
        pytest.param("delete-last-key", "key/old.default", "2026-12-01", [], id="a last key"),
        pytest.param("delete-last-key", "deployment/x", "2026-12-01", ["AG212"], id="not a key"),
        pytest.param("remove-alias-in-use", "key/a.b", "2026-12-01", ["AG212"], id="not an alias"),
        pytest.param("lower-cap-below-spend", "key/knowledge-os.worker-ocr", "2026-12-01", [], id="a cap of a key that stays"),
        pytest.param("lower-cap-below-spend", "key/old.default", "2026-12-01", ["AG212"], id="a cap of a key that nobody declares"),
        pytest.param("lower-cap-below-spend", "deployment/x", "2026-12-01", ["AG212"], id="no key has this cap"),
    ],
)  # fmt: skip
def test_approvals(change: str, name: str, expires: str, expected: list[str]) -> None:
    text = (
        f"kind: Approval\nname: it\nchange: {change}\nobject: {name}\nreason: It is right.\n"
        f"owner: platform@example.com\nexpires: {expires}\n"
    )
    assert codes(found_in({"gateway.d/approvals/it.yaml": text})) == expected
