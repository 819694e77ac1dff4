"""What was live at one moment, object by object, beside what is live now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import TypeAlias

from rich.text import Text

from aspire_gitops.codec.values import document, object_json
from aspire_gitops.journal.lines import line_json
from aspire_gitops.journal.wording import EntryLike, who_text
from aspire_gitops.rendering.plan_wording import amount_note, has_backstop
from aspire_gitops.resources.price_units import INPUT, OUTPUT
from aspire_gitops.spend import Route
from aspire_gitops.vocabulary import moment_there, one_line, plural, value_text
from aspire_ledger.canonical import JsonValue

Row: TypeAlias = Mapping[str, JsonValue]
Chooses: TypeAlias = Callable[[Mapping[str, Sequence[Row]]], Sequence[str]]
"""Takes every object and its rows, and returns the names of those to show, in order."""


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field, then and now. None is unset."""

    path: str
    then: JsonValue
    now: JsonValue


@dataclass(frozen=True, slots=True)
class ObjectThen:
    """One object: its rows then (none if it was gone), the line that says so, and the rows now."""

    name: str
    rows: tuple[Row, ...]
    line: EntryLike
    now: tuple[Row, ...]

    @property
    def differences(self) -> tuple[FieldDifference, ...]:
        """What differs now, where there is one row then and one now."""
        if len(self.rows) == 1 == len(self.now):
            return tuple(_differences(self.rows[0], self.now[0]))
        return ()

    @property
    def is_the_same(self) -> bool:
        return not self.differences and len(self.rows) == len(self.now)


@dataclass(frozen=True, slots=True)
class Then:
    """Everything that was asked about.

    `applied` is the line of the last whole revision until then; `came` names what
    was not there then and is now.
    """

    at: datetime
    applied: EntryLike | None
    objects: tuple[ObjectThen, ...]
    came: tuple[str, ...] = ()


def view(
    at: datetime,
    applied: EntryLike | None,
    newest: Mapping[str, EntryLike],
    now: Mapping[str, JsonValue],
    chooses: Chooses,
) -> Then:
    """Put together what was live.

    `newest` has for each object the line that last said before then what it was.
    `now` says what each object is now; it may come from the journal or a snapshot.
    """
    then = {name: rows_of(line.draft.body.get("state")) for name, line in newest.items()}
    today = {name: rows_of(state) for name, state in now.items()}
    objects = tuple(
        ObjectThen(name, then[name], newest[name], today.get(name, ())) for name in chooses(then)
    )
    shown = {one.name for one in objects if one.rows}
    came = (name for name in chooses(today) if today[name] and name not in shown)
    return Then(at, applied, objects, tuple(name for name in came if not then.get(name)))


def everything(then: Mapping[str, Sequence[Row]]) -> Sequence[str]:
    """Choose all that was there."""
    return sorted(name for name, rows in then.items() if rows)


def of_alias(alias: str) -> Chooses:
    """Choose one alias, and the provider that it called."""
    return lambda then: _alias(alias, then)


def of_app(app: str) -> Chooses:
    """Choose an app's keys, and each alias that they could call with its provider."""

    def choose(then: Mapping[str, Sequence[Row]]) -> Sequence[str]:
        keys = [name for name in sorted(then) if _is_key_of(app, name, then[name])]
        models = {alias for key in keys for row in then[key] for alias in texts(row, "models")}
        found = [*keys, *(name for alias in sorted(models) for name in _alias(alias, then))]
        return tuple(dict.fromkeys(found))

    return choose


def rows_of(state: JsonValue) -> tuple[Row, ...]:
    """Return a state as rows: none for an object that is gone."""
    if isinstance(state, Mapping):
        return (state,)
    if isinstance(state, list | tuple):
        return tuple(row for row in state if isinstance(row, Mapping))
    return ()


def fields(row: Row) -> Row:
    found = row.get("fields")
    return found if isinstance(found, Mapping) else {}


def texts(row: Row, path: str) -> tuple[str, ...]:
    """Return a field that holds a list, as texts."""
    found = fields(row).get(path)
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def then_json(then: Then) -> dict[str, JsonValue]:
    """Return everything for machines."""
    content: dict[str, JsonValue] = {
        "at": then.at.isoformat(),
        "applied": line_json(then.applied) if then.applied else None,
        "objects": [
            {
                "object": object_json(one.name),
                "rows": list(one.rows),
                "entry": line_json(one.line),
                "same_now": one.is_the_same,
                "rows_now": list(one.now),
                "differences": [
                    {"path": d.path, "then": d.then, "now": d.now} for d in one.differences
                ],
            }
            for one in then.objects
        ],
        "came": [object_json(name) for name in then.came],
    }
    return document("state-at", content)


