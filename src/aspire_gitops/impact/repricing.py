"""Real traffic at the prices and the rate before a change, and after it.

Billed as the gateway bills: each unit at the price that LiteLLM is given, the sum
over the exchange rate, rounded up to a nano-AUD. LiteLLM and the ledger do that
call by call and this day by day, so the two differ by less than a nano-AUD a call.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Context, Decimal
from functools import cached_property

from aspire_gitops.catalog import Catalog
from aspire_gitops.compiling.deployment import price_fields
from aspire_gitops.impact.review import AppCost, Moved, Repriced
from aspire_gitops.money import Aud
from aspire_gitops.resources import AliasSpec
from aspire_gitops.usage import Traffic, Usage

_EXACT = Context(prec=60)
_NANO = Decimal("0.000000001")
_NOTHING = Decimal(0)
_BILLED_BY: Mapping[str, str] = {
    "input_tokens": "input_cost_per_token",
    "cached_input_tokens": "cache_read_input_token_cost",
    "output_tokens": "output_cost_per_token",
    "pages": "ocr_cost_per_page",
    "images": "output_cost_per_image",
}
Prices = Mapping[str, Decimal]
"""US dollars for one unit, by the unit's name in `Usage`. What has no price is absent."""


@dataclass(frozen=True, slots=True)
class Priced:
    """One row of traffic at both prices.

    `after` is None where the app can no longer make these calls. `unpriced` are
    its units that lose their price. `is_counted` is False where the ledger booked
    money for it and counted nothing that has a price.
    """

    usage: Usage
    aud: Moved[Aud]
    unpriced: tuple[str, ...] = ()
    is_counted: bool = True

    @property
    def booked_after(self) -> Aud:
        """What the ledger would have booked: what it did book, scaled to the new price."""
        booked, before, after = self.usage.aud, self.aud.before, self.aud.after
        if after is None:
            return Aud(_NOTHING)
        if not self.is_counted or not before or before == after:
            return booked
        return Aud(_EXACT.divide(_EXACT.multiply(booked, after), before))


@dataclass(frozen=True)
class Repricing:
    """The traffic of a snapshot beside the prices of two revisions."""

    base: Catalog
    head: Catalog
    traffic: Traffic
    _prices: dict[tuple[bool, str], Prices] = field(default_factory=dict)
    _known: dict[str, tuple[Priced, ...]] = field(default_factory=dict)

    def of_app(self, app: str) -> tuple[Priced, ...]:
        """Return what an app called that it may call before the change, row by row."""
        if app not in self._known:
            self._known[app] = tuple(
                self._priced(row)
                for row in self._rows.get(app, ())
                if self._may_call(self.base, row)
            )
        return self._known[app]

    def of_alias(self, alias: str, apps: Iterable[str]) -> Repriced | None:
        """Return what one alias's traffic costs, None where nobody called it or nothing moves."""
        return self.together(
            [row for app in apps for row in self.of_app(app) if row.usage.alias == alias]
        )

    def together(self, rows: Sequence[Priced]) -> Repriced | None:
        """Add rows up by app, those apps only for which something moves."""
        groups: dict[str, list[Priced]] = defaultdict(list)
        for row in rows:
            if row.is_counted:
                groups[row.usage.app].append(row)
        apps = tuple(
            cost for app in sorted(groups) if (cost := app_cost(app, groups[app])).aud.changed
        )
        lost = tuple(sorted({unit for row in rows for unit in row.unpriced}))
        if not (apps or lost):
            return None
        return Repriced(self.traffic.since, self.traffic.until, apps, lost)

    @cached_property
    def rate(self) -> Moved[Decimal]:
        """US dollars that an Australian dollar buys."""
        return Moved(_rate(self.base), _rate(self.head))

    @cached_property
    def _rows(self) -> Mapping[str, Sequence[Usage]]:
        found: dict[str, list[Usage]] = defaultdict(list)
        for row in self.traffic.rows:
            found[row.app].append(row)
        return found

    def _may_call(self, catalog: Catalog, row: Usage) -> bool:
        app = catalog.apps.get(row.app)
        return app is not None and row.alias in app.spec.aliases and row.alias in catalog.aliases

    def _priced(self, row: Usage) -> Priced:
        prices = self._prices_of(row.alias, is_head=False)
        before = cost_aud(row, prices, self.rate.before)
        is_counted = bool(before or not row.aud or not any(prices.values()))
        if not self._may_call(self.head, row):
            return Priced(row, Moved(before, None), is_counted=is_counted)
        new = self._prices_of(row.alias, is_head=True)
        if new == prices and not self.rate.changed:
            return Priced(row, Moved(before, before), is_counted=is_counted)
        lost = tuple(
            unit for unit, amount in used(row) if amount and unit in prices.keys() - new.keys()
        )
        after = cost_aud(row, new, self.rate.after)
        return Priced(row, Moved(before, after), lost, is_counted)

    def _prices_of(self, alias: str, *, is_head: bool) -> Prices:
        if (is_head, alias) not in self._prices:
            catalog = self.head if is_head else self.base
            self._prices[is_head, alias] = prices_of(catalog.aliases[alias].spec)
        return self._prices[is_head, alias]


def app_cost(app: str, rows: Iterable[Priced]) -> AppCost:
    """Add up the rows of one app."""
    rows = list(rows)
    after = [row.aud.after for row in rows if row.aud.after is not None]
    return AppCost(
        app,
        sum(row.usage.calls for row in rows),
        Moved(
            Aud(sum((row.aud.before for row in rows if row.aud.before is not None), _NOTHING)),
            Aud(sum(after, _NOTHING)) if after else None,
        ),
    )


def prices_of(spec: AliasSpec) -> Prices:
    """Return what each unit of an alias is billed at, to the digit that LiteLLM is given."""
    given = price_fields(spec)
    # Only `mode: chat` states one for cached tokens; elsewhere they are plain ones.
    given.setdefault("cache_read_input_token_cost", given["input_cost_per_token"])
    prices = {unit: given.get(name) for unit, name in _BILLED_BY.items()}
    return {
        unit: Decimal(f"{usd:.15g}") for unit, usd in prices.items() if isinstance(usd, int | float)
    }


def cost_aud(row: Usage, prices: Prices, usd_per_aud: Decimal | None) -> Aud:
    """Return what a row's units cost. Units without a price cost nothing; the caller tells."""
    if not usd_per_aud:
        return Aud(_NOTHING)
    usd = _NOTHING
    for unit, amount in used(row):
        if amount and unit in prices:
            usd = _EXACT.add(usd, _EXACT.multiply(prices[unit], Decimal(amount)))
    return Aud(_EXACT.divide(usd, usd_per_aud).quantize(_NANO, ROUND_CEILING, _EXACT))


def used(row: Usage) -> Iterator[tuple[str, int]]:
    """Yield how much of each unit a row has; input tokens without those from the cache."""
    cached = min(row.cached_input_tokens, row.input_tokens)
    yield "input_tokens", row.input_tokens - cached
    yield "cached_input_tokens", cached
    yield "output_tokens", row.output_tokens
    yield "pages", row.pages
    yield "images", row.images


def _rate(catalog: Catalog) -> Decimal | None:
    return catalog.gateway.spec.exchange.usd_per_aud if catalog.gateway else None
