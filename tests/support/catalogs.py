"""Catalogs for tests: from a folder of reviewed files, or from a few mappings."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.loading import Document, load
from aspire_gitops.resources import RESOURCES, ResourceKind
from aspire_gitops.validation import validate
from aspire_gitops.vocabulary import Revision, SourceFile, SourceTree

TODAY = date(2026, 11, 23)
REVISION = Revision("main", commit="4f2c9d1" + "0" * 33)

GATEWAY: Mapping[str, Any] = {
    "kind": "Gateway",
    "name": "test",
    "url": "https://llm.example.com/v1",
    "litellm": {"version": "1.106.2"},
    "timezone": "Australia/Sydney",
    "exchange": {
        "usd_per_aud": "0.6512",
        "as_of": "2026-11-20",
        "source": "RBA F11.1",
        "max_age_days": 45,
    },
    "availability": {"max_downtime_minutes_per_month": 60},
    # Most tests count keys and writes of apps; those of probes take `probes` out again.
    "policy": {"fallbacks": "forbid", "unpriced_aliases": "forbid", "probes": "off"},
}


def tree_of_folder(folder: Path) -> SourceTree:
    paths = sorted(folder.rglob("*.yaml"))
    files = (
        SourceFile(f"gateway.d/{path.relative_to(folder).as_posix()}", path.read_bytes())
        for path in paths
    )
    return SourceTree(REVISION, tuple(files))


def catalog_of_folder(folder: Path, *, today: date = TODAY) -> Catalog:
    """Read and check a folder as the program does on a day."""
    validated = validate(load(tree_of_folder(folder)), REVISION, today=today)
    # A gateway's file is called gateway.yaml whatever the gateway's name.
    errors = [one for one in validated.diagnostics if one.is_error and one.rule.code != "AG103"]
    assert errors == []
    return validated.catalog


def catalog_of(resources: Iterable[Mapping[str, Any]]) -> Catalog:
    return catalog_of_documents(
        Document(f"gateway.d/{value['kind']}/{value['name']}.yaml", value, "")
        for value in resources
    )


def catalog_of_documents(documents: Iterable[Document]) -> Catalog:
    groups: dict[str, dict[str, Any]] = {kind: {} for kind in ResourceKind}
    for document in documents:
        kind = document.value["kind"]
        spec = RESOURCES[ResourceKind(kind)].model_validate(document.value)
        groups[kind][spec.name] = Declared(spec, document)
    gateways = list(groups["Gateway"].values())
    return Catalog(
        REVISION,
        gateways[0] if gateways else None,
        groups["Provider"],
        groups["Alias"],
        groups["App"],
        groups["Budget"],
        groups["Approval"],
        groups["Delivery"],
    )


def provider(name: str = "cloud-first", **changes: Any) -> dict[str, Any]:
    return {
        "kind": "Provider",
        "name": name,
        "vendor": "cloud-first.ai",
        "api": "openai",
        "base_url": "https://api.cloud-first.ai/v1",
        "credential": {"env": "CLOUD_FIRST_API_KEY"},
        "billing": "metered",
        **changes,
    }


def alias(name: str = "qwen-chat", **changes: Any) -> dict[str, Any]:
    return {
        "kind": "Alias",
        "name": name,
        "mode": "chat",
        "target": {"provider": "cloud-first", "model": "qwen3-max"},
        "price": {"input_usd_per_million_tokens": "1.20", "output_usd_per_million_tokens": "6"},
        **changes,
    }


def app(name: str = "agents", **changes: Any) -> dict[str, Any]:
    return {
        "kind": "App",
        "name": name,
        "owner": "platform@example.com",
        "aliases": ["qwen-chat"],
        "budget": "shared",
        "keys": [{"name": "default", "deliver": {"file": "/var/lib/keys/default"}}],
        **changes,
    }


def budget(name: str = "shared", **changes: Any) -> dict[str, Any]:
    return {"kind": "Budget", "name": name, "monthly_aud": "180", **changes}
