"""Real traffic at the prices and the rate before a change, and after it.

Billed as the gateway bills: each unit at the price that LiteLLM is given, the sum
over the exchange rate, rounded up to a nano-AUD. LiteLLM and the ledger do that
call by call and this day by day, so the two differ by less than a nano-AUD a call.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import cached_property

from aspire_gitops.catalog import Catalog
from aspire_gitops.compiling.prices import price_fields
from aspire_gitops.impact.review import AppCost, Moved, Repriced
from aspire_gitops.money import Aud
from aspire_gitops.resources import AliasSpec
from aspire_gitops.usage import Traffic, Usage

_EXACT = Context(prec=60)
_NANO_DIGITS = 9
_NANO_PER_AUD = 10**_NANO_DIGITS
_NOTHING = Aud(Decimal(0))
_BILLED_BY: Mapping[str, str] = {
    "input_tokens": "input_cost_per_token",
    "cached_input_tokens": "cache_read_input_token_cost",
    "output_tokens": "output_cost_per_token",
    "pages": "ocr_cost_per_page",
    "images": "output_cost_per_image",
}


@dataclass(frozen=True, slots=True)
class Prices:
    """What each unit of an alias is billed at, in whole parts of a US dollar: `parts` make one.

    By the unit's name in `Usage`; what has no price is absent. Whole numbers, because
    a large gateway has a hundred thousand rows a month, and sums of them are exact.
    """

    by_unit: Mapping[str, int]
    parts: int

    def cost(self, row: Usage, usd_per_aud: Decimal | None) -> Aud:
        """Return what a row's units cost. Units without a price cost nothing; the caller tells."""
        price = self.by_unit.get
        usd = sum(amount * price(unit, 0) for unit, amount in used(row) if amount)
        if not (usd and usd_per_aud):
            return _NOTHING
        rate, over = usd_per_aud.as_integer_ratio()
        nano = -(-usd * over * _NANO_PER_AUD // (self.parts * rate))  # up, as the ledger does
        return Aud(Decimal(nano).scaleb(-_NANO_DIGITS))

    @classmethod
    def of(cls, spec: AliasSpec) -> "Prices":
        """Read an alias's prices, to the digit that LiteLLM is given."""
        given = price_fields(spec)
        # Only `mode: chat` states one for cached tokens; elsewhere they are plain ones.
        given.setdefault("cache_read_input_token_cost", given["input_cost_per_token"])
        named = {unit: given.get(name) for unit, name in _BILLED_BY.items()}
        usd = {
            unit: Decimal(f"{price:.15g}")
            for unit, price in named.items()
            if isinstance(price, int | float)
        }
        digits = max((-int(price.as_tuple().exponent) for price in usd.values()), default=0)
        parts = 10 ** max(digits, 0)
        return cls({unit: int(price * parts) for unit, price in usd.items()}, parts)


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
            return _NOTHING
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
                self._priced(row) for row in self._rows.get(app, ()) if _may_call(self.base, row)
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

    def _priced(self, row: Usage) -> Priced:
        prices = self._prices_of(row.alias, is_head=False)
        before = prices.cost(row, self.rate.before)
        is_counted = bool(before or not row.aud or not any(prices.by_unit.values()))
        if not _may_call(self.head, row):
            return Priced(row, Moved(before, None), is_counted=is_counted)
        new = self._prices_of(row.alias, is_head=True)
        if new == prices and not self.rate.changed:
            return Priced(row, Moved(before, before), is_counted=is_counted)
        gone = prices.by_unit.keys() - new.by_unit.keys()
        lost = tuple(unit for unit, amount in used(row) if amount and unit in gone)
        return Priced(row, Moved(before, new.cost(row, self.rate.after)), lost, is_counted)

    def _prices_of(self, alias: str, *, is_head: bool) -> Prices:
        if (is_head, alias) not in self._prices:
            catalog = self.head if is_head else self.base
            self._prices[is_head, alias] = Prices.of(catalog.aliases[alias].spec)
        return self._prices[is_head, alias]


def _may_call(catalog: Catalog, row: Usage) -> bool:
    app = catalog.apps.get(row.app)
    return app is not None and row.alias in app.spec.aliases and row.alias in catalog.aliases


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


def used(row: Usage) -> tuple[tuple[str, int], ...]:
    """Return how much of each unit a row has; input tokens without those from the cache."""
    cached = min(row.cached_input_tokens, row.input_tokens)
    return (
        ("input_tokens", row.input_tokens - cached),
        ("cached_input_tokens", cached),
        ("output_tokens", row.output_tokens),
        ("pages", row.pages),
        ("images", row.images),
    )


def _rate(catalog: Catalog) -> Decimal | None:
    return catalog.gateway.spec.exchange.usd_per_aud if catalog.gateway else None
