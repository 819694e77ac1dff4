"""Prices in lists can be read in one way only."""

import pytest

from support.reviewed import BASE, codes, files_below, found_in

ALIAS = "gateway.d/aliases/qwen-vision.yaml"
FILES = files_below(BASE)
PRICE = next(line for line in FILES[ALIAS].splitlines() if line.startswith("price:"))
LONG = "input_usd_per_million_tokens: '0.8', output_usd_per_million_tokens: '3.2'"


def priced(more: str, *, mode: str = "chat", plain: str | None = None) -> list[str]:
    start = PRICE.removesuffix("}") if plain is None else f"price: {{{plain}"
    text = FILES[ALIAS].replace(PRICE, f"{start}, {more}}}").replace("mode: chat", f"mode: {mode}")
    return codes(found_in({ALIAS: f"{text}context_window_tokens: 300000\n"}))


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        pytest.param(f"{{above_input_tokens: 200000, {LONG}}}", [], id="one"),
        pytest.param(
            f"{{above_input_tokens: 128000, {LONG}}}, {{above_input_tokens: 200000, {LONG}}}",
            [],
            id="two",
        ),
        pytest.param(
            f"{{above_input_tokens: 200000, {LONG}}}, {{above_input_tokens: 128000, {LONG}}}",
            ["AG326"],
            id="out of order",
        ),
        pytest.param(
            f"{{above_input_tokens: 128000, {LONG}}}, {{above_input_tokens: 128000, {LONG}}}",
            ["AG326"],
            id="one threshold twice",
        ),
        pytest.param(
            f"{{above_input_tokens: 300000, {LONG}}}", ["AG326"], id="beyond the context window"
        ),
        pytest.param(
            "{above_input_tokens: 200000, input_usd_per_million_tokens: '0.8'}",
            ["AG326"],
            id="without a price that the alias has",
        ),
        pytest.param(
            f"{{above_input_tokens: 200000, {LONG}, cached_input_usd_per_million_tokens: '0.1'}}",
            [],
            id="with a price that the alias has not",
        ),
        pytest.param(f"{{above_input_tokens: 0, {LONG}}}", ["AG109"], id="above nothing"),
        pytest.param(f"{{{LONG}}}", ["AG105"], id="above no number"),
    ],
)
def test_tiers_ascend_and_are_complete(tiers: str, expected: list[str]) -> None:
    assert priced(f"tiers: [{tiers}]") == expected


def test_tiers_need_prices_of_tokens() -> None:
    tiers = f"tiers: [{{above_input_tokens: 200000, {LONG}}}]"
    assert priced(tiers, mode="ocr", plain="usd_per_page: '0.1'") == ["AG307"]


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        pytest.param("{size: 1024x1024, usd: '0.1'}, {usd: '0.2'}", [], id="different ones"),
        pytest.param("{size: a, usd: '0.1'}, {size: a, usd: '0.2'}", ["AG326"], id="one twice"),
        pytest.param("{usd: '0.1'}, {usd: '0.2'}", ["AG326"], id="every one twice"),
        pytest.param("{usd: '0'}", ["AG306"], id="free"),
        pytest.param("{size: Large, usd: '1'}", ["AG108"], id="no word of a request"),
    ],
)
def test_each_kind_of_image_has_one_price(images: str, expected: list[str]) -> None:
    line = f"price: {{images: [{images}]}}"
    text = FILES[ALIAS].replace(PRICE, line).replace("mode: chat", "mode: image_generation")
    assert codes(found_in({ALIAS: text})) == expected


@pytest.mark.parametrize(
    ("uses", "mode", "expected"),
    [
        pytest.param("{web_search: '0.01'}", "chat", [], id="a search"),
        pytest.param("{web_search: '0.01'}", "embedding", ["AG307"], id="no tool embeds"),
        pytest.param("{Web-Search: '0.01'}", "chat", ["AG104"], id="not as requests name it"),
        pytest.param("{web_search: 0.01}", "chat", ["AG113"], id="a number without quotes"),
    ],
)
def test_tools_have_a_fee_for_each_use(uses: str, mode: str, expected: list[str]) -> None:
    assert priced(f"usd_per_use: {uses}", mode=mode) == expected


def beside(text: str) -> list[str]:
    """Return what is found where a second alias calls the same model and says `text` of it."""
    second = FILES[ALIAS].replace("name: qwen-vision", "name: qwen-vision-2")
    files = {
        ALIAS: f"{FILES[ALIAS]}context_window_tokens: 128000\n",
        "gateway.d/aliases/qwen-vision-2.yaml": second.replace(PRICE, f"{PRICE}\n{text}"),
    }
    return [code for code in codes(found_in(files)) if code == "AG342"]


def test_two_aliases_of_one_model_that_disagree_are_told() -> None:
    assert beside("context_window_tokens: 128000") == []
    assert beside("max_output_tokens: 9") == [], "an alias may offer less"
    assert beside("") == [], "saying nothing is no disagreement"
    assert beside("context_window_tokens: 64000") == ["AG342"]
    other = FILES[ALIAS].replace("name: qwen-vision", "name: other").replace("0.40", "0.41")
    found = found_in({"gateway.d/aliases/other.yaml": other})
    (one,) = [item for item in found if item.rule.code == "AG342"]
    assert '"other" and "qwen-vision" call the same model' in one.message
    assert "another price" in one.message
    assert "gateway.d/aliases/other.yaml" in (one.help or "")
