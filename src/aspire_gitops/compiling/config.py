"""`kind: Gateway` → the static `config.yaml`: settings only, every road to a fallback closed."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined

from aspire_gitops.resources import GatewaySpec

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
    """Return the file's text. A restart brings it into force; it changes with the `Gateway` only."""
    return _TEMPLATES.get_template("config.yaml.j2").render(gateway=gateway)
