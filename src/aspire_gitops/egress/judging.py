"""Facts of one file to findings. Each rule of egress is here once, for all languages."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice

from aspire_gitops.egress import fixes
from aspire_gitops.egress.clients import TABLES, Client, Road
from aspire_gitops.egress.facts import (
    CodeRange,
    Construction,
    Fact,
    ModelNamed,
    Provider,
    Text,
    Value,
    VariableRead,
    VariableSet,
    hosts_in,
    provider_of_base,
    provider_of_key,
)
from aspire_gitops.egress.gateway import KnownGateway, is_public
from aspire_gitops.egress.redacting import shown_line
from aspire_gitops.vocabulary import Diagnostic, Rule, Severity, Span

DIRECT_CLIENT = Rule("AG601", "direct-client")
PROVIDER_HOST = Rule("AG602", "provider-host")
PROVIDER_KEY_VARIABLE = Rule("AG603", "provider-key-variable")
KEY_IN_TEXT = Rule("AG604", "key-in-text")
OTHER_BASE_URL = Rule("AG605", "other-base-url")
CLIENT_WITHOUT_ROAD = Rule("AG606", "client-without-road")
KEY_WITHOUT_BASE_URL = Rule("AG607", "key-without-base-url", Severity.WARNING)
UNREAD_FILE = Rule("AG608", "unread-file")
EXCEPTIONS_FILE = Rule("AG609", "exceptions-file")
EXPIRED_EXCEPTION = Rule("AG610", "expired-exception")
UNUSED_EXCEPTION = Rule("AG611", "unused-exception", Severity.WARNING)


_NEAR_MODELS = 100  # in thirty lines; the one that counts is nearly always the first
_NEAR_LINES = 30  # a client and the first call through it must be close together to be matched


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one file.

    `unless` are variables: if the repository sets one of them to the gateway's
    address, the client reads it from there and the finding is dropped.
    """

    diagnostic: Diagnostic
    unless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FileFindings:
    """The result for one file: its findings, and the address variables that it sets correctly."""

    findings: tuple[Finding, ...] = ()
    declared: frozenset[str] = frozenset()


@dataclass(slots=True)
class FileJudge:
    """Judges the facts of one file."""

    path: str
    lines: Sequence[str]
    language: str
    gateway: KnownGateway
    models: list[ModelNamed] = field(default_factory=list)  # as they stand in the file
    model_lines: list[int] = field(default_factory=list)

    def judge(self, facts: Iterable[Fact]) -> FileFindings:
        listed = list(facts)
        models = (fact for fact in listed if isinstance(fact, ModelNamed))
        self.models = sorted(models, key=lambda fact: fact.place)
        self.model_lines = [fact.place.line for fact in self.models]
        made = [fact for fact in listed if isinstance(fact, Construction)]
        clients = [(fact, found) for fact in made if (found := self._client(fact))]
        findings = [found for _, found in clients]
        covered = _Covered([fact.place for fact, _ in clients])
        rest = [
            fact
            for fact in listed
            if not isinstance(fact, (Construction, ModelNamed)) and not covered.holds(fact.place)
        ]
        findings.extend(found for fact in rest for found in self._rest(fact))
        return FileFindings(tuple(_once(findings)), frozenset(self._declared(listed)))

    def _rest(self, fact: Fact) -> Iterator[Finding]:
        match fact:
            case Text():
                yield from self._hosts(fact)
            case VariableRead():
                yield from self._read(fact)
            case VariableSet():
                yield from self._set(fact)

    def _client(self, made: Construction) -> Finding | None:
        client = TABLES[self.language][made.name]
        given = _given(made, client)
        if given is None:
            if made.open and client.base:
                return None  # `**options` may hold the address
            return self._without_address(made, client)
        for text in given.texts:
            if self.gateway.is_at(text):
                continue
            if provider := next((found.provider for found in hosts_in(text)), None):
                return Finding(self._to_provider(made, client, provider))
            if self.gateway.url and is_public(text):
                return Finding(self._elsewhere(made, client))
        if client.own_endpoint and self._is_own(given, client):
            return self._without_address(made, client)
        return None

    def _is_own(self, given: Value, client: Client) -> bool:
        if any(self.gateway.is_at(text) or not is_public(text) for text in given.texts if text):
            return False
        return all(name in client.variables or "AZURE" in name for name in given.variables)

    def _without_address(self, made: Construction, client: Client) -> Finding:
        road = client.road is not Road.REPLACE
        rule = DIRECT_CLIENT if road else CLIENT_WITHOUT_ROAD
        message = (
            f"{made.shown} calls {client.provider} directly: it is made without the gateway's address"
            if road
            else f"{made.shown} calls {client.provider} directly, and the gateway does not speak its protocol"
        )
        return Finding(
            self._at(rule, made.place, message, self._fix(made, client)),
            frozenset(client.variables),
        )

    def _to_provider(self, made: Construction, client: Client, provider: Provider) -> Diagnostic:
        message = f"{made.shown} is given the address of {provider.name}"
        return self._at(DIRECT_CLIENT, made.place, message, self._fix(made, client))

    def _elsewhere(self, made: Construction, client: Client) -> Diagnostic:
        message = f"{made.shown} is given an address that is not the gateway's"
        return self._at(OTHER_BASE_URL, made.place, message, self._fix(made, client))

    def _hosts(self, fact: Text) -> Iterator[Finding]:
        for found in hosts_in(fact.text):
            if self.gateway.is_at(f"https://{found.host}"):
                continue  # this gateway has a provider's host name
            place = _part(fact.place, self.lines, found.host)
            message = (
                f"{found.host} is {found.provider.name}'s host: calls to it bypass the gateway"
            )
            yield Finding(self._at(PROVIDER_HOST, place, message, self._host_fix(place)))

    def _read(self, fact: VariableRead) -> Iterator[Finding]:
        provider = provider_of_key(fact.name)
        if provider and not provider.base_variables:
            yield Finding(self._variable(fact.name, fact.place, provider))

    def _set(self, fact: VariableSet) -> Iterator[Finding]:
        if provider := provider_of_key(fact.name):
            if not provider.base_variables:
                yield Finding(self._variable(fact.name, fact.place, provider))
            elif self.language in fixes.SETTINGS and not fact.value.is_nothing:
                base = provider.base_variables
                message = f"{fact.name} is set, but nothing in the repository sets {base[0]}: the key may be {provider.name}'s own"
                yield Finding(
                    self._at(KEY_WITHOUT_BASE_URL, fact.place, message, fixes.beside(fact.name, base[0], self.language, self.gateway)),
                    frozenset(base),
                )  # fmt: skip
        elif provider_of_base(fact.name):
            yield from self._set_base(fact)

    def _set_base(self, fact: VariableSet) -> Iterator[Finding]:
        for text in fact.value.texts:
            elsewhere = not self.gateway.is_at(text) and is_public(text)
            if elsewhere and self.gateway.url and not next(hosts_in(text), None):
                message = f"{fact.name} is set to an address that is not the gateway's"
                help_ = fixes.set_variable(fact.name, self.language, self.gateway)
                yield Finding(self._at(OTHER_BASE_URL, fact.place, message, help_))

    def _variable(self, name: str, place: CodeRange, provider: Provider) -> Diagnostic:
        message = f"{name} holds a key of {provider.name}: with it the app can bypass the gateway"
        return self._at(PROVIDER_KEY_VARIABLE, place, message, self._key_fix(place))

    def _declared(self, facts: Iterable[Fact]) -> Iterator[str]:
        for fact in facts:
            if isinstance(fact, VariableSet) and provider_of_base(fact.name):
                value = fact.value
                leads_elsewhere = any(
                    next(hosts_in(text), None)
                    or (self.gateway.url and is_public(text) and not self.gateway.is_at(text))
                    for text in value.texts
                )
                if (any(value.texts) or value.other or value.variables) and not leads_elsewhere:
                    yield fact.name

    def _fix(self, made: Construction, client: Client) -> str:
        return fixes.for_client(made, client, self.language, self.gateway, self._model(made.place))

    def _host_fix(self, place: CodeRange) -> str:
        return fixes.for_host(self.language, self.gateway, self._model(place))

    def _key_fix(self, place: CodeRange) -> str:
        return fixes.for_key(self.language, self.gateway, self._model(place))

    def _model(self, place: CodeRange) -> str | None:
        """Return the model that the code names within a range, or next after it."""
        first = bisect_left(self.model_lines, place.line)
        last = max(place.last_line, place.line + _NEAR_LINES - 1)
        after: ModelNamed | None = None
        for item in islice(self.models, first, first + _NEAR_MODELS):
            if item.place.line > last:
                break
            if place.holds(item.place):
                return item.name
            if after is None and item.place.line < place.line + _NEAR_LINES:
                after = item
        return after.name if after else None

    def _at(self, rule: Rule, place: CodeRange, message: str, help_: str) -> Diagnostic:
        return rule.at(span_at(self.path, self.lines, place), message, help=help_)