def _alias(alias: str, then: Mapping[str, Sequence[Row]]) -> Sequence[str]:
    name = f"deployment/{alias}"
    credentials = {
        str(fields(row).get("litellm_params.litellm_credential_name")) for row in then.get(name, ())
    }
    providers = sorted(
        other
        for other, rows in then.items()
        if other.startswith("credential/") and any(row.get("handle") in credentials for row in rows)
    )
    return [name, *providers] if name in then else []


def routes_of(name: str, state: JsonValue, since: datetime) -> Iterator[Route]:
    """Yield where the calls of one deployment went from then on. `name` is `deployment/chat`."""
    kind, _, alias = name.partition("/")
    if kind != "deployment":
        return
    rows = rows_of(state)
    for row in rows:
        found = fields(row)
        provider = _text(found.get("litellm_params.litellm_credential_name")).removeprefix("gw.")
        protocol = _text(found.get("litellm_params.model")).partition("/")[0]
        yield Route(alias, _text(row.get("address")), provider, protocol, since)
    if not rows:
        yield Route(alias, "", "", "", since)


def _is_key_of(app: str, name: str, rows: Sequence[Row]) -> bool:
    if not name.startswith("key/"):
        return False
    # Of a key that is gone only the name is left.
    named = {str(fields(row).get("metadata.app")) for row in rows}
    return app in named or (not rows and name.startswith(f"key/{app}."))


def _differences(then: Row, now: Row) -> Iterator[FieldDifference]:
    for part in ("handle", "address"):
        if then.get(part) != now.get(part):
            yield FieldDifference(part, then.get(part), now.get(part))
    before, after = fields(then), fields(now)
    for path in sorted(before.keys() | after.keys()):
        if _plain(before.get(path)) != _plain(after.get(path)):
            yield FieldDifference(path, before.get(path), after.get(path))


def _plain(value: JsonValue) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value


_LIMITS = {
    "rpm_limit": "requests a minute",
    "tpm_limit": "tokens a minute",
    "max_parallel_requests": "calls at once",
}
_PRICES = {INPUT.litellm: "in", OUTPUT.litellm: "out"}


def then_text(then: Then, zone: tzinfo | None = None) -> Iterator[Text]:
    """Yield the head line and one paragraph for each object."""
    yield Text.assemble(("Live at ", "bold"), (moment_there(then.at, zone), "bold"), ":")
    if then.applied:
        said = then.applied.draft
        yield Text(f"{who_text(said)}; complete since {moment_there(said.at, zone)}", style="dim")
    else:
        yield Text("No revision had been applied completely by then.", style="dim")
    for one in then.objects:
        yield Text("")
        yield _object(one, zone)
    if not then.objects:
        yield Text("\nThe journal has nothing of it at that time.")
    if then.came:
        names = ", ".join(map(one_line, then.came))
        yield Text(f"\nAdded since: {names}", style="yellow")


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


def _set_by(line: EntryLike, zone: tzinfo | None) -> str:
    said = line.draft
    when = f"{moment_there(said.at, zone)} (entry {line.number})"
    if str(said.kind) == "observed":
        by = said.body.get("by")
        return f"found there {when}, set by {one_line(str(by)) if by else 'an unknown person'}"
    return f"set {when} by {who_text(said)}"


def _now(one: ObjectThen) -> Text:
    if one.is_the_same:
        return Text("now: the same", style="green")
    if not one.now:
        return Text("now: gone", style="red")
    if not one.differences:
        return Text(f"now: {plural(len(one.now), 'row')}, then {len(one.rows)}", style="yellow")
    changes = "\n       ".join(
        f"{one_line(d.path)}: {value_text(d.then)} → {value_text(d.now)}{_noted(d, one)}"
        for d in one.differences
    )
    return Text(f"now: {changes}", style="yellow")


def _noted(difference: FieldDifference, one: ObjectThen) -> str:
    note = amount_note(difference.path, fields(one.now[0]))
    return f" ({note})" if note else ""


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
    cap = f"budget {_text(found.get('metadata.monthly_aud'))} AUD a month"
    if uplift := found.get("metadata.uplift_aud"):
        until = _text(found.get("metadata.uplift_until"))
        cap += f" and {_text(uplift)} AUD more until {until}"
    if found.get("max_budget") is not None:
        what = "backstop" if has_backstop(found) else "own cap"
        cap += f" (LiteLLM's {what}: {_text(found.get('max_budget'))} USD)"
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
    price = Decimal(str(value)) * INPUT.per
    return f"{price.normalize():f}" if price else "0"
