"""Every document has its schema and its row on the page, and real output is held to them."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from aspire_gitops.applying import Outcome, Result, Status
from aspire_gitops.applying.outcome_text import outcome_json
from aspire_gitops.codec.plan import plan_to_json
from aspire_gitops.codec.schemas import output_schema, output_schema_files
from aspire_gitops.codec.shapes import DIAGNOSTIC, OBJECT, REVISION
from aspire_gitops.codec.values import VERSIONS, diagnostic_json, object_json, revision_json
from aspire_gitops.journal import open_journal
from aspire_gitops.notify.webhook import notice_json
from aspire_gitops.probing import Finding, Verdict
from aspire_gitops.probing.report import ProbeReport, report_json
from aspire_gitops.rehearsal.report import Rehearsal, Step, StepStatus
from aspire_gitops.rendering.diagnostics import render_json
from aspire_gitops.status.document_builder import status_document, turn_document
from aspire_gitops.vocabulary import Revision, Rule, Span
from support.command_line import CommandLine
from support.golden import CASES as COMPILED
from support.golden import case_names
from support.journal_lines import applied, deployment, observed, result
from support.listening_notices import notice
from support.reviews import CASES as REVIEWED
from support.reviews import ORDER, REVIEWS
from support.small_source import TODAY, write_files
from support.statuses import STATUSES, hostile, swap_plan, turn

REPOSITORY = Path(__file__).parents[3]
BEFORE = REPOSITORY / "tests" / "data" / "before_second_edition"
SPENT = REPOSITORY / "tests" / "unit" / "spend" / "spend"
PAGE = (REPOSITORY / "docs" / "reference/json-formats.md").read_text(encoding="utf-8")
FOUND = Rule("AG201", "unknown-provider").at(
    Span("gateway.d/aliases/chat.yaml", 7, 13, 18, "  provider: opena"), "no such provider"
)
REACHED = Revision("main", "4f" * 20, author="Ada", subject="Swap", approvers=("Bob",))


def closed(schema: Any) -> Any:
    """Return a schema that lets no field pass that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and "additionalProperties" not in found:
        found["additionalProperties"] = False
    return found


def faults(name: str, document: Any) -> list[str]:
    """Return where a document is not what its schema says."""
    checker = Draft202012Validator(closed(output_schema(name)), format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(document)]


def printed(text: str) -> list[tuple[str, Any]]:
    """Return a document with its name, as its head says it."""
    document = json.loads(text)
    return [(document["format"].removeprefix("aspire-gitops/"), document)]


def of_files() -> list[tuple[str, Any]]:
    """Return what golden tests hold the program to."""
    files = [
        *(COMPILED / case / file for case in case_names() for file in ("manifest.json", "objects.json")),
        *(REVIEWED / case / "review.json" for case in ORDER),
        REVIEWS / "snapshot.json",
        *SPENT.glob("*.json"),
    ]  # fmt: skip
    return [found for file in files for found in printed(file.read_text(encoding="utf-8"))]


PROBED = (
    Finding("chat", "plain", Verdict.WORKS, seconds=0.4, aud=Decimal("0.0001"), by_ledger=True),
    Finding("chat", "image", Verdict.NOT_COUNTED, "the ledger has no line of it"),
)


def of_values() -> list[tuple[str, Any]]:
    """Return documents of values that have everything."""
    plan, step = swap_plan(), Step("swap", "Swap", StepStatus.PASSED, ("seen",), 0.2)
    results = tuple(Result(change, Status.FAILED, "no", 0.5) for change in plan.changes)
    rehearsal = Rehearsal(str(REACHED), "aspire", (step,), {"apps": 1}, 1.5)
    shown = [status_document(status) for status in (*STATUSES.values(), hostile("\u202ea::b"))]
    reconciled = {"format": "aspire-gitops/turn", "version": 1}
    return [
        *printed(render_json([FOUND])),
        *printed(plan_to_json(plan)),
        *printed(outcome_json(Outcome(plan.id, plan.revision, results))),
        *printed(json.dumps(rehearsal.as_json())),
        *printed(report_json(ProbeReport("aspire", PROBED, {"chat": 3600.0}))),
        *printed(json.dumps(notice_json(notice()))),
        *(found for one in shown for found in printed(one.model_dump_json())),
        ("turn", reconciled | turn_document(turn()).model_dump(mode="json")),
    ]


