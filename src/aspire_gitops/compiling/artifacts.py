"""Write the compiled state down for reviewers: three files, the same bytes for the same commit.

No secret and no time of day is in them. `manifest.json` has the digests of the
other two, so that one look says whether two revisions ask for the same thing, and
`config_digest`, which is what a process that runs this `config.yaml` says of itself.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version

from aspire_gitops.codec.values import document, object_json, revision_json
from aspire_gitops.kinds import KINDS
from aspire_gitops.state import Approved, Compiled, GatewayObject, Intent
from aspire_ledger.canonical import JsonValue, config_digest, pretty_json

CONFIG, OBJECTS, MANIFEST = "config.yaml", "objects.json", "manifest.json"


def artifacts(compiled: Compiled) -> Mapping[str, str]:
    """Return file name → text, for `config.yaml`, `objects.json` and `manifest.json`."""
    files = {CONFIG: compiled.config_yaml, OBJECTS: pretty_json(_objects(compiled))}
    return {**files, MANIFEST: pretty_json(_manifest(compiled, files))}


def _objects(compiled: Compiled) -> JsonValue:
    groups: dict[str, dict[str, JsonValue]] = {f"{kind}s": {} for kind in KINDS}
    for key, wanted in compiled.objects.items():
        groups[f"{key.kind}s"][key.name] = _object(wanted, compiled.intents[key])
    approvals = [_approval(one) for one in compiled.approvals]
    return document("objects", {"approvals": approvals, **groups})


def _object(wanted: GatewayObject, intent: Intent) -> JsonValue:
    return {
        "declared_in": intent.source,
        "handle": wanted.handle,
        "fields": wanted.fields,
        "adopt": intent.adopt,
        **({"reset_spend": True} if intent.reset_spend else {}),
        "secrets": {path: str(reference) for path, reference in intent.secrets.items()},
        "deliver": intent.delivery.tagged if intent.delivery else None,
    }


def _approval(one: Approved) -> JsonValue:
    return {
        "change": one.change,
        "object": object_json(one.object),
        "owner": one.owner,
        "reason": one.reason,
    }


def _manifest(compiled: Compiled, files: Mapping[str, str]) -> JsonValue:
    gateway, exchange = compiled.gateway, compiled.gateway.exchange
    counts = Counter(key.kind for key in compiled.objects)
    content: dict[str, JsonValue] = {
        "compiler": f"aspire-gitops {version('aspire-gitops')}",
        "revision": revision_json(compiled.revision),
        "gateway": {
            "name": gateway.name,
            "url": gateway.url,
            "litellm_version": gateway.litellm_version,
        },
        "exchange": {
            "usd_per_aud": str(exchange.usd_per_aud),
            "as_of": exchange.as_of.isoformat(),
            "source": exchange.source,
        },
        "counts": {f"{kind}s": counts[kind] for kind in KINDS},
        "config_digest": config_digest(compiled.config_yaml),
        "digests": {name: _sha256(text) for name, text in files.items()},
    }
    return document("manifest", content)


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
