"""A provider that does all that it is asked for and bills each of it, by rules written here alone.

It shares no code with the ledger's bound but the price of units. Where a request leaves
something to it, it takes the most that the alias's reviewed card admits.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard

from aspire_ledger.card import Card, TokenPrices
from aspire_ledger.contract import (
    COMPLETIONS,
    EMBEDDINGS,
    IMAGE_EDITS,
    IMAGES,
    OCR,
    RESPONSES,
    Contract,
)

_MEDIA = 200_000
_TOOLS_TOLD = 350  # tokens of its own words about tools
_LONGEST_DOCUMENT = 1_000
_CALLS = 10  # of a tool of its own, where it heeds no limit
_TEXTS = {"messages", "input", "prompt", "system", "instructions", "suffix", "prediction"}
_SCHEMAS = {
    *("tools", "functions", "response_format", "tool_choice", "function_call", "text"),
    *("output_config", "output_format", "guided_json", "guided_choice", "guided_grammar"),
    *("guided_regex", "chat_template_kwargs", "translation_options", "prompt_mode", "safe_prompt"),
}
_STORED = {"previous_response_id", "conversation", "container", "mcp_servers"}
_OWN_TOOLS = {"web_search", "code_interpreter", "mcp", "web_search_20250305"}
_OWN_KEYS = {"googleSearch": "google_search", "urlContext": "url_context"}


@dataclass(frozen=True)
class Greedy:
    """The provider behind one alias."""

    contract: Contract
    card: Card

    def bill(self, body: Mapping[str, Any]) -> Decimal:
        """Return US dollars for one call, with the alias's own parameters where it sends none."""
        asked = {**self.card.parameters, **{k: v for k, v in body.items() if _given(v)}}
        if body.get("web_search_options") == {}:
            asked["web_search_options"] = {}
        if self.contract is OCR:
            return self._pages(asked)
        if self.contract in (IMAGES, IMAGE_EDITS):
            return self._images(asked)
        sent = self._input(asked)
        answered = 0 if self.contract is EMBEDDINGS else self._output(asked)
        return self._tokens(asked, sent, answered) + self._fees(asked)

    def _tokens(self, asked: Mapping[str, Any], sent: int, answered: int) -> Decimal:
        prices = self.card.price.tokens
        for tier in self.card.price.tiers:
            if sent > tier.above_input_tokens:
                prices = tier.tokens
        into = _dearest_in(prices, writes=self._writes_cache(asked))
        out = max(
            _or(prices.output_usd_per_million_tokens),
            _or(prices.reasoning_usd_per_million_tokens),
            _or(prices.output_audio_usd_per_million_tokens),
        )
        return (into * sent + out * answered) / 10**6

    def _writes_cache(self, asked: Mapping[str, Any]) -> bool:
        return '"cache_control"' in json.dumps(asked) or any(
            name.startswith("prompt_cache") for name in asked
        )

    def _input(self, asked: Mapping[str, Any]) -> int:
        window = self.card.context_window_tokens
        tools = asked.get("tools") or asked.get("functions")
        told = _TOOLS_TOLD if tools and self.contract is not EMBEDDINGS else 0
        read = sum(_said(self.contract, value) for name, value in asked.items() if name in _TEXTS)
        read += sum(_written(value) for name, value in asked.items() if name in _SCHEMAS)
        if self._fills_window(asked):
            return window or max(_MEDIA, read + told)
        if window is None or self.contract is EMBEDDINGS:
            return read + told
        return min(read + told, window * self._prompts(asked))

    def _fills_window(self, asked: Mapping[str, Any]) -> bool:
        if _STORED & asked.keys() or any(_searches(asked)) or any(_hosted(asked.get("tools"))):
            return True
        if self.contract is RESPONSES and ("prompt" in asked or _refers(asked.get("input"))):
            return True
        text = json.dumps({name: asked.get(name) for name in _TEXTS})
        return '"image_url"' in text or '"input_image"' in text

    def _output(self, asked: Mapping[str, Any]) -> int:
        card = self.card
        alias = card.max_output_tokens or 32_768
        model = card.target_max_output_tokens or alias
        stated = [asked[name] for name in self.contract.limits if _is_count(asked.get(name))]
        one = max(stated, default=alias)
        if card.ignores_output_limit:
            one = max(model, alias)
        else:
            one += self._thought(asked, max(model, alias))
            one += max(model, alias) if _compacts(asked.get("context_management")) else 0
        answers = max(_count(asked.get("n")), _count(asked.get("best_of")))
        rejected = _written(asked["prediction"]) if "prediction" in asked else 0
        return one * answers * self._prompts(asked) + rejected

    def _thought(self, asked: Mapping[str, Any], most: int) -> int:
        """Think beside the answer, as Qwen does: up to the budget if there is a good one."""
        switches = [asked.get("enable_thinking"), asked.get("chat_template_kwargs")]
        if self.contract is not RESPONSES:
            switches.append(asked.get("reasoning"))
        budget = asked.get("thinking_budget")
        if not any(switches) and not budget:
            return 0
        return budget if _is_count(budget) and not any(switches) else most

    def _prompts(self, asked: Mapping[str, Any]) -> int:
        prompt = asked.get("prompt")
        if self.contract is not COMPLETIONS or not isinstance(prompt, list):
            return 1
        return 1 if all(isinstance(each, int) for each in prompt) else len(prompt)

    def _fees(self, asked: Mapping[str, Any]) -> Decimal:
        fees = self.card.price.usd_per_use
        calls = [(kind, uses) for kind, uses in _hosted(asked.get("tools"))]
        calls += [("web_search", _CALLS) for _ in _searches(asked)]
        more = asked.get("max_tool_calls") if self.contract is RESPONSES else None
        return sum(
            (
                fees[kind] * max(uses, more if _is_count(more) and uses == _CALLS else 0)
                for kind, uses in calls
            ),
            Decimal(0),
        )

    def _images(self, asked: Mapping[str, Any]) -> Decimal:
        count = _count(asked.get("n"))
        usd = self._one_image(asked) * count
        if not self.card.price.has_token_prices:
            return usd
        window = self.card.context_window_tokens
        read = _said(self.contract, asked.get("prompt", ""))
        if self.contract is IMAGE_EDITS:
            read = window or max(_MEDIA, read)
        previews = asked.get("partial_images")
        one = (self.card.max_output_tokens or 32_768) + 100 * (
            previews if _is_count(previews) else 0
        )
        return usd + self._tokens(asked, read, one * count)

    def _one_image(self, asked: Mapping[str, Any]) -> Decimal:
        rows, flat = self.card.price.images, self.card.price.usd_per_image
        size, quality = asked.get("size", "auto"), asked.get("quality", "auto")
        exact = [row.usd for row in rows if (row.size, row.quality) == (size, quality)]
        if exact:
            return max(exact)
        fitting = [
            row
            for row in rows
            if (row.size in (None, size) or size == "auto")
            and (row.quality in (None, quality) or quality == "auto")
        ]
        if size != "auto" and quality != "auto" and fitting:
            named = [row for row in fitting if row.size or row.quality] or fitting
            return min(row.usd for row in named)
        return min(
            [row.usd for row in fitting] + ([flat] if flat is not None else []) or [Decimal(0)]
        )

    def _pages(self, asked: Mapping[str, Any]) -> Decimal:
        count = _pages_of(asked)
        price = self.card.price
        page = _or(price.usd_per_page)
        annotated = "bbox_annotation_format" in asked or "document_annotation_format" in asked
        extra = page if price.usd_per_annotated_page is None else price.usd_per_annotated_page
        return (page + (extra if annotated else 0)) * count


