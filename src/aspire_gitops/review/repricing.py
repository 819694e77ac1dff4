"""Real traffic at the prices and the rate before a change, and after it.

Priced as the ledger books: the counted units at the card's prices, divided by the
exchange rate, rounded up to a nano-AUD. The ledger does this call by call, this module
day by day, so the two differ by less than a nano-AUD per call; and a day is priced in the
tier of its average call, because the length of each call is not kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import cached_property
from operator import attrgetter

from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds.prices import card_of
from aspire_gitops.resources import AliasSpec
from aspire_gitops.review.value import AppCost, Moved, Repriced
from aspire_gitops.usage import Traffic, Usage
from aspire_ledger.amounts import cost_in_nano
from aspire_ledger.card import Price, read_price
from aspire_ledger.money import Aud
from aspire_ledger.pricing import cost_usd
from aspire_ledger.values import UNITS, Counted

_EXACT = Context(prec=60)
_NOTHING = Aud(Decimal(0))
_NANO_DIGITS = 9

_UNITS_OF = attrgetter(*UNITS)  # a large gateway has a hundred thousand rows a month
_OUTPUT_UNITS = ("output_tokens", "reasoning_tokens", "output_audio_tokens")
_INPUT_UNITS = tuple(
    unit for unit in UNITS if unit.endswith("_tokens") and unit not in _OUTPUT_UNITS
)


@dataclass(frozen=True, slots=True)
class AliasPrices:
    """What each unit of an alias costs, as the ledger counts it."""

    price: Price

    def cost(self, row: Usage, usd_per_aud: Decimal | None) -> Aud:
        """Return what a row's units cost. Units without a price cost nothing; the caller reports them."""
        if not usd_per_aud:
            return _NOTHING
        average = row.input_tokens // max(row.calls, 1)
        usd = cost_usd(self.price, _counted(row), tier_at=average)
        return (
            Aud(Decimal(cost_in_nano(usd, usd_per_aud)).scaleb(-_NANO_DIGITS)) if usd else _NOTHING
        )

    @classmethod
    def of(cls, spec: AliasSpec) -> "AliasPrices":
        """Read an alias's prices; none if its file has a mistake in them."""
        return cls(read_price(card_of(spec).get("price")) or Price())

    @property
    def units(self) -> frozenset[str]:
        """The units that have a price, by their names in `Usage`. Parts have that of their whole."""
        price, tokens = self.price, self.price.tokens
        by_unit = {
            "pages": price.usd_per_page,
            "annotated_pages": price.usd_per_page or price.usd_per_annotated_page,
            "images": price.image_usd(),
            "tool_uses": max(price.usd_per_use.values(), default=None),
            **dict.fromkeys(_INPUT_UNITS, tokens.input_usd_per_million_tokens),
            **dict.fromkeys(_OUTPUT_UNITS, tokens.output_usd_per_million_tokens),
        }
        return frozenset(unit for unit, usd in by_unit.items() if usd is not None)

    @property
    def are_free(self) -> bool:
        """Whether one of each unit costs nothing."""
        return not cost_usd(self.price, Counted(**dict.fromkeys(UNITS, 1)))


@dataclass(frozen=True, slots=True)
class Priced:
    """One row of traffic at both prices.

    `after` is None where the app can no longer make these calls. `unpriced` are
    its units that lose their price. `is_counted` is False if the ledger booked
    money for it but counted nothing that has a price.
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
    _prices: dict[tuple[bool, str], AliasPrices] = field(default_factory=dict)
    _known: dict[str, tuple[Priced, ...]] = field(default_factory=dict)

    def of_app(self, app: str) -> tuple[Priced, ...]:
        """Return what an app called that it may call before the change, row by row."""
        if app not in self._known:
            self._known[app] = tuple(
                self._priced(row) for row in self._rows.get(app, ()) if _may_call(self.base, row)
            )
        return self._known[app]

    def of_alias(self, alias: str, apps: Iterable[str]) -> Repriced | None:
        """Return what one alias's traffic costs, None if it was not called or nothing changes."""
        return self.together(
            [row for app in apps for row in self.of_app(app) if row.usage.alias == alias]
        )

    def together(self, rows: Sequence[Priced]) -> Repriced | None:
        """Add up rows by app, only for apps whose cost changes."""
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
        called = len({row.usage.day for found in groups.values() for row in found})
        return Repriced(self.traffic.since, self.traffic.until, apps, lost, called)

    @cached_property
    def rate(self) -> Moved[Decimal]:
        """US dollars that an Australian dollar buys."""
        return Moved(rate_of(self.base), rate_of(self.head))

    @cached_property
    def _rows(self) -> Mapping[str, Sequence[Usage]]:
        found: dict[str, list[Usage]] = defaultdict(list)
        for row in self.traffic.rows:
            found[row.app].append(row)
        return found

    def _priced(self, row: Usage) -> Priced:
        prices = self._prices_of(row.alias, is_head=False)
        before = prices.cost(row, self.rate.before)
        is_counted = bool(before or not row.aud or prices.are_free)
        if not _may_call(self.head, row):
            return Priced(row, Moved(before, None), is_counted=is_counted)
        new = self._prices_of(row.alias, is_head=True)
        if new == prices and not self.rate.changed:
            return Priced(row, Moved(before, before), is_counted=is_counted)
        gone = prices.units - new.units
        lost = tuple(unit for unit in UNITS if unit in gone and getattr(row, unit))
        return Priced(row, Moved(before, new.cost(row, self.rate.after)), lost, is_counted)

    def _prices_of(self, alias: str, *, is_head: bool) -> AliasPrices:
        if (is_head, alias) not in self._prices:
            catalog = self.head if is_head else self.base
            self._prices[is_head, alias] = AliasPrices.of(catalog.aliases[alias].spec)
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


def _counted(row: Usage) -> Counted:
    return Counted(*_UNITS_OF(row))


def rate_of(catalog: Catalog) -> Decimal | None:
    """Return the US dollars that an Australian dollar buys; None without a Gateway."""
    return catalog.gateway.spec.exchange.usd_per_aud if catalog.gateway else None
