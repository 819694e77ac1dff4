"""The exact change that points code at the gateway, in the file's own language. Never edits a file."""

from aspire_gitops.egress.clients import OPENAI_FIXES, Client, Road
from aspire_gitops.egress.facts import Construction
from aspire_gitops.egress.gateway import KnownGateway

SETTINGS = frozenset({"env", "yaml", "dockerfile", "shell", "config"})
"""Languages that pass variables to programs."""

READERS = frozenset(
    {"AWS Textract", "AWS Rekognition", "Google Vision", "Google Document AI", "Azure AI services", "LlamaParse"}
)  # fmt: skip
"""Services that read pages and pictures: an alias with OCR or vision replaces them."""

_ENVIRONMENT = {
    "python": 'os.environ["{}"]',
    "javascript": "process.env.{}",
    "php": "getenv('{}')",
    "go": 'os.Getenv("{}")',
}
_QUOTE = {"php": "'{}'"}
_ASSIGNMENTS = {
    "yaml": "{}: {}",
    "dockerfile": "ENV {}={}",
    "shell": "export {}={}",
    "env": "{}={}",
    "config": "{}={}",
}


def for_client(
    made: Construction, client: Client, language: str, gateway: KnownGateway, model: str | None
) -> str:
    """Return the change for one client, and the alias for its model."""
    template = client.fix or _template(made, client, language)
    change = "write `" + _filled(template, client, language, gateway) + "`"
    if client.road is Road.REPLACE:
        change = f"call the gateway instead: {change}"
    if client.provider in READERS:
        alias = gateway.alias_for_pages()
        return f'{change}, and send the page to the alias "{alias}"' if alias else change
    return _with_alias(change, gateway, model)


def for_host(language: str, gateway: KnownGateway, model: str | None) -> str:
    """Return what replaces a provider's address."""
    url = gateway.url or "the gateway's base URL"
    if language in OPENAI_FIXES:
        client = Client("", road=Road.OPENAI)
        shown = _filled(OPENAI_FIXES[language], client, language, gateway)
        return _with_alias(f"call {url} with the app's gateway key: `{shown}`", gateway, model)
    return _with_alias(f"call {url} with the app's gateway key", gateway, model)


def for_key(language: str, gateway: KnownGateway, model: str | None) -> str:
    """Return what replaces a provider's key."""
    if language in SETTINGS:
        key = set_variable("OPENAI_BASE_URL", language, gateway)
        return f"remove it; the app needs its gateway key in OPENAI_API_KEY, and beside it {key}"
    client = Client("", road=Road.OPENAI)
    shown = _filled(OPENAI_FIXES[language], client, language, gateway)
    return _with_alias(f"use the app's gateway key: `{shown}`", gateway, model)


def set_variable(name: str, language: str, gateway: KnownGateway) -> str:
    """Return the line that sets an address variable."""
    address = gateway.origin if name.startswith(("ANTHROPIC", "AZURE")) else gateway.url
    line = _ASSIGNMENTS.get(language, "{}={}").format(name, address or "<the gateway's base URL>")
    return f"`{line}`"


def beside(key: str, base: str, language: str, gateway: KnownGateway) -> str:
    """Return the line that sets the address beside a key."""
    return f"if {key} is the app's gateway key, add {set_variable(base, language, gateway)}"


def _template(made: Construction, client: Client, language: str) -> str:
    if client.road is Road.REPLACE:
        return OPENAI_FIXES[language]
    name = (client.base or ("base_url",))[0]
    if language == "javascript":
        return f"{made.shown}({{{{ {name}: {{url}}, apiKey: {{key}} }}}})"
    return f"{made.shown}({name}={{url}}, api_key={{key}})"


def _filled(template: str, client: Client, language: str, gateway: KnownGateway) -> str:
    anthropic = client.road is Road.ANTHROPIC
    address = gateway.origin if anthropic else gateway.url
    environment = _ENVIRONMENT[language]
    variable = "ANTHROPIC" if anthropic else "OPENAI"
    quote = _QUOTE.get(language, '"{}"')
    unknown = environment.format(f"{variable}_BASE_URL")
    return template.format(
        url=quote.format(address) if address else unknown,
        v1=quote.format(gateway.url) if gateway.url else unknown,
        key=environment.format(f"{variable}_API_KEY"),
        bare=address or "<the gateway's base URL>",
    )


def _with_alias(change: str, gateway: KnownGateway, model: str | None) -> str:
    if not gateway.aliases or not model:
        return change
    if gateway.is_at(model) or any(alias.name == model for alias in gateway.aliases):
        return change
    found = gateway.alias_for(model)
    if found:
        return f'{change}, and call the alias "{found}" instead of the model "{model}"'
    names = ", ".join(sorted(alias.name for alias in gateway.aliases)[:12])
    return f'{change}; no alias belongs to the family of "{model}": the gateway has {names}'
