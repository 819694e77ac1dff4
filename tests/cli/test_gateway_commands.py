"""plan, apply and snapshot, against the fake gateway over TCP."""

import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.command_line import PROGRAM, CommandLine, ended, heeding_ctrl_c
from support.fake_gateway import ADMIN_KEY, FakeGateway, Fault, Request, Status, serving
from support.small_source import TODAY, write_files

pytestmark = pytest.mark.slow  # waits for other programs

BY_THEN = ("--today", TODAY)
PROVIDER_SECRET = "sk-acme-planted-0123456789"


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def shell(tmp_path: Path, fake: FakeGateway) -> Iterator[CommandLine]:
    write_files(tmp_path)
    with serving(fake) as url:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
            "ACME_API_KEY": PROVIDER_SECRET,
        }
        yield CommandLine(tmp_path, variables)


def edit(shell: CommandLine, name: str, before: str, after: str) -> None:
    path = shell.folder / "gateway.d" / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def raise_budget(shell: CommandLine) -> None:
    edit(shell, "budgets/shop.yaml", '"100"', '"200"')


def read_until(terminal: int, text: str | None) -> str:
    """Read what a terminal shows until `text`, or until the program has ended."""
    shown = ""
    while text is None or text not in shown:
        assert select.select([terminal], [], [], 60)[0], f"nothing more after: {shown}"
        try:
            shown += os.read(terminal, 4096).decode()
        except OSError:  # Linux says so when nobody holds the other end any more
            break
    return shown


def test_plan_shows_and_changes_nothing(shell: CommandLine, fake: FakeGateway) -> None:
    result = shell.run("plan", *BY_THEN)
    assert (result.returncode, fake.writes) == (0, [])
    assert "+ create   deployment/chat  gw.chat.1" in result.stdout
    assert "3 changes: 3 create." in result.stdout


def test_apply_then_plan_again_is_empty(shell: CommandLine) -> None:
    result = shell.run("apply", *BY_THEN, "--yes")
    assert (result.returncode, result.stdout) == (0, "3 changes: 3 applied.\n"), result.stderr
    assert result.stderr.count("  applied ") == 3
    assert "No changes." in shell.run("plan", *BY_THEN).stdout


def test_a_second_apply_writes_nothing_and_reads_once(
    shell: CommandLine, fake: FakeGateway
) -> None:
    shell.run("plan", *BY_THEN)
    reads_of_a_plan = len(fake.reads)
    shell.run("apply", *BY_THEN, "--yes")
    fake.forget()
    result = shell.run("apply", *BY_THEN, "--yes")
    assert (result.returncode, result.stdout) == (0, "Nothing to do.\n")
    assert (fake.writes, len(fake.reads)) == ([], reads_of_a_plan)


def test_detailed_exit_codes(shell: CommandLine) -> None:
    detailed = (*BY_THEN, "--detailed-exitcode")
    codes = [
        shell.run("plan", *detailed).returncode,
        shell.run("apply", *detailed, "--yes").returncode,
        shell.run("plan", *detailed).returncode,
        shell.run("apply", *detailed, "--yes").returncode,
    ]
    assert codes == [2, 2, 0, 0]


def test_nobody_to_ask_changes_nothing(shell: CommandLine, fake: FakeGateway) -> None:
    result = shell.run("apply", *BY_THEN, stdin="y\n")
    assert (result.returncode, fake.writes) == (64, [])
    assert "--yes" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "code", "writes"),
    [
        pytest.param("y\n", 0, True, id="yes applies"),
        pytest.param("n\n", 1, False, id="no changes nothing"),
        pytest.param("", 130, False, id="Ctrl-C changes nothing"),
    ],
)
def test_a_person_is_asked(
    shell: CommandLine, fake: FakeGateway, answer: str, code: int, *, writes: bool
) -> None:
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "apply", *BY_THEN]
    env = {**shell.environment(), "TERM": "dumb"}
    with (
        subprocess.Popen(
            command,
            cwd=shell.folder,
            env=env,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            preexec_fn=heeding_ctrl_c,  # noqa: PLW1509 (no thread of ours runs)
        ) as applying,
        ended(applying),
    ):
        os.close(theirs)
        shown = read_until(ours, "[y/N]")
        if answer:
            os.write(ours, answer.encode())
        while not answer and applying.poll() is None:
            # Python notices a signal in `input` only once it waits there, so one may be too early;
            # one that comes while it is ending already would be a second Ctrl-C.
            applying.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                applying.wait(5)
        shown += read_until(ours, None)
    os.close(ours)
    assert (applying.returncode, bool(fake.writes)) == (code, writes), shown
    assert "+ create" in shown


