"""What an app needs of an alias, and what the alias' file says about it."""

import pytest

from aspire_gitops.vocabulary import Diagnostic
from support.reviewed import BASE, codes, files_below, found_in

ALIAS = "gateway.d/aliases/qwen-vision.yaml"
APP = "gateway.d/apps/knowledge-os.yaml"
FILES = files_below(BASE)
CHAT = FILES[ALIAS] + "capabilities: [vision, ocr]\ncontext_window_tokens: 131072\n"
EMBEDDING = FILES[ALIAS].replace("mode: chat", "mode: embedding")


def needing(need: str, alias: str = CHAT) -> tuple[Diagnostic, ...]:
    """Return what is found when the app needs something (flow YAML) of an alias."""
    return found_in({ALIAS: alias, APP: f"{FILES[APP]}needs: {need}\n"})


@pytest.mark.parametrize(
    ("need", "alias", "expected"),
    [
        pytest.param("{qwen-vision: {capabilities: [ocr]}}", CHAT, [], id="can do it"),
        pytest.param("{qwen-vision: {}}", CHAT, [], id="needs nothing in particular"),
        pytest.param("{qwen-vision: {capabilities: [tools]}}", CHAT, ["AG215"], id="cannot do it"),
        pytest.param(
            "{qwen-vision: {capabilities: [tools, audio]}}", CHAT, ["AG215"] * 2, id="neither"
        ),
        pytest.param(
            "{qwen-vision: {context_window_tokens: 131072}}", CHAT, [], id="just large enough"
        ),
        pytest.param(
            "{qwen-vision: {context_window_tokens: 131073}}", CHAT, ["AG215"], id="one token short"
        ),
        pytest.param(
            "{qwen-vision: {max_output_tokens: 1}}", CHAT, ["AG215"], id="what is not stated"
        ),
        pytest.param(
            "{qwen-vision: {embedding_dimensions: 1024}}",
            CHAT + "embedding_dimensions: 1024\n",
            ["AG215"],
            id="a chat gives no vectors",
        ),
        pytest.param(
            "{qwen-vision: {embedding_dimensions: 1024}}",
            EMBEDDING + "embedding_dimensions: 1024\n",
            [],
            id="vectors of the same length",
        ),
        pytest.param(
            "{qwen-vision: {embedding_dimensions: 1024}}",
            EMBEDDING + "embedding_dimensions: 4096\n",
            ["AG215"],
            id="longer vectors are no better",
        ),
        pytest.param("{qwen-vision: {}}", EMBEDDING, ["AG216"], id="vectors of any length"),
        pytest.param("{qwen-chat: {}}", CHAT, ["AG214"], id="an alias that the app does not list"),
        pytest.param(
            "{qwen-vision: {capabilities: [sight]}}", CHAT, ["AG107"], id="no such capability"
        ),
    ],
)
def test_what_is_found(need: str, alias: str, expected: list[str]) -> None:
    assert codes(needing(need, alias)) == expected


def test_a_lost_capability_stands_at_the_need_and_names_the_other_file() -> None:
    (found,) = needing("{qwen-vision: {capabilities: [vision, tools]}}")

    assert found.span.snippet[found.span.column - 1 : found.span.end_column - 1] == "tools"
    assert found.message == (
        'app "knowledge-os" needs tools of alias "qwen-vision", '
        f"but {ALIAS}:6:15 says `capabilities: [vision, ocr]`"
    )
    assert found.help == (
        "choose a target that offers it, or declare it if this one does; "
        "otherwise agree with platform@aspiredigital.group that the app no longer needs it"
    )


def test_an_alias_with_another_mistake_is_judged_once_that_is_fixed() -> None:
    broken = CHAT.replace("mode: chat", "mode: chatt")
    assert codes(needing("{qwen-vision: {capabilities: [tools]}}", broken)) == ["AG107"]


def test_a_need_of_a_mistyped_alias_has_a_suggestion() -> None:
    (found,) = needing("{qwen-vison: {capabilities: [ocr]}}")
    assert (found.rule.code, found.help) == ("AG214", 'did you mean "qwen-vision"?')


def test_an_undeclared_alias_is_reported_once() -> None:
    app = FILES[APP].replace("[qwen-vision]", "[qwen-vision, lost]")
    found = found_in({APP: f"{app}needs: {{lost: {{capabilities: [ocr]}}}}\n"})
    assert codes(found) == ["AG202"]
