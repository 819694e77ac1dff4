"""What the program wrote before its second edition: `tests/data/before_second_edition/README.md`."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import psycopg

from support.fake_gateway import ADMIN_KEY, FakeGateway, Request
from support.golden import REPOSITORY

BEFORE: Final = REPOSITORY / "tests" / "data" / "before_second_edition"
DAY: Final = ("--today", "2026-11-23")
SECRETS: Final = {
    "ACME_API_KEY": "planted-acme-4711-a",
    "NEWCO_API_KEY": "planted-newco-4711-c",
    "OLDCO_API_KEY": "planted-oldco-4711-b",
}


def output(name: str) -> Any:
    """Return what a command printed."""
    return json.loads((BEFORE / "output" / f"{name}.json").read_text(encoding="utf-8"))


def gateway_of_before() -> FakeGateway:
    """Return a gateway in the state in which the plans were made: every write, played again."""
    fake = FakeGateway()
    for write in json.loads((BEFORE / "gateway.json").read_text(encoding="utf-8")):
        request = Request(**write, authorization=f"Bearer {ADMIN_KEY}")
        answer, _ = fake.handle(request)
        assert answer.status == 200, (write, answer)
    fake.forget()
    return fake


def lay_files(folder: Path, *layers: str) -> Path:
    """Copy reviewed files into `folder`, one layer over the other. Returns `gateway.d`.

    They say `probes: off`, because a release without probes had no key for them.
    """
    for layer in layers:
        shutil.copytree(BEFORE / layer, folder, dirs_exist_ok=True)
    gateway = folder / "gateway.d" / "gateway.yaml"
    gateway.write_text(gateway.read_text().replace("policy:\n", "policy:\n  probes: off\n"))
    return folder / "gateway.d"


def tagged(plan: Any) -> Any:
    """Return a plan of before with its deliveries as they are written now: with a tag."""
    for change in plan["changes"]:
        if change["intent"]:
            path = change["intent"].pop("deliver_to_file")
            change["intent"]["deliver"] = path and {"file": path}
    return plan


def restore(url: str, name: str) -> None:
    """Carry out `journal.sql` or `ledger.sql` in an empty database."""
    with psycopg.connect(url) as connection:
        connection.execute((BEFORE / f"{name}.sql").read_bytes())


def as_now(before: Any, name: str = "") -> Any:
    """Return what was written before in the forms of today: docs/reference/json-formats.md says what changed."""
    if isinstance(before, list):
        return [as_now(item, name) for item in before]
    if name in {"object", "unverified"}:
        kind, _, own = before.partition("/")
        return {"kind": kind, "name": own}
    if name == "revision" and isinstance(before, str):
        return _revision(before)
    if not isinstance(before, dict) or name in {"mark", "body"}:
        return before
    found = {key: as_now(value, key) for key, value in before.items()}
    place = _place(found) if "code" in found else {}
    return {**found, **place}


def _revision(text: str) -> dict[str, Any]:
    reference, _, commit = text.partition("@sha1:")
    return {"reference": reference, "commit": commit or None, "dirty": False}


def _place(finding: dict[str, Any]) -> dict[str, Any]:
    """Take the place out of a finding; return it flat."""
    match finding.pop("place", None):
        case dict(parts):
            return parts
        case str(text):
            path, line, column = text.rsplit(":", 2)
            return {"path": path, "line": int(line), "column": int(column)}
        case _:
            return {}


def headless(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without what it says of its own format."""
    return {name: value for name, value in document.items() if name not in {"format", "version"}}


def unsaid(before: Any, now: Any, place: str = "") -> list[str]:
    """Return where `now` does not say what `before` said. New fields do not count."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            told
            for name, value in before.items()
            for told in (
                unsaid(value, now[name], f"{place}.{name}")
                if name in now
                else [f"{place}.{name} is gone"]
            )
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [told for n, (old, new) in pairs for told in unsaid(old, new, f"{place}[{n}]")]
    return [] if before == now else [f"{place}: {before!r} is now {now!r}"]
