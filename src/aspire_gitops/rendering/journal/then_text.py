"""What was live at one moment, for a terminal: one paragraph for each object."""

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from decimal import Decimal

from rich.text import Text

from aspire_gitops.rendering.characters import one_line
from aspire_gitops.rendering.journal.then import ObjectThen, Row, Then, fields, texts
from aspire_gitops.rendering.journal.words import Line, when_text, who_text
from aspire_gitops.rendering.plan.words import plural, value_text
from aspire_ledger.canonical import JsonValue

_LIMITS = {
    "rpm_limit": "requests a minute",
    "tpm_limit": "tokens a minute",
    "max_parallel_requests": "calls at once",
}
_PRICES = {
    "input_cost_per_token": "in",
    "output_cost_per_token": "out",
}


def then_text(then: Then, zone: tzinfo | None = None) -> Iterator[Text]:
    """Yield the head line and one paragraph for each object."""
    yield Text.assemble(("Live at ", "bold"), (when_text(then.at, zone), "bold"), ":")
    if then.applied:
        said = then.applied.draft
        yield Text(f"{who_text(said)}; whole since {when_text(said.at, zone)}", style="dim")
    else:
        yield Text("No revision had been applied whole by then.", style="dim")
    for one in then.objects:
        yield Text("")
        yield _object(one, zone)
    if not then.objects:
        yield Text("\nNothing of it was there then, as far as the journal knows.")
    if then.came:
        names = ", ".join(map(one_line, then.came))
        yield Text(f"\nNot there then, and there now: {names}", style="yellow")


def _object(one: ObjectThen, zone: tzinfo | None) -> Text:
    kind, _, name = one.name.partition("/")
    words, what = _KINDS.get(kind, (kind, lambda _row: ""))
    text = Text.assemble((f"{words} {one_line(name)}", "bold"))
    if not one.rows:
        text.append(": gone")
    for row in one.rows:
        text.append(f"\n  {what(row)}")
    text.append(f"\n  {_set_by(one.line, zone)}", style="dim")
    text.append("\n  ").append(_now(one))
    return text


def _set_by(line: Line, zone: tzinfo | None) -> str:
    said = line.draft
    when = f"{when_text(said.at, zone)} (entry {line.number})"
    if str(said.kind) == "observed":
        by = said.body.get("by")
        return (
            f"found there {when}, set by {one_line(str(by)) if by else 'a hand that nobody names'}"
        )
    return f"set {when} by {who_text(said)}"


def _now(one: ObjectThen) -> Text:
    if one.is_the_same:
        return Text("now: the same", style="green")
    if not one.now:
        return Text("now: gone", style="red")
    if not one.differences:
        return Text(f"now: {plural(len(one.now), 'row')}, then {len(one.rows)}", style="yellow")
    changes = "\n       ".join(
        f"{one_line(d.path)}: {value_text(d.then)} → {value_text(d.now)}" for d in one.differences
    )
    return Text(f"now: {changes}", style="yellow")


def _deployment(row: Row) -> str:
    found = fields(row)
    provider = _text(found.get("litellm_params.litellm_credential_name")).removeprefix("gw.")
    prices = [
        f"{_per_million(found.get(f'litellm_params.{path}'))} {way}"
        for path, way in _PRICES.items()
        if found.get(f"litellm_params.{path}") is not None
    ]
    price = f", USD per million tokens: {', '.join(prices)}" if prices else ""
    return f"→ {_text(found.get('litellm_params.model'))} at {provider or 'no provider'}{price}"


def _key(row: Row) -> str:
    found = fields(row)
    cap = f"{_text(found.get('metadata.monthly_aud'))} AUD a month"
    if found.get("max_budget") is not None:
        cap += f" ({_text(found.get('max_budget'))} USD)"
    limits = [f"{_text(found[path])} {unit}" for path, unit in _LIMITS.items() if path in found]
    aliases = ", ".join(one_line(name) for name in texts(row, "models")) or "none"
    return "; ".join(
        [cap, f"aliases: {aliases}", *limits, f"owner {_text(found.get('metadata.owner'))}"]
    )


def _credential(row: Row) -> str:
    found = fields(row)
    address = _text(found.get("credential_values.api_base")) or "the vendor's own address"
    return f"{_text(found.get('credential_info.vendor'))} at {address}"


_KINDS: Mapping[str, tuple[str, Callable[[Row], str]]] = {
    "deployment": ("alias", _deployment),
    "key": ("key", _key),
    "credential": ("provider", _credential),
}


def _text(value: JsonValue) -> str:
    return "" if value is None else one_line(str(value))


def _per_million(value: JsonValue) -> str:
    if not isinstance(value, int | float):
        return _text(value)
    price = Decimal(str(value)) * 1_000_000
    return f"{price.normalize():f}" if price else "0"
