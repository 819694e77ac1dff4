"""`kind: Gateway` → the static `config.yaml`: settings only, every road to a fallback closed."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined

from aspire_gitops.resources import GatewaySpec, LedgerSpec
from aspire_ledger.canonical import CONFIG_DIGEST, config_digest

_TEMPLATES = Environment(
    loader=PackageLoader("aspire_gitops", "compiling"),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 (YAML, not HTML; `quoted` is the escape)
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)


def compile_config(gateway: GatewaySpec) -> str:
    """Return the file's text. A restart brings it into force; it changes with the `Gateway` only.

    Its last line tells the digest of all others, which each process of the gateway reports.
    """
    settings = _TEMPLATES.get_template("config.yaml.j2").render(
        gateway=gateway, outage=_outage(gateway.ledger)
    )
    return f'{settings}  {CONFIG_DIGEST}: "{config_digest(settings)}"\n'


def _outage(ledger: LedgerSpec | None) -> str:
    if ledger is None or ledger.on_outage == "refuse":
        return "refuse"
    return f"allow for {ledger.on_outage.allow_for_minutes} minutes"
