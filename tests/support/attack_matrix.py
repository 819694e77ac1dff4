"""Play attacks on a real gateway with three keys, and write the page that shows what came of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.rehearsal import checks
from aspire_gitops.rehearsal.attacks import Attack, AttackKind, all_attacks
from aspire_gitops.rehearsal.attacks.values import digest
from aspire_gitops.rehearsal.environment import tariff_of
from aspire_gitops.rehearsal.live import SandboxEnvironment, staged
from aspire_gitops.rehearsal.scenarios import attacked_with, deployments, route_of
from aspire_gitops.state import Compiled, GatewayObject, Kind, ObjectKey
from support.catalogs import TODAY, catalog_of_folder
from support.sandbox_admin import admin_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explain" / "attacks.md"
FOLDER = Path(__file__).parent / "attacked" / "gateway.d"
# What the page depends on beside the attacks: all of the guard and the ledger.
GUARD = ROOT / "packages" / "aspire-ledger" / "src" / "aspire_ledger"

FAIR, STRICT, UNMARKED = "fair budget", "strict budget", "key without mark"
KEYS = (FAIR, STRICT, UNMARKED)
FAILED = "failed"


@dataclass
class World:
    """One gateway under attack."""

    environment: SandboxEnvironment
    compiled: Compiled
    keys: Mapping[str, ObjectKey]
    routes: Mapping[str, checks.Route]  # by alias
    results: dict[str, dict[str, str]] = field(default_factory=dict)  # by key, then by name

    def play(self, attack: Attack, key: str) -> str:
        """Play one attack and remember the verdict. Returns what went wrong, or nothing."""
        owner = self._owner(key)
        names = attacked_with(self.compiled, owner, attack.call, self.environment.elsewhere())
        assert names is not None, f"{attack.call.name} has no alias to be played on"
        target = deployments(self.compiled)[names.alias]
        tariff = None if key == UNMARKED else tariff_of(target, owner)
        assert key == UNMARKED or tariff, "nobody would compare anything"
        seen = self.environment.attack(attack, names, self.keys[key])
        try:
            verdict = checks.withstood(attack, seen, self.routes[names.alias], tariff).value
            wrong = ""
        except checks.CheckFailed as error:
            verdict, wrong = FAILED, f"{key}, {attack.kind.name}, {error}"
        self.results.setdefault(key, {})[attack.name] = verdict
        return wrong

    def _owner(self, key: str) -> GatewayObject:
        # The key without a mark may call what the others may.
        name = self.keys[FAIR] if key == UNMARKED else self.keys[key]
        return self.compiled.objects[name]


@contextmanager
def world() -> Iterator[World]:
    """Apply the files of `attacked/` to a gateway, and make the keys."""
    compiled = compile_catalog(catalog_of_folder(FOLDER), today=TODAY)
    with staged(compiled, lambda _: None, owner="test") as (environment, wanted):
        plan = environment.plan(wanted)
        checks.all_applied(environment.apply(plan, wanted))
        fair, strict = (ObjectKey(Kind.KEY, f"{name}.main") for name in ("fair", "strict"))
        models = wanted.objects[fair].fields["models"]
        assert isinstance(models, tuple)
        unmarked = environment.make_key_without_mark(list(map(str, models)))
        _lift_backstops(environment, wanted)
        routes = {alias: route_of(environment, item) for alias, item in deployments(wanted).items()}
        yield World(environment, wanted, {FAIR: fair, STRICT: strict, UNMARKED: unmarked}, routes)


def _lift_backstops(environment: SandboxEnvironment, wanted: Compiled) -> None:
    # An absurd price spends LiteLLM's own cap at once, and every later attack would be
    # refused for that.
    addresses = environment.addresses()
    with admin_of(environment.sandbox) as admin:
        for key in wanted.objects:
            if key.kind is Kind.KEY:
                admin.post("/key/update", {"key": addresses[key], "max_budget": None})


def current_digest() -> str:
    """Return the digest of the attacks and of the guard that they are played against."""
    files = sorted(GUARD.rglob("*.py"))
    assert GUARD / "request_guard.py" in files, "the guard has moved"
    return digest(all_attacks(), *(path.read_text(encoding="utf-8") for path in files))


def page(results: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page of a whole matrix."""
    parts = [_HEAD.format(digest=current_digest(), attacks=len(all_attacks()))]
    for title, key in (("A key of ours", STRICT), ("A key without our mark", UNMARKED)):
        parts += [f"## {title}\n", _summary(results[key]), ""]
    parts += ["## Each attack\n", _LEGEND]
    for kind in AttackKind:
        parts += [f"### {kind.value[0].upper()}{kind.value[1:]}\n", _table(kind, results), ""]
    return "\n".join(parts)


_HEAD = """\
# Attacks

<!-- digest: {digest} -->

What a virtual key can try, and what becomes of it: {attacks} requests on a real gateway,
each with a key of a fair budget, one of a strict budget, and one without our mark.
`make check-all` plays them and writes this page; `make check` plays a sample and fails if the
page is older than the attacks or the guard.

An attack is **refused** (400, 401, 403, 404, 405, 413, 422 or 429) before any provider hears of
it, or what the provider billed is **booked in full**: to the nano-AUD where the provider reported
its usage, no less and marked as estimated where it did not. Nothing else passes: no provider
that the key may not reach, no secret that does not belong there, no status above 499 unless the
provider itself fails. What nobody reported may be **estimated** below the bill for a fair budget,
which books the input and the text that passed. Calls of a key without our mark are judged alike, and booked by nobody:
there **served** means that the alias's own provider answered, with its own secret.
"""

_LEGEND = """\
Each cell has three letters: the fair budget, the strict one, the key without mark.
R is refused, B booked in full, E estimated, S served, X a failure.
"""
_LETTERS = {**{verdict.value: verdict.name[0] for verdict in checks.AttackOutcome}, FAILED: "X"}


def _summary(found: Mapping[str, str]) -> str:
    calls = _calls(all_attacks())
    rows = [["", *calls]]
    for kind in AttackKind:
        cells = []
        for call in calls:
            counts = Counter(
                found[attack.name]
                for attack in all_attacks()
                if attack.kind is kind and attack.call.name == call
            )
            cells.append(", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
        rows.append([kind.value, *cells])
    return _markdown(rows)


def _table(kind: AttackKind, results: Mapping[str, Mapping[str, str]]) -> str:
    attacks = [attack for attack in all_attacks() if attack.kind is kind]
    calls = _calls(attacks)
    cells: dict[str, dict[str, str]] = {}
    for attack in attacks:
        letters = "".join(_LETTERS[results[key][attack.name]] for key in KEYS)
        cells.setdefault(attack.title, {})[attack.call.name] = letters
    rows = [["", *calls]]
    rows += [
        [title, *(by_call.get(call, "") for call in calls)] for title, by_call in cells.items()
    ]
    return _markdown(rows)


def _calls(attacks: Iterable[Attack]) -> list[str]:
    return list(dict.fromkeys(attack.call.name for attack in attacks))


def _markdown(rows: list[list[str]]) -> str:
    head, *others = rows
    lines = [head, ["---"] * len(head), *others]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