class _Covered:
    """Ranges of code, to ask whether another one starts inside of any."""

    def __init__(self, places: Sequence[CodeRange]) -> None:
        ordered = sorted(places)
        self.starts = [(place.line, place.column) for place in ordered]
        ends = ((max(place.last_line, place.line), place.end_column) for place in ordered)
        self.ends = list(accumulate(ends, max))  # the furthest end of this one and all before

    def holds(self, place: CodeRange) -> bool:
        at = (place.line, place.column)
        before = bisect_right(self.starts, at)
        return before > 0 and at < self.ends[before - 1]


def span_at(path: str, lines: Sequence[str], place: CodeRange) -> Span:
    """Return the span of a range, limited to its first line, with every key in it hidden."""
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    end = len(line.rstrip()) + 1 if place.last_line > place.line else place.end_column
    return Span(path, place.line, place.column, max(end, place.column + 1), shown_line(line))


def _given(made: Construction, client: Client) -> Value | None:
    """Return what the client is given as its address, or None when it gets none."""
    for name in client.base:
        value = made.arguments.get(name)
        if value is not None and not value.is_nothing:
            return value
        nested = [key for key in made.arguments if name.startswith(f"{key}.")]
        if any(made.arguments[key].other for key in nested):
            return Value(other=True)  # the content of `configuration: shared` is unknown
    return None


def _part(place: CodeRange, lines: Sequence[str], text: str) -> CodeRange:
    """Return where a piece of a text is, if the lines of its range show it."""
    for number in range(place.line, max(place.last_line, place.line) + 1):
        if number > len(lines):
            break
        start = place.column - 1 if number == place.line else 0
        at = lines[number - 1].find(text, start)
        if at >= 0:
            return CodeRange(number, at + 1, at + 1 + len(text), number)
    return place


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Drop findings that repeat another one of the same line or place."""
    seen: set[tuple[str, int, int | str]] = set()
    for finding in findings:
        span, rule = finding.diagnostic.span, finding.diagnostic.rule
        at: tuple[str, int, int | str] = (rule.code, span.line, span.column)
        if rule is PROVIDER_KEY_VARIABLE:  # set and read in one line, or in two texts of it
            at = (rule.code, span.line, finding.diagnostic.message)
        if at not in seen:
            seen.add(at)
            yield finding