def test_a_saved_plan_is_applied(shell: CommandLine) -> None:
    shell.run("plan", *BY_THEN, "-o", "plan.json")
    result = shell.run("apply", "--plan", "plan.json", "--yes")
    assert (result.returncode, result.stdout) == (0, "3 changes: 3 applied.\n"), result.stderr


def test_a_stale_plan_is_refused(shell: CommandLine, fake: FakeGateway) -> None:
    shell.run("plan", *BY_THEN, "-o", "plan.json")
    shell.run("apply", *BY_THEN, "--yes")
    fake.forget()
    result = shell.run("apply", "--plan", "plan.json", "--yes")
    assert (result.returncode, "stale" in result.stderr, fake.writes) == (1, True, [])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('"chat"', '"chat2"', id="edited by hand"),
        pytest.param("{", "", id="no JSON"),
        pytest.param('"version": 2', '"version": 99', id="of another version"),
    ],
)
def test_a_plan_that_was_touched_is_refused(
    shell: CommandLine, fake: FakeGateway, before: str, after: str
) -> None:
    shell.run("plan", *BY_THEN, "-o", "plan.json")
    path = shell.folder / "plan.json"
    path.write_text(path.read_text().replace(before, after))
    result = shell.run("apply", "--plan", "plan.json", "--yes")
    assert (result.returncode, fake.writes) == (64, []), result.stderr


def test_a_plan_of_another_owner_is_refused(shell: CommandLine) -> None:
    shell.run("plan", *BY_THEN, "-o", "plan.json")
    result = shell.run("apply", "--plan", "plan.json", "--yes", "--owner", "somebody")
    assert (result.returncode, "somebody" in result.stderr) == (64, True)


def test_a_missing_secret_stops_before_the_first_write(
    shell: CommandLine, fake: FakeGateway
) -> None:
    del shell.variables["ACME_API_KEY"]
    result = shell.run("apply", *BY_THEN, "--yes")
    assert (result.returncode, "ACME_API_KEY" in result.stderr) == (1, True)
    assert fake.writes == []


def test_a_missing_right_stops_before_the_first_write(
    shell: CommandLine, fake: FakeGateway
) -> None:
    with fake.failing(Fault(Status(403), method="POST", path="/model/new")):
        result = shell.run("apply", *BY_THEN, "--yes")
    assert (result.returncode, "/model/new" in result.stderr) == (1, True), result.stderr
    assert "3 changes: 3 create." in shell.run("plan", *BY_THEN).stdout


def test_a_plan_without_the_secret_says_so(shell: CommandLine) -> None:
    shell.run("apply", *BY_THEN, "--yes")
    del shell.variables["ACME_API_KEY"]
    result = shell.run("plan", *BY_THEN)
    assert (result.returncode, "not compared" in result.stdout) == (0, True)


def test_a_refused_plan_is_shown_and_1(shell: CommandLine, fake: FakeGateway) -> None:
    shell.run("apply", *BY_THEN, "--yes")
    fake.forget()
    shown = shell.run("plan", *BY_THEN, "--owner", "somebody-else")
    assert (shown.returncode, "AG504 name-taken" in shown.stdout) == (1, True)
    applied = shell.run("apply", *BY_THEN, "--yes", "--owner", "somebody-else")
    assert (applied.returncode, fake.writes) == (1, [])


def test_a_taken_name_holds_its_alias_and_apply_does_the_rest_and_exits_1(
    shell: CommandLine, fake: FakeGateway
) -> None:
    fake.deployments.add_from_file("chat", "theirs-1", model="openai/gpt-4o")
    saved = shell.folder / "plan.json"
    shown = shell.run("plan", *BY_THEN, "-o", str(saved))
    assert shown.returncode == 1
    assert "held AG504 name-taken  deployment/chat" in shown.stdout
    assert "theirs-1 (openai/gpt-4o at openai)" in shown.stdout
    assert "Held: 1 object. Apply carries out the rest and exits 1." in shown.stdout
    plan = json.loads(saved.read_text())
    assert [one["scope"] for one in plan["refusals"]] == ["object"]
    assert [one["change"]["object"]["name"] for one in plan["held"]] == ["chat"]
    result = shell.run("apply", "--plan", str(saved), "--yes", "--format", "json")
    outcome = json.loads(result.stdout)
    assert (result.returncode, outcome["ok"]) == (1, False)
    assert [found["object"]["kind"] for found in outcome["results"]] == ["credential", "key"]
    assert [found["object"]["name"] for found in outcome["held"]] == ["chat"]
    again = shell.run("apply", *BY_THEN, "--yes")
    assert (again.returncode, again.stdout) == (
        1,
        "Nothing to do. Held: AG504 deployment/chat, and 1 change waits.\n",
    )


