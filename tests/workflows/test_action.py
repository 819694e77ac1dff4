"""The composite action, step by step, on a real pull request and against a faked GitHub API."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.fake_forge import TOKEN, FakeForge, fake_forge
from support.pull_requests import (
    ANOTHER_MODEL,
    PROGRAMS,
    Job,
    PullRequest,
    fresh_files,
    open_pull_request,
    snapshot_of,
)
from support.step_runner import commands

pytestmark = pytest.mark.slow

MARK = "<!-- aspire-gitops:review -->"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("live")
    fresh_files(folder)
    return snapshot_of(folder)


@pytest.fixture
def forge() -> Iterator[FakeForge]:
    with fake_forge() as one:
        yield one


@pytest.fixture
def opened(tmp_path: Path, live: str) -> PullRequest:
    return open_pull_request(tmp_path, published=live)


@pytest.fixture
def job(opened: PullRequest, forge: FakeForge, tmp_path: Path) -> Job:
    return Job(opened, forge, tmp_path / "temp")


def test_a_comment_is_created_then_updated_and_never_a_second_one(
    job: Job, opened: PullRequest, forge: FakeForge
) -> None:
    forge.write("Please have a look")
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    first = job.run()
    after_first = [timeless(body) for body in forge.bodies()]
    again = job.run()
    after_again = [timeless(body) for body in forge.bodies()]
    opened.edit("aliases/chat", "model: chat-2", "model: chat-3")
    second = job.run()

    assert [ran.succeeded for ran in (first, again, second)] == [True] * 3, first.log
    assert [len(bodies) for bodies in (after_first, after_again, forge.bodies())] == [2, 2, 2]
    assert after_first == after_again
    assert after_first[1].startswith(f"{MARK}\n")
    assert "chat-2" in after_first[1]
    assert "chat-3" in forge.bodies()[1]
    post, *others = forge.writes()
    assert (post, set(others)) == ("POST", {"PATCH"})


def timeless(body: str) -> str:
    """Return a comment without its last line, which says how old the snapshot is."""
    return body.rstrip().rpartition("\n")[0] or body


def test_everything_that_a_reviewer_needs_is_there(
    job: Job, opened: PullRequest, forge: FakeForge
) -> None:
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = job.run()

    folder = Path(ran.outputs["folder"])
    plan = json.loads((folder / "plan.json").read_text())
    manifest = json.loads((folder / "compiled" / "manifest.json").read_text())
    assert ran.outputs["errors"] == "false"
    assert ran.outputs["plan-id"] == plan["id"]
    assert forge.bodies() == [f"{MARK}\n{Path(ran.outputs['comment']).read_text().strip()}\n"]
    assert "config.yaml" in str(manifest)
    assert "chat-2" in ran.summary
    assert [given["name"] for given in job.uploaded] == ["aspire-gitops-review"]
    assert [given["category"] for given in job.analysed] == ["aspire-gitops-review"]
    assert ran.outcomes("skipped") == []
    texts = [path.read_text() for path in job.temp.rglob("*") if path.is_file()]
    assert not [text for text in [ran.log, ran.summary, *forge.bodies(), *texts] if TOKEN in text]


def test_a_mistake_is_commented_and_then_fails_the_check(
    job: Job, opened: PullRequest, forge: FakeForge
) -> None:
    opened.edit("aliases/chat", "provider: acme", "provider: acmee")

    ran = job.run()

    assert not ran.succeeded
    assert ran.outcomes("failure") == ["Judge"]
    assert ran.outputs["errors"] == "true"
    assert len(forge.comments) == 1
    assert len(job.uploaded) == len(job.analysed) == 1
    obeyed = commands(ran.log)
    assert [rest for name, rest in obeyed if name == "error" and "AG201" in rest]
    assert "file=gateway.d/aliases/chat.yaml,line=4" in str(obeyed)


def test_a_fork_reads_the_review_in_the_summary_and_nothing_fails(
    job: Job, opened: PullRequest, forge: FakeForge
) -> None:
    forge.read_only, job.from_fork = True, True
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = job.run()

    assert ran.succeeded, ran.log
    assert forge.comments == []
    assert "chat-2" in ran.summary
    assert "from a fork" in ran.steps["Comment on the pull request"].log
    assert ran.outcomes("skipped") == ["Upload findings to code scanning"]


def test_code_scanning_that_is_switched_off_fails_nothing(
    job: Job, opened: PullRequest, forge: FakeForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Job, "_analyse", lambda _self, _given: False)
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = job.run()

    assert ran.outcomes("failure") == ["Upload findings to code scanning"]
    assert ran.succeeded
    assert len(forge.comments) == 1


def test_a_forge_that_is_down_fails_the_check_and_the_artefact_is_kept(
    job: Job, opened: PullRequest, forge: FakeForge
) -> None:
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = Job(opened, forge, job.temp, uploaded=job.uploaded).run(token="ghs_expired_planted")

    assert not ran.succeeded
    assert ran.outcomes("failure") == ["Comment on the pull request"]
    assert len(job.uploaded) == 1
    assert "set a valid token (this one is wrong or has expired" in ran.log


def test_a_merge_queue_reviews_without_a_comment(job: Job, opened: PullRequest) -> None:
    opened.edit("aliases/chat", *ANOTHER_MODEL)
    base = opened.merged.git("rev-parse", "HEAD^1")
    job.event = {"merge_group": {"base_sha": base}}

    ran = job.run(base=base)

    assert ran.succeeded, ran.log
    assert "chat-2" in ran.summary
    assert ran.outcomes("skipped") == ["Comment on the pull request"]


def test_what_came_to_main_meanwhile_is_not_reviewed_again(
    job: Job, opened: PullRequest, forge: FakeForge
) -> None:
    opened.edit("aliases/chat", *ANOTHER_MODEL)
    opened.author.git("checkout", "--quiet", "main")
    budget = opened.author.path / "gateway.d" / "budgets" / "shop.yaml"
    raised = budget.read_text().replace('"100"', '"120"')
    opened.author.commit("Raise the cap", budgets__shop=raised)
    opened.author.git("push", "--quiet", "origin", "main")
    opened.lay()

    job.run(snapshot="")

    assert "chat-2" in forge.bodies()[0]
    assert "budgets/shop" not in forge.bodies()[0]
    assert "120" not in forge.bodies()[0]


@pytest.mark.parametrize("subject", ["squash", "rebase"])
def test_a_push_to_main_is_reviewed_from_where_it_was(
    job: Job,
    opened: PullRequest,
    subject: str,
) -> None:
    opened.edit("aliases/chat", *ANOTHER_MODEL)
    opened.edit("budgets/shop", '"100"', '"120"')
    before = opened.merged.git("rev-parse", "origin/main")
    opened.merged.git("checkout", "--quiet", "--detach", "origin/main")
    if subject == "squash":
        opened.merged.git("merge", "--quiet", "--squash", "origin/change")
        opened.merged.git("commit", "--quiet", "-m", "Both (#41)")
    else:
        opened.merged.git("checkout", "--quiet", "--detach", "origin/change")
    job.event = {"before": before}

    ran = job.run(base=before, name="merge")

    assert ran.succeeded, ran.log
    assert "chat-2" in ran.summary
    assert "120" in ran.summary
    assert [given["name"] for given in job.uploaded] == ["aspire-gitops-merge"]


def test_without_a_published_snapshot_it_says_so(tmp_path: Path, forge: FakeForge) -> None:
    opened = open_pull_request(tmp_path, published=None)
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = Job(opened, forge, tmp_path / "temp").run()

    assert ran.succeeded, ran.log
    assert ran.outputs["plan-id"] == ""
    assert ("notice", " title=aspire-gitops::no snapshot is published there, so the review cannot say what is live") in commands(ran.log)  # fmt: skip


def test_a_branch_cannot_be_passed_off_as_the_snapshot(
    job: Job, opened: PullRequest, live: str
) -> None:
    """A pull request may hold any file; only one that the workflow names is believed."""
    (opened.author.path / "gateway-state").write_text(live.replace("chat-1", "chat-2"))
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = job.run()

    published = (Path(ran.outputs["folder"]) / "snapshot.json").read_text()
    assert published == live


def test_a_review_that_breaks_is_no_review_that_refuses(
    job: Job, opened: PullRequest, forge: FakeForge, tmp_path: Path
) -> None:
    job.programs = tmp_path / "bin"
    job.programs.mkdir()
    program = job.programs / "aspire-gitops"
    program.write_text(
        '#!/usr/bin/env bash\n[ "$1" != review ] || { echo "error: broken" >&2; exit 1; }\n'
        f'exec {PROGRAMS / "aspire-gitops"} "$@"\n'
    )
    program.chmod(0o755)
    (job.programs / "python").symlink_to(PROGRAMS / "python")
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = job.run()

    assert not ran.succeeded
    assert ran.outputs["errors"] == "true"
    assert "error: broken" in ran.log
    assert "the review could not be made" in ran.log
    assert forge.comments == []
    assert (Path(ran.outputs["folder"]) / "plan.json").exists()


HOSTILE = """\
kind: Alias
name: chat
mode: "x\\n::error::forged ##[add-mask]forged"
target: {provider: acme, model: "##[set-output name=errors]false"}
description: |
  ::add-mask::forged
  ::stop-commands::forged
  ##[error]forged
  --></details> @everyone <!-- aspire-gitops:review -->
