"""Write reviewed folders for tests: one file for each resource, named as people name them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from support.catalogs import GATEWAY

_FOLDERS = {
    "Provider": "providers",
    "Alias": "aliases",
    "App": "apps",
    "Budget": "budgets",
    "Approval": "approvals",
    "Delivery": "deliveries",
}

BUDGET: Mapping[str, Any] = {"kind": "Budget", "name": "shared", "monthly_aud": "100"}


def provider(name: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "Provider",
        "name": name,
        "vendor": f"{name}.example",
        "api": "openai",
        "base_url": f"https://api.{name}.example/v1",
        "credential": {"env": f"{name.upper()}_API_KEY"},
        "billing": "metered",
        **more,
    }


def alias(name: str, at: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "Alias",
        "name": name,
        "mode": "chat",
        "target": {"provider": at, "model": f"{name}-1"},
        "price": {"input_usd_per_million_tokens": "0.40", "output_usd_per_million_tokens": "1.60"},
        **more,
    }


def app(name: str, aliases: Iterable[str], *keys: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "kind": "App",
        "name": name,
        "owner": "platform@example.com",
        "aliases": list(aliases),
        "budget": "shared",
        "keys": list(keys),
        **more,
    }


def write_folder(folder: Path, resources: Iterable[Mapping[str, Any]]) -> Path:
    """Write `resources` below `folder`, the Gateway and the shared budget included."""
    for resource in (GATEWAY, BUDGET, *resources):
        place = folder / _FOLDERS.get(resource["kind"], ".")
        place.mkdir(parents=True, exist_ok=True)
        name = "gateway" if resource["kind"] == "Gateway" else resource["name"]
        text = yaml.safe_dump(dict(resource), sort_keys=False)
        (place / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder
