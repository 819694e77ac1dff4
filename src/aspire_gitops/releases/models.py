"""What LiteLLM's own list says of models: a suggestion that nobody of ours reviewed.

The list comes with LiteLLM and no reviewed price ever follows it: it is only quoted beside a
warning. Read when it is first asked for. `make models` writes it anew from the tested release.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from aspire_gitops.releases.release import Release


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model of LiteLLM's list. What it does not say is None.

    `name` is LiteLLM's. Prices are US dollars per million tokens, or per page; those of calls
    with more than `dearer_above` input tokens are higher.
    """

    name: str
    input_usd: Decimal | None = None
    output_usd: Decimal | None = None
    page_usd: Decimal | None = None
    dearer_above: int | None = None
    context_window_tokens: int | None = None
    max_output_tokens: int | None = None
    capabilities: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return `anthropic/claude-haiku-4-5: 1 in, 5 out USD per million tokens; …`."""
        return f"{self.name}: {'; '.join(self._facts()) or 'nothing'}"

    def _facts(self) -> Iterator[str]:
        if self.input_usd is not None and self.output_usd is not None:
            above = f", more above {self.dearer_above:,} tokens in" if self.dearer_above else ""
            prices = f"{self.input_usd:f} in, {self.output_usd:f} out"
            yield f"{prices} USD per million tokens{above}"
        elif self.input_usd is not None:
            yield f"{self.input_usd:f} USD per million tokens in"
        if self.page_usd is not None:
            yield f"{self.page_usd:f} USD per page"
        if self.context_window_tokens:
            yield f"context window {self.context_window_tokens:,}"
        if self.max_output_tokens:
            yield f"longest answer {self.max_output_tokens:,}"
        if self.capabilities:
            yield f"capabilities {', '.join(self.capabilities)}"


def listed_model(release: Release, api: str, model: str) -> ListedModel | None:
    """Return what the release's list says of a provider's model; None if it does not have it.

    Another company's model behind an API like OpenAI's is found by its own name, in the list of
    the first vendor that has it.
    """
    known = _read(release.models)
    prefix = release.apis[api].prefix
    vendors = [prefix, *(name for name in known if name != prefix)] if api == "openai" else [prefix]
    for vendor in vendors:
        if row := known.get(vendor, {}).get(model):
            return _listed(f"{vendor}/{model}", row)
    return None


def _listed(name: str, row: Mapping[str, Any]) -> ListedModel:
    return ListedModel(
        name,
        input_usd=_amount(row.get("in")),
        output_usd=_amount(row.get("out")),
        page_usd=_amount(row.get("page")),
        dearer_above=row.get("above"),
        context_window_tokens=row.get("window"),
        max_output_tokens=row.get("most"),
        capabilities=tuple(str(row.get("can", "")).split()),
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@cache
def _read(name: str) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    content = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    found: Mapping[str, Mapping[str, Mapping[str, Any]]] = content["vendors"]
    return found