def of_commands(folder: Path) -> list[tuple[str, Any]]:
    """Return what commands print that read files or a journal."""
    write_files(folder)
    with open_journal(None, folder / "state") as journal:
        journal.append(result("deployment/qwen-vision", deployment()), applied(minute=1))
        journal.append(observed("deployment/qwen-vision", deployment(model="other"), minute=2))
        journal.append(observed("deployment/new", deployment("new"), minute=3))
    shell = CommandLine(folder, {"ASPIRE_GITOPS_STATE_DIR": str(folder / "state")})
    commands = [
        ("explain", "alias", "chat", "--today", TODAY, "--format", "json"),
        ("validate", "--today", TODAY, "--format", "json"),
        ("log", "--format", "json"),
        ("log", "--limit", "1", "--format", "jsonl"),
        ("log", "verify", "--format", "json"),
        ("show-at", "2026-11-20T01:01:30+00:00", "--format", "json"),
    ]
    return [found for command in commands for found in printed(shell.run(*command).stdout)]


def test_real_output_is_what_its_schema_says(tmp_path: Path) -> None:
    documents = [*of_files(), *of_values(), *of_commands(tmp_path)]
    assert {name for name, _ in documents} == set(VERSIONS), "a document that nothing is held to"
    told = [f"{name}{fault}" for name, document in documents for fault in faults(name, document)]
    assert told == []


def test_what_snapshots_and_plans_of_before_become_is_what_the_schema_says(tmp_path: Path) -> None:
    shell = CommandLine(tmp_path)
    write_files(tmp_path)
    snapshot = str(BEFORE / "snapshot.json")
    done = shell.run("plan", "--today", TODAY, "--format", "json", "--snapshot", snapshot)
    assert faults("plan", json.loads(done.stdout)) == []


@pytest.mark.parametrize("name", ["plan", "snapshot", "status", "review"])
def test_a_document_of_before_is_told_apart(name: str) -> None:
    file = {"status": "output/status.json", "review": "output/review.json"}.get(
        name, f"{name}.json"
    )
    assert faults(name, json.loads((BEFORE / file).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", VERSIONS)
def test_a_schema_is_a_schema_and_knows_its_document(name: str) -> None:
    schema = output_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["version"] == {"const": VERSIONS[name]}
    assert faults(name, {"format": f"aspire-gitops/{name}", "version": VERSIONS[name]})


def test_the_files_are_what_the_program_says() -> None:
    """To renew them: `make schemas`."""
    written = {path.name: path.read_text() for path in (REPOSITORY / "schemas/output").iterdir()}
    assert written == output_schema_files()


@pytest.mark.parametrize(
    ("arguments", "returncode", "says"),
    [
        pytest.param(("plan",), 0, '"title": "aspire-gitops/plan"', id="one"),
        pytest.param(("plans",), 64, "did you mean plan?", id="a slip"),
        pytest.param((), 64, "choose one of alias-card, failed-calls,", id="none"),
        pytest.param(("-o", "out", "--check"), 1, "schema --json-formats --output out", id="stale"),
        pytest.param(("plan", "-o", "out"), 0, "written   out/plan.schema.json", id="a file"),
    ],
)
def test_the_command_gives_the_schemas(
    tmp_path: Path, arguments: tuple[str, ...], returncode: int, says: str
) -> None:
    done = CommandLine(tmp_path).run("schema", "--json-formats", *arguments)
    assert (done.returncode, says in done.stdout + done.stderr) == (returncode, True), done.stderr


def test_the_page_lists_every_document_with_its_version() -> None:
    rows = re.findall(r"^\| `aspire-gitops/([a-z-]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert {name: int(version) for name, version in rows} == VERSIONS


@pytest.mark.parametrize(
    ("heading", "shape", "made"),
    [
        pytest.param("A **diagnostic**", DIAGNOSTIC, diagnostic_json(FOUND), id="a diagnostic"),
        pytest.param("A **revision**", REVISION, revision_json(REACHED), id="a revision"),
    ],
)
def test_the_page_shows_the_one_form(heading: str, shape: Mapping[str, Any], made: Any) -> None:
    shown = json.loads(PAGE.partition(heading)[2].partition("```json")[2].partition("```")[0])
    assert list(shown) == list(made)
    checker = Draft202012Validator(closed(shape))
    assert [*checker.iter_errors(shown), *checker.iter_errors(made)] == []


def test_an_object_has_its_one_form() -> None:
    made = object_json("key/shop.main")
    assert (made, list(OBJECT["properties"])) == ({"kind": "key", "name": "shop.main"}, list(made))


@given(
    st.builds(
        Revision,
        st.text(),
        st.none() | st.text("0123456789abcdef", min_size=40, max_size=40),
        st.booleans(),
    )
)
def test_a_revision_survives_as_text(revision: Revision) -> None:
    assert str(Revision.parse(str(revision))) == str(revision)