def _given(value: object) -> bool:
    return value is not None and value not in ("", [], {})


def _or(price: Decimal | None) -> Decimal:
    return price or Decimal(0)


def _dearest_in(prices: TokenPrices, *, writes: bool) -> Decimal:
    plain = _or(prices.input_usd_per_million_tokens)
    others = [
        prices.cached_input_usd_per_million_tokens,
        prices.input_audio_usd_per_million_tokens,
        prices.input_image_usd_per_million_tokens,
    ]
    if writes:
        others += [
            prices.cache_write_usd_per_million_tokens,
            prices.cache_write_1h_usd_per_million_tokens,
        ]
    return max([plain, *map(_or, others)])


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _count(value: Any) -> int:
    return int(value) if _is_count(value) else 1


def _said(contract: Contract, value: Any) -> int:
    """Count the tokens of what is said: each byte one, a frame for each message or part."""
    if isinstance(value, str):
        return len(value.encode(errors="surrogatepass"))
    if isinstance(value, list):
        if contract in (COMPLETIONS, EMBEDDINGS) and all(isinstance(e, int) for e in value):
            return len(value)
        return sum(_said(contract, each) for each in value)
    if isinstance(value, Mapping):
        kept = {name: part for name, part in value.items() if name not in {"role", "type"}}
        return 7 + sum(_said(contract, part) for part in kept.values())
    return 0


def _written(value: Any) -> int:
    """Count the tokens of what is written out as JSON: each byte one, `type: …` a few."""
    if isinstance(value, Mapping):
        total = 6
        for name, part in value.items():
            if name in {"type", "role", "content", "text"} and isinstance(part, str):
                total += max(0, len(part.encode(errors="surrogatepass")) - 6)
            else:
                total += len(str(name).encode(errors="surrogatepass")) + 4 + _written(part)
        return total
    if isinstance(value, list):
        return 1 + sum(1 + _written(each) for each in value)
    if isinstance(value, str):
        return len(value.encode(errors="surrogatepass"))
    return len(json.dumps(value))


def _hosted(tools: Any) -> Iterator[tuple[str, int]]:
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, Mapping):
            continue
        kind = tool.get("type")
        if isinstance(kind, str) and kind in _OWN_TOOLS:
            dated = re.fullmatch(r"(.*)_[0-9]{8}", kind)
            uses = tool.get("max_uses")
            yield (dated[1] if dated else kind), uses if dated and _is_count(uses) else _CALLS
        elif kind == "namespace":
            yield from _hosted(tool.get("tools"))
        for key, own in _OWN_KEYS.items():
            if key in tool:
                yield own, _CALLS


def _searches(asked: Mapping[str, Any]) -> Iterator[str]:
    for name in ("web_search_options", "enable_search", "search_options", "web_search"):
        if asked.get(name) not in (None, False):
            yield name


def _refers(given: Any) -> bool:
    return isinstance(given, list) and any(
        isinstance(item, Mapping)
        and (item.get("type") in ("item_reference", "reasoning") or set(item) == {"id"})
        for item in given
    )


def _compacts(management: Any) -> bool:
    text = json.dumps(management)
    return '"compact_20260112"' in text or '"compaction"' in text


def _pages_of(asked: Mapping[str, Any]) -> int:
    wanted = asked.get("pages")
    if isinstance(wanted, list):
        return len(wanted) if min(wanted) >= 0 else _LONGEST_DOCUMENT
    if isinstance(wanted, str):
        known = {"0-2": 3, "3": 1, "0-4,9": 6}
        return known.get(wanted, 1 if wanted == "5-1" else _LONGEST_DOCUMENT)
    document = asked["document"]
    return 1 if document == {"type": "image_url", "image_url": "https://x.example/a.png"} else 1_000
