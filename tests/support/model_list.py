"""Write the reduced list of models that LiteLLM's tested release brings: `make models`.

Facts only, of the vendors that our Providers can speak to, one model a line.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from aspire_gitops import releases
from aspire_gitops.releases import TESTED
from aspire_gitops.sandbox.install import install

VENDORS: Final = ("openai", "anthropic", "mistral", "dashscope", "deepseek", "gemini", "xai")
_MODES = {"chat", "responses", "embedding", "ocr"}
_CAPABILITIES = {
    "supports_vision": "vision",
    "supports_function_calling": "tools",
    "supports_response_schema": "json_schema",
    "supports_reasoning": "reasoning",
    "supports_prompt_caching": "prompt_caching",
    "supports_audio_input": "audio",
}
_HEAD = {
    "source": f"model_prices_and_context_window_backup.json of LiteLLM {TESTED.version}, reduced by `make models`",
    "licence": "MIT, Copyright (c) 2023 Berri AI; the full text is in NOTICE",
    "reviewed": "by nobody here: quoted as a suggestion, never a price that counts",
}


def list_file() -> Path:
    """Return where the reduced list is."""
    return Path(releases.__file__).with_name(TESTED.models)


def reduced(listing: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the reduced list, as it is stored."""
    vendors: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in VENDORS}
    for name, row in listing.items():
        vendor = row.get("litellm_provider")
        if vendor in vendors and row.get("mode") in _MODES and not name.startswith("ft:"):
            vendors[vendor][name.removeprefix(f"{vendor}/")] = dict(_facts(row))
    head = ",\n".join(f"{json.dumps(key)}: {json.dumps(text)}" for key, text in _HEAD.items())
    parts = ",\n".join(_vendor(name, models) for name, models in vendors.items())
    return f'{{\n{head},\n"vendors": {{\n{parts}\n}}\n}}\n'


def _vendor(name: str, models: Mapping[str, Mapping[str, Any]]) -> str:
    rows = (f"{json.dumps(model)}: {json.dumps(models[model])}" for model in sorted(models))
    return f"{json.dumps(name)}: {{\n{f',{chr(10)}'.join(rows)}\n}}"


def _facts(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    tiers = row.get("tiered_pricing") or [row]
    million = 1_000_000
    for name, field in (("in", "input_cost_per_token"), ("out", "output_cost_per_token")):
        if (cost := tiers[0].get(field)) is not None:
            yield name, _plain(Decimal(str(cost)) * million)
    if (cost := row.get("ocr_cost_per_page")) is not None:
        yield "page", _plain(Decimal(str(cost)))
    if len(tiers) > 1:
        yield "above", int(tiers[0]["range"][1])
    for name, field in (("window", "max_input_tokens"), ("most", "max_output_tokens")):
        if isinstance(row.get(field), int | float):
            yield name, int(row[field])
    if can := [word for field, word in _CAPABILITIES.items() if row.get(field)]:
        yield "can", " ".join(can)


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def litellms_own() -> Mapping[str, Mapping[str, Any]]:
    """Return the list that the tested release of LiteLLM brings."""
    path = install(print).site_packages / "litellm/model_prices_and_context_window_backup.json"
    found: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    list_file().write_text(reduced(litellms_own()), encoding="utf-8")