def test_a_plan_whose_refusal_was_made_smaller_by_hand_is_refused(
    shell: CommandLine, fake: FakeGateway
) -> None:
    shell.run("apply", *BY_THEN, "--yes")
    (shell.folder / "gateway.d" / "apps" / "shop.yaml").unlink()
    saved = shell.folder / "plan.json"
    shell.run("plan", *BY_THEN, "-o", str(saved))
    text = saved.read_text()
    assert '"scope": "plan"' in text
    saved.write_text(text.replace('"scope": "plan"', '"scope": "object"'))
    fake.forget()
    result = shell.run("apply", "--plan", str(saved), "--yes")
    assert (result.returncode != 0, fake.writes) == (True, [])
    assert "was changed after it was made" in result.stderr


def test_one_failure_is_1_and_the_rest_is_done(shell: CommandLine, fake: FakeGateway) -> None:
    # After eleven proofs of rights and the row that says who writes: a credential, a deployment.
    with fake.failing(Fault(Status(400), method="POST", path="/key/generate", write=15)):
        result = shell.run("apply", *BY_THEN, "--yes", "--format", "json")
    outcome = json.loads(result.stdout)
    statuses = [found["status"] for found in outcome["results"]]
    assert (result.returncode, outcome["ok"]) == (1, False)
    assert statuses == ["applied", "applied", "failed"]
    assert shell.run("apply", *BY_THEN, "--yes").returncode == 0


@pytest.mark.parametrize(
    ("variables", "code", "says"),
    [
        pytest.param(
            {"ASPIRE_GITOPS_ADMIN_KEY": "sk-wrong-0123456789"}, 1, "ADMIN_KEY", id="wrong key"
        ),
        pytest.param(
            {"ASPIRE_GITOPS_GATEWAY_URL": "http://127.0.0.1:9"}, 1, "127.0.0.1:9", id="gateway down"
        ),
        pytest.param({"ASPIRE_GITOPS_GATEWAY_URL": "nonsense"}, 64, "GATEWAY_URL", id="no address"),
        pytest.param({"ASPIRE_GITOPS_ADMIN_KEY": ""}, 64, "ADMIN_KEY_FILE", id="no key"),
        pytest.param({"ASPIRE_GITOPS_ADMIN_KEY_FILE": "/nope"}, 64, "both set", id="two keys"),
    ],
)
def test_a_gateway_that_cannot_be_reached(
    shell: CommandLine, variables: dict[str, str], code: int, says: str
) -> None:
    shell.variables.update(variables)
    result = shell.run("snapshot")
    assert (result.returncode, says in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.stderr
    assert "sk-wrong" not in result.stderr


def test_a_plan_from_a_snapshot_is_the_live_plan(shell: CommandLine) -> None:
    shell.run("apply", *BY_THEN, "--yes")
    raise_budget(shell)
    shell.run("snapshot", "-o", "snapshot.json")
    live = shell.run("plan", *BY_THEN, "--format", "json")
    saved = shell.run("plan", *BY_THEN, "--format", "json", "--snapshot", "snapshot.json")
    assert saved.stdout == live.stdout


def test_a_plan_from_a_snapshot_asks_nobody_and_can_be_applied(
    shell: CommandLine, fake: FakeGateway
) -> None:
    shell.run("snapshot", "-o", "snapshot.json")
    fake.forget()
    shell.run("plan", *BY_THEN, "--snapshot", "snapshot.json", "-o", "plan.json")
    assert fake.reads == []
    assert shell.run("apply", "--plan", "plan.json", "--yes").returncode == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("{}", "not a snapshot", id="something else"),
        pytest.param("<html>", "not a snapshot", id="no JSON"),
    ],
)
def test_a_file_that_is_no_snapshot(shell: CommandLine, content: str, says: str) -> None:
    (shell.folder / "s.json").write_text(content)
    result = shell.run("plan", *BY_THEN, "--snapshot", "s.json")
    assert (result.returncode, says in result.stderr) == (64, True)


