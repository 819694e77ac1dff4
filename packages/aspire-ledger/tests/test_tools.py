"""Tools: the client's own cost nothing beside their text; all others run at the provider."""

from typing import Any

import pytest

from aspire_ledger.body import HostedTool, hosted_tools, plain_kind

FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(FUNCTION, id="chat's function"),
        pytest.param({"type": "function", "name": "f", "parameters": {}}, id="responses' function"),
        pytest.param({"type": "custom", "name": "f", "format": {}}, id="custom"),
        pytest.param({"name": "f", "input_schema": {}, "cache_control": {}}, id="Anthropic's own"),
        pytest.param({"type": "bash_20250124", "name": "bash"}, id="bash"),
        pytest.param(
            {"type": "computer_20251124", "name": "c", "display_width_px": 1}, id="computer"
        ),
        pytest.param({"type": "text_editor_20250728", "name": "e"}, id="editor"),
        pytest.param({"type": "memory_20250818", "name": "memory"}, id="memory"),
        pytest.param({"type": "namespace", "name": "n", "tools": [FUNCTION]}, id="Codex's"),
        pytest.param("x", id="no tool at all"),
    ],
)
def test_a_tool_of_the_clients_own_does_not_run_at_the_provider(tool: object) -> None:
    assert list(hosted_tools([tool])) == []


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ({"type": "web_search"}, "web_search"),
        ({"type": "web_search_preview"}, "web_search"),
        ({"type": "web_search_preview_2025_03_11"}, "web_search"),
        ({"type": "web_search_20250305", "name": "web_search"}, "web_search"),
        ({"type": "code_execution_20250825"}, "code_execution"),
        ({"type": "file_search", "vector_store_ids": []}, "file_search"),
        ({"type": "WEB_SEARCH"}, "WEB_SEARCH"),
        ({"type": "bash_20250124\x00"}, "bash_20250124\x00"),
        ({"type": "hologram"}, "hologram"),
        ({"type": ["function"]}, "unknown"),
        ({"type": 5}, "unknown"),
        ({"googleSearch": {}}, "google_search"),
        ({"type": "function", "googleSearch": {}}, "google_search"),
        ({"type": "bash_20250124", "googleSearch": {}}, "google_search"),
        ({"type": "custom", "name": "f", "urlContext": {}}, "url_context"),
        ({"type": "namespace", "tools": [{"type": "web_search"}]}, "web_search"),
        (
            {"type": "namespace", "tools": [{"type": "namespace", "tools": [{"type": "mcp"}]}]},
            "mcp",
        ),
    ],
)
def test_whatever_else_runs_there_and_has_a_fee(tool: dict[str, Any], kind: str) -> None:
    assert [found.kind for found in hosted_tools([FUNCTION, tool])] == [kind]


@pytest.mark.parametrize(
    ("tool", "most_calls", "uses"),
    [
        pytest.param({"type": "web_search"}, None, 10, id="nothing is stated"),
        pytest.param({"type": "web_search_20250305", "max_uses": 3}, None, 3, id="Anthropic's"),
        pytest.param({"type": "web_search_20250305", "max_uses": 30}, None, 30, id="and more"),
        pytest.param(
            {"type": "web_search_20250305", "max_uses": 0}, None, 10, id="none is no limit"
        ),
        pytest.param(
            {"type": "web_search_20250305", "max_uses": True}, None, 10, id="nor is a truth"
        ),
        pytest.param({"type": "web_search", "max_uses": 1}, None, 10, id="a word that others drop"),
        pytest.param({"type": "web_search"}, 1, 10, id="one that is dropped on the way"),
        pytest.param({"type": "web_search"}, 40, 40, id="more calls than are usual"),
    ],
)
def test_uses_are_never_bound_by_a_number_that_may_be_dropped(
    tool: dict[str, Any], most_calls: int | None, uses: int
) -> None:
    assert [found.uses for found in hosted_tools([tool], most_calls)] == [uses]


@pytest.mark.parametrize("tools", [None, "web_search", {"type": "web_search"}, 5])
def test_what_is_no_list_holds_no_tools(tools: object) -> None:
    assert list(hosted_tools(tools)) == []


def test_a_kind_loses_its_date_and_its_stage() -> None:
    assert plain_kind("web_search_preview_2025_03_11") == "web_search"
    assert HostedTool(plain_kind("mcp"), 10) == HostedTool("mcp", 10)
