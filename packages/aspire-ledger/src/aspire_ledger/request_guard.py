"""Judge a request by its contract, before anything is built from it. Pure.

What a caller may say is a list; everything else is refused by its name, taken out
where honest clients send it and it reaches nobody, or, for an app that is being
observed, let through and counted. Limits that make a call's cost finite are lowered
to the alias's own, and written where the request has none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from aspire_ledger.body import hosted_tools
from aspire_ledger.card import Card
from aspire_ledger.contract import EXTENSIONS, IMAGE_EDITS, IMAGES, RESPONSES, Consent, Contract
from aspire_ledger.shapes import Effect, Parameter, Shape, fits, is_absent, whole

MOST_ANSWERS: Final = 128  # no provider makes more of one request
DEFAULT_OUTPUT_LIMIT: Final = 32_768  # tokens of one answer, where the alias states none
_LEAST_THINKING: Final = 1024  # the least that Anthropic takes as a budget
_MOST_PREVIEWS: Final = 10
_SEARCH: Final = "web_search"
_WITHOUT_STREAMS: Final = frozenset({IMAGES.name, IMAGE_EDITS.name})
_YES: Final = (True, "true", "True", "TRUE")
_UNKNOWN: Final = Parameter(Shape.TEXT, Effect.THINKING_BESIDE, extension=True)


class Objection(Exception):
    """The request is refused. `kind` is for programs, `parameter` names what is wrong."""

    def __init__(
        self, message: str, *, parameter: str, kind: str = "invalid_request", status: int = 400
    ) -> None:
        super().__init__(message)
        self.message, self.parameter, self.kind, self.status = message, parameter, kind, status


@dataclass(frozen=True, slots=True)
class Judged:
    """A request that may go on, changed.

    `removed` are names to take out, `written` values to set. `passed` are names that no
    list has and that go on because the app is observed. `lowered` says for each field that
    was lowered or written what it is now.
    """

    removed: frozenset[str] = frozenset()
    written: Mapping[str, Any] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    lowered: Mapping[str, int] = field(default_factory=dict)


def judge(
    contract: Contract,
    body: Mapping[str, Any],
    card: Card | None,
    consent: Consent,
    *,
    form: bool = False,
) -> Judged:
    """Return what becomes of a request.

    Args:
        contract: Of its kind of call.
        body: The caller's own body, as it came.
        card: The alias's; without one (a key that nobody booked a card for) nothing is lowered.
        consent: What it may say beyond the contract.
        form: It came as a form, where numbers are texts.

    Raises:
        Objection: It is refused.
    """
    removed = {name for name in body if is_absent(body[name]) and name not in contract.parameters}
    passed = set()
    for name, value in body.items():
        if name in removed:
            continue
        if name in contract.removed:
            removed.add(name)
        elif parameter := _parameter(contract, name, consent):
            _check(name, value, parameter, consent, form=form)
        elif _may_be_observed(name, consent):
            passed.add(name)
        else:
            raise _not_allowed(contract, name, consent)
    _check_required(contract, body)
    if contract.name == RESPONSES.name and body.get("background"):
        raise _background()
    if contract.name in _WITHOUT_STREAMS and body.get("stream") in _YES:
        raise _streamed_image()
    kept = {name: value for name, value in body.items() if name not in removed}
    written, lowered = _limits(contract, kept, card) if card else ({}, {})
    if card:
        _check_fees(kept, card)
    return Judged(frozenset(removed), written, frozenset(passed), lowered)


def judge_names(
    contract: Contract, names: Iterable[str], meanings: frozenset[str] | None = None
) -> None:
    """Refuse names before LiteLLM reads them, where the hook would come too late.

    Args:
        contract: Of the kind of call.
        names: As they stand in the body.
        meanings: Refuse only those that mean something to LiteLLM; without it, all that no
            list has. What is left is judged when the alias and the key are known.

    Raises:
        Objection: With the first of them.
    """
    for name in names:
        is_known = name in contract.parameters or name in EXTENSIONS
        if not is_known and (meanings is None or name in meanings):
            raise _not_allowed(contract, name, Consent(meanings=meanings or frozenset()))


def output_limit(card: Card) -> int:
    """Return how many tokens one answer of an alias may have, whatever a request says."""
    return card.max_output_tokens or DEFAULT_OUTPUT_LIMIT


def parameter_of(contract: Contract, name: str) -> Parameter:
    """Return what is known of a parameter that was let through."""
    return contract.parameters.get(name) or EXTENSIONS.get(name) or _UNKNOWN


def _parameter(contract: Contract, name: str, consent: Consent) -> Parameter | None:
    if known := contract.parameters.get(name):
        return known
    if name not in consent.extensions:
        return None
    if known := EXTENSIONS.get(name):
        return known
    # A name that only the reviewer knows. It must mean nothing to the gateway itself.
    return _UNKNOWN if _means_nothing(name, consent) else None


def _means_nothing(name: str, consent: Consent) -> bool:
    return bool(consent.meanings) and name not in consent.meanings and name.isidentifier()


def _may_be_observed(name: str, consent: Consent) -> bool:
    return consent.observes and name not in EXTENSIONS and _means_nothing(name, consent)


def _check(
    name: str,
    value: Any,
    parameter: Parameter,
    consent: Consent,
    *,
    form: bool,
) -> None:
    if is_absent(value) or parameter is _UNKNOWN:
        return
    if not fits(parameter.shape, value, form=form):
        raise Objection(f"`{name}` must be {parameter.shape.value}", parameter=name)
    if parameter.values and name not in consent.extensions:
        for text in [value] if isinstance(value, str) else value:
            if text not in parameter.values:
                raise _other_value(name, text, parameter)
    _check_count(name, value, parameter)


def _check_count(name: str, value: Any, parameter: Parameter) -> None:
    if parameter.effect is Effect.ANSWERS and not 1 <= (whole(value) or 0) <= MOST_ANSWERS:
        raise Objection(f"`{name}` must be 1 to {MOST_ANSWERS}", parameter=name)
    if parameter.effect is Effect.PREVIEWS and not 0 <= (whole(value) or 0) <= _MOST_PREVIEWS:
        raise Objection(f"`{name}` must be 0 to {_MOST_PREVIEWS}", parameter=name)


def _check_required(contract: Contract, body: Mapping[str, Any]) -> None:
    for name in contract.required:
        if is_absent(body.get(name)):
            raise Objection(f"`{name}` is missing", parameter=name)


def _check_fees(body: Mapping[str, Any], card: Card) -> None:
    for kind, name in _fees(body):
        if kind not in card.price.usd_per_use:
            raise Objection(
                f"`{name}` runs {kind} at the provider, and the alias states no fee for it; "
                f'add to the alias: `price: {{usd_per_use: {{{kind}: "0.01"}}}}`',
                parameter=name,
                kind="tool_without_price",
            )


def _fees(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for tool in hosted_tools(body.get("tools")):
        yield tool.kind, "tools"
    for name in searches(body):
        yield _SEARCH, name


def searches(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parameters of a request that make the provider search, besides tools."""
    for name in ("web_search_options", "enable_search", "search_options", "web_search"):
        value = body.get(name)
        # `web_search_options: {}` asks for a search with everything at its default.
        if value is not None and value is not False:
            yield name


