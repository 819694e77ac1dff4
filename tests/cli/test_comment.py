"""`comment` as a job runs it: against a forge that answers, with the variables of a job."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import CommandLine, Ended
from support.fake_forge import TOKEN, FakeForge, fake_forge

ANYBODY = "Plan a1: `qwen-chat` moves.\n"


@pytest.fixture
def forge() -> Iterator[FakeForge]:
    with fake_forge() as one:
        yield one


@pytest.fixture
def job(tmp_path: Path, forge: FakeForge) -> CommandLine:
    (tmp_path / "review.md").write_text(ANYBODY)
    variables = {
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "aspire/gateway-config",
        "GITHUB_API_URL": forge.api_url,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "77",
    }
    return CommandLine(tmp_path, variables)


def comment(job: CommandLine, *words: str) -> Ended:
    return job.run("comment", "review.md", "--pull-request", "41", *words)


def test_it_is_created_and_then_updated(job: CommandLine, forge: FakeForge) -> None:
    first = comment(job)
    (job.folder / "review.md").write_text("Plan b2: nothing changes.\n")
    second = comment(job)

    assert (first.returncode, second.returncode) == (0, 0)
    assert "created" in first.stderr
    assert "updated" in second.stderr
    assert forge.bodies() == ["<!-- aspire-gitops:review -->\nPlan b2: nothing changes.\n"]


def test_two_names_are_two_comments(job: CommandLine, forge: FakeForge) -> None:
    comment(job)
    comment(job, "--name", "egress")

    assert [body.splitlines()[0] for body in forge.bodies()] == [
        "<!-- aspire-gitops:review -->",
        "<!-- aspire-gitops:egress -->",
    ]


def test_a_fork_reads_the_text_in_the_summary(job: CommandLine, forge: FakeForge) -> None:
    forge.read_only = True

    ended = comment(job, "--or-summary")

    assert ended.returncode == 0
    assert "from a fork" in ended.stderr
    assert (job.folder / "summary.md").read_text() == ANYBODY
    assert TOKEN not in ended.stderr + ended.stdout


def test_without_a_summary_a_fork_is_still_no_failure(job: CommandLine, forge: FakeForge) -> None:
    forge.read_only = True

    assert comment(job).returncode == 0
    assert not (job.folder / "summary.md").exists()


def test_a_text_of_any_length_becomes_a_comment_that_fits(
    job: CommandLine, forge: FakeForge
) -> None:
    (job.folder / "review.md").write_text("- one change of five thousand\n" * 5_000)

    assert comment(job).returncode == 0
    (body,) = forge.bodies()
    assert len(body) <= 65_536
    assert body.endswith(
        "[of this run](https://github.com/aspire/gateway-config/actions/runs/77).\n"
    )


def test_the_token_may_be_in_a_file(job: CommandLine, forge: FakeForge) -> None:
    (job.folder / "token").write_text(f"{TOKEN}\n")
    job.variables["GITHUB_TOKEN"] = "wrong"

    assert comment(job, "--token-file", "token").returncode == 0
    assert len(forge.comments) == 1


def test_a_gitlab_job_says_everything_itself(tmp_path: Path) -> None:
    (tmp_path / "review.md").write_text(ANYBODY)
    with fake_forge(is_gitlab=True) as gitlab:
        variables = {
            "GITLAB_TOKEN": TOKEN,
            "CI_PROJECT_ID": "platform/gateway",
            "CI_API_V4_URL": gitlab.api_url,
            "CI_MERGE_REQUEST_IID": "41",
        }
        ended = CommandLine(tmp_path, variables).run("comment", "review.md", "--forge", "gitlab")

        assert ended.returncode == 0, ended.stderr
        assert gitlab.bodies() == [f"<!-- aspire-gitops:review -->\n{ANYBODY}"]


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("GITHUB_TOKEN", "set GITHUB_TOKEN"),
        ("GITHUB_REPOSITORY", "--repository is required"),
    ],
)
def test_what_is_missing_is_named(job: CommandLine, missing: str, said: str) -> None:
    job.variables[missing] = ""

    ended = comment(job)

    assert ended.returncode == 64
    assert said in ended.stderr


def test_a_wrong_token_fails(job: CommandLine) -> None:
    job.variables["GITHUB_TOKEN"] = "ghs_wrong_planted"

    ended = comment(job, "--or-summary")

    assert ended.returncode == 1
    assert "answered 401 (Bad credentials)" in ended.stderr
    assert "planted" not in ended.stderr


@pytest.mark.parametrize("words", [("--pull-request", "0"), ("--name", "Nope")])
def test_wrong_usage(job: CommandLine, words: tuple[str, str]) -> None:
    assert comment(job, *words).returncode == 64


def test_an_empty_file_is_wrong_usage(job: CommandLine) -> None:
    (job.folder / "review.md").write_text("\n")

    assert comment(job).returncode == 64


def test_a_summary_that_is_full_gets_no_more(job: CommandLine, forge: FakeForge) -> None:
    """GitHub shows nothing of a summary above 1 MiB, so what is there already matters more."""
    forge.read_only = True
    summary = job.folder / "summary.md"
    summary.write_text("x" * 999_990)

    ended = comment(job, "--or-summary")

    assert ended.returncode == 0
    assert "instead" not in ended.stderr
    assert len(summary.read_text()) == 999_990