def test_unmanaged_objects_are_a_name_and_a_digest_and_keys_what_may_stop_them(
    shell: CommandLine,
) -> None:
    shell.run("apply", *BY_THEN, "--yes")
    result = shell.run("snapshot", "--owner", "somebody-else")
    found = json.loads(result.stdout)
    assert (found["objects"], len(found["foreign"])) == ([], 3)
    assert {frozenset(item) for item in found["foreign"]} == {
        frozenset({"object", "handle", "address", "digest"}),
        frozenset({"object", "handle", "address", "digest", "key"}),
    }


def make_by_hand(fake: FakeGateway, **fields: object) -> None:
    body = {"key": "sk-made-by-hand-0001", "key_alias": "shop-legacy", **fields}
    fake.handle(Request("POST", "/key/generate", body, f"Bearer {ADMIN_KEY}"))


def adopt(shell: CommandLine, how: str) -> None:
    added = f"\n  - {{name: legacy, key_alias: shop-legacy, adopt: {how}}}\n"
    edit(shell, "apps/shop.yaml", "\n  - name: main", added + "  - name: main")


def test_an_overspent_key_is_adopted_only_with_a_reset(
    shell: CommandLine, fake: FakeGateway
) -> None:
    make_by_hand(fake, spend=812.4)
    adopt(shell, "true")
    refused = shell.run("apply", *BY_THEN, "--yes")
    assert (refused.returncode, "AG509 adopted-key-overspent" in refused.stderr) == (1, True)
    edit(shell, "apps/shop.yaml", "adopt: true", "adopt: {reset_spend: true}")
    planned = shell.run("plan", *BY_THEN)
    assert "spend 812.4 → 0" in " ".join(planned.stdout.split())
    assert shell.run("apply", *BY_THEN, "--yes").returncode == 0
    [row] = [row for row in fake.keys.rows.values() if row["key_alias"] == "shop-legacy"]
    assert row["spend"] == 0


def test_a_saved_plan_is_held_against_what_litellm_counts_by_then(
    shell: CommandLine, fake: FakeGateway
) -> None:
    make_by_hand(fake)
    adopt(shell, "true")
    assert shell.run("plan", *BY_THEN, "-o", "plan.json").returncode == 0
    [row] = fake.keys.rows.values()
    row["spend"] = 812.4
    before = len(fake.writes)
    refused = shell.run("apply", "--plan", "plan.json", "--yes")
    assert (refused.returncode, "AG509" in refused.stderr) == (1, True)
    assert len(fake.writes) == before


def test_a_key_in_a_limited_team_is_not_adopted(shell: CommandLine, fake: FakeGateway) -> None:
    team = {"team_id": "growth", "models": ["gpt-4o"]}
    fake.handle(Request("POST", "/team/new", team, f"Bearer {ADMIN_KEY}"))
    make_by_hand(fake, team_id="growth")
    adopt(shell, "{reset_spend: true}")
    refused = shell.run("plan", *BY_THEN)
    assert (refused.returncode, 'team "growth"' in refused.stdout) == (1, True)


@pytest.mark.slow
def test_a_process_of_its_own_does_the_same(shell: CommandLine) -> None:
    result = shell.run_process("apply", *BY_THEN, "--yes")
    assert (result.returncode, result.stdout) == (0, "3 changes: 3 applied.\n"), result.stderr
    assert shell.run_process("plan", *BY_THEN, "--owner", "somebody-else").returncode == 1


def test_no_secret_is_in_anything(shell: CommandLine) -> None:
    written = ""
    for command in (
        ["--debug", "plan", "-o", "plan.json"],
        ["plan", "--format", "json"],
        ["plan", "--format", "markdown"],
        ["--debug", "apply", "--yes", "--format", "json"],
        ["snapshot", "-o", "snapshot.json"],
        ["plan", "--snapshot", "snapshot.json"],
    ):
        dates = () if command[0] == "snapshot" else BY_THEN
        result = shell.run(*command, *dates)
        written += result.stdout + result.stderr
    files = [shell.folder / "plan.json", shell.folder / "snapshot.json"]
    written += "".join(path.read_text() for path in files)
    delivered = (shell.folder / "keys" / "shop" / "main").read_text().strip()
    assert delivered.startswith("sk-")
    assert [s for s in (PROVIDER_SECRET, ADMIN_KEY, delivered) if s in written] == []