def _limits(
    contract: Contract, body: Mapping[str, Any], card: Card
) -> tuple[dict[str, Any], dict[str, int]]:
    if not contract.limits:
        return {}, {}
    most = output_limit(card)
    stated = {
        name: whole(body[name]) or 0 for name in contract.limits if not is_absent(body.get(name))
    }
    lowered = {name: most for name, value in stated.items() if not 0 < value <= most}
    if not stated:
        name, own = _own_limit(contract, card)
        lowered[name] = min(own, most)
    limit = min({**stated, **lowered}.values())
    return {**lowered, **_thinking(body, limit)}, lowered


def _own_limit(contract: Contract, card: Card) -> tuple[str, int]:
    """Return the field to write, and what the alias itself states in it."""
    for name in contract.limits:
        own = whole(card.parameters.get(name))
        if own and own > 0:
            return name, own
    return contract.limits[0], output_limit(card)


def _thinking(body: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Keep a stated thinking budget below the limit of the answer, as its provider demands."""
    thinking = body.get("thinking")
    budget = whole(thinking.get("budget_tokens")) if isinstance(thinking, Mapping) else None
    if not isinstance(thinking, Mapping) or budget is None or budget < limit:
        return {}
    if limit <= _LEAST_THINKING:
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {**thinking, "budget_tokens": limit - 1}}


def _not_allowed(contract: Contract, name: str, consent: Consent) -> Objection:
    shown = name if name.isprintable() and len(name) <= 80 else f"{name[:80]!r}…"
    message = f"`{shown}` is not a parameter of {contract.name}"
    if name in EXTENSIONS or _means_nothing(name, consent):
        help_ = f"if the model needs it, add it to the alias: `allow_parameters: [{shown}]`"
    elif close := _meant(contract, name):
        help_ = f"did you mean `{close}`?"
    else:
        help_ = "remove it: no caller decides this, only a reviewed file"
    return Objection(f"{message}; {help_}", parameter=shown, kind="parameter_not_allowed")


def _meant(contract: Contract, name: str) -> str | None:
    if contract.limits and name.lower() in {
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
    }:
        return contract.limits[0]
    close = get_close_matches(name.lower()[:80], contract.parameters, n=1, cutoff=0.8)
    return close[0] if close else None


def _other_value(name: str, text: object, parameter: Parameter) -> Objection:
    allowed = ", ".join(sorted(parameter.values))
    shown = str(text)[:80]
    return Objection(
        f"`{name}` is {shown!r}, which may have another price; use {allowed}, or allow it in "
        f"the alias: `allow_parameters: [{name}]`",
        parameter=name,
        kind="parameter_not_allowed",
    )


def _streamed_image() -> Objection:
    return Objection(
        "LiteLLM cannot stream images: it fails after the provider has charged; leave `stream` out",
        parameter="stream",
    )


def _background() -> Objection:
    return Objection(
        "`background: true` answers before it costs anything, so nobody could count it; leave it out",
        parameter="background",
        kind="route_not_counted",
        status=403,
    )