price: {input_usd_per_million_tokens: "1", output_usd_per_million_tokens: "2"}
"""


def test_what_the_files_say_does_not_speak_to_the_runner(
    job: Job, opened: PullRequest, forge: FakeForge
) -> None:
    opened.push("Be nasty\n\n::error::forged", aliases__chat=HOSTILE)

    ran = job.run()

    allowed = {"error", "warning", "notice"}
    obeyed = commands(ran.log)
    assert {name for name, _ in obeyed} <= allowed
    assert not [rest for _, rest in obeyed if rest.startswith("::forged")]
    assert ran.outputs["errors"] == "true"
    assert forge.bodies()[0].count("<!-- aspire-gitops:") == 1


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"head": "no-such-branch"}, "the input head names no commit of this clone"),
        ({"base": "no-such-branch"}, "the base is no commit of this clone"),
        ({"head": "--output=/tmp/x"}, "the input head names no commit of this clone"),
        ({"name": "../../x"}, "the input name may have small letters"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(
    job: Job, opened: PullRequest, inputs: dict[str, str], said: str
) -> None:
    opened.edit("aliases/chat", *ANOTHER_MODEL)

    ran = job.run(**inputs)

    assert not ran.succeeded
    assert f"::error title=aspire-gitops::{said}" in ran.log
    assert job.uploaded == []
