"""The job that renews the exchange rate: one pull request a rate, and none from a bad answer."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.fake_github import REPOSITORY, TOKEN, FakeGitHub, fake_github
from support.git_repository import clean_variables
from support.listening import Listener, Say, listening
from support.pull_requests import PROGRAMS
from support.small_source import FILES, write_files
from support.step_runner import commands

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "ci" / "renew_rate.py"
BRANCH = "renew-exchange-rate"
FILE = "gateway.d/gateway.yaml"
DUE = "2026-12-23"  # the rate of 2026-11-20 is good until 2027-01-04
HEAD = """\
F11.1  EXCHANGE RATES \r
Title,A$1=USD,Trade-weighted Index May 1970 = 100\r
Description,AUD/USD Exchange Rate; see notes for further detail.,Trade-weighted Index\r
Frequency,Daily,Daily\r
Units,USD,Index\r
\r
Source,WM/Reuters,RBA\r
Publication date,22-Dec-2026,22-Dec-2026\r
Series ID,FXRUSD,FXRTWI\r
"""
TABLE = HEAD + "18-Dec-2026,0.6471,61.2\r\n22-Dec-2026,0.6498,61.4\r\n23-Dec-2026,,\r\n"


@dataclass
class Job:
    """A checkout, the bank and GitHub."""

    folder: Path
    bank: Listener
    github: FakeGitHub

    def run(self, today: str = DUE, **variables: str) -> tuple[int, str]:
        before = (self.folder / FILE).read_text()
        done = subprocess.run(
            [PROGRAMS / "python", SCRIPT, PROGRAMS / "aspire-gitops", "gateway.d", "14"],
            cwd=self.folder,
            env={
                **{k: v for k, v in clean_variables().items() if not k.startswith("ASPIRE_")},
                "TODAY": today,
                "RATES_URL": f"{self.bank.base}/f11.1-data.csv",
                "GITHUB_API_URL": self.github.api_url,
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_ACTIONS": "true",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert (self.folder / FILE).read_text() == before, "the checkout stays as it was"
        assert TOKEN not in done.stdout
        return done.returncode, done.stdout

    def publishes(self, text: str) -> None:
        self.bank.answers(Say(body=text.encode()))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    write_files(tmp_path)
    files = {f"gateway.d/{name}": text for name, text in FILES.items()}
    with listening() as bank, fake_github(files) as github:
        made = Job(tmp_path, bank, github)
        made.publishes(TABLE)
        yield made


def test_a_young_rate_is_left_alone(job: Job) -> None:
    code, log = job.run("2026-11-30")

    assert code == 0
    assert "young enough for 14 days" in log
    assert job.bank.heard == []
    assert job.github.listener.heard == []


def test_a_pull_request_changes_the_rate_with_its_source_and_day(job: Job) -> None:
    code, log = job.run()

    assert code == 0, log
    assert "opened https://f/41" in log
    before, after = FILES["gateway.yaml"], job.github.on(BRANCH)[FILE]
    assert after == before.replace("0.6512", "0.6498").replace("2026-11-20", "2026-12-22")
    assert {k: v for k, v in job.github.on(BRANCH).items() if k != FILE} == {
        f"gateway.d/{k}": v for k, v in FILES.items() if k != "gateway.yaml"
    }
    (pull,) = job.github.pulls
    assert (pull["head"], pull["base"]) == (BRANCH, "main")
    assert pull["title"] == "Renew the exchange rate: 0.6498 USD per AUD on 2026-12-22"
    assert "F11.1, series FXRUSD" in pull["body"]
    assert "it was 0.6512 on 2026-11-20 (-0.2%)" in pull["body"]


def test_another_source_is_replaced_and_comments_stay(job: Job) -> None:
    block = (
        'exchange:\n  # usd_per_aud: "0.1" was a mistake\n  usd_per_aud: "0.6512"  # reviewed\n'
        "  as_of: 2026-11-20\n  source: the newspaper\n  max_age_days: 45\n"
    )
    lines = FILES["gateway.yaml"].splitlines(keepends=True)
    text = "".join(block if line.startswith("exchange:") else line for line in lines)
    (job.folder / FILE).write_text(text)

    job.run()

    assert job.github.on(BRANCH)[FILE] == (
        text.replace('"0.6512"', '"0.6498"')
        .replace("2026-11-20", "2026-12-22")
        .replace("the newspaper", "RBA F11.1")
    )


def test_the_same_day_twice_makes_one_pull_request(job: Job) -> None:
    job.run()
    written = job.github.writes()

    code, log = job.run()

    assert code == 0
    assert "https://f/41 proposes a new rate already" in log
    assert job.github.writes() == written
    assert len(job.github.pulls) == 1


def test_a_run_that_was_cut_off_is_finished(job: Job) -> None:
    job.github.refuses[("POST", "pulls")] = Say(502, body=b"{}")
    first, _ = job.run()
    job.github.refuses.clear()

    second, _ = job.run()

    assert (first, second) == (1, 0)
    assert job.github.writes().count("POST git/refs") == 1
    assert len(job.github.pulls) == 1


def test_an_open_proposal_is_kept_for_some_days_then_updated(job: Job) -> None:
    job.run()
    job.publishes(TABLE + "24-Dec-2026,0.6501,61.4\r\n")
    assert "proposes a new rate already" in job.run("2026-12-24")[1]
    job.publishes(TABLE + "28-Dec-2026,0.6530,61.4\r\n")

    code, log = job.run("2026-12-29")

    assert code == 0
    assert "updated https://f/41" in log
    (pull,) = job.github.pulls
    assert pull["title"].endswith("0.6530 USD per AUD on 2026-12-28")
    assert '"0.6530", as_of: 2026-12-28' in job.github.on(BRANCH)[FILE]


def test_a_proposal_that_no_longer_fits_main_is_made_anew(job: Job) -> None:
    job.run()
    other = job.github.on(BRANCH)[FILE].replace("Australia/Sydney", "Australia/Perth")
    job.github.commit_on(BRANCH, gateway=other)

    assert "updated https://f/41" in job.run()[1]
    assert "Australia/Sydney" in job.github.on(BRANCH)[FILE]


def test_a_proposal_that_somebody_closed_stays_closed(job: Job) -> None:
    job.run()
    job.github.pulls[0]["state"] = "closed"

    code, log = job.run()

    assert code == 0
    assert "somebody closed the pull request for this rate" in log
    assert len(job.github.pulls) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(Say(503), "does not answer: HTTP Error 503", id="down"),
        pytest.param(Say(drop=True), "does not answer", id="hangs up"),
        pytest.param(Say(body=b"<html>Log in"), "not table F11.1: no column FXRUSD", id="a page"),
        pytest.param(Say(body=b""), "not table F11.1: no column FXRUSD", id="nothing"),
        pytest.param(Say(body=b"\xff\xfe\x00"), "is not text", id="no text"),
        pytest.param(Say(body=HEAD.encode()), "has no rate", id="no rows"),
        pytest.param(
            Say(body=(HEAD + "22-Dec-2026,n/a,1\r\n").encode()),
            "'n/a' where a rate is expected",
            id="no number",
        ),
        pytest.param(
            Say(body=(HEAD + "22-Dec-2026,0.0,1\r\n").encode()),
            "'0.0' where a rate is expected",
            id="zero",
        ),
        pytest.param(
            Say(body=(HEAD + "2026/12/22,0.64,1\r\n").encode()),
            "'2026/12/22' where a day is expected",
            id="another form of day",
        ),
        pytest.param(
            Say(body=(HEAD + "22-Dec-2026,1.5390,1\r\n").encode()),
            "1.5390 is 136% away from the reviewed 0.6512",
            id="the other way round",
        ),
        pytest.param(
            Say(body=(HEAD + "22-Jan-2027,0.6498,1\r\n").encode()), "after today", id="the future"
        ),
        pytest.param(
            Say(body=(HEAD + "03-Dec-2026,0.6498,1\r\n").encode()),
            "nothing was published for too long",
            id="old news",
        ),
    ],
)
def test_a_bad_answer_of_the_bank_changes_nothing(job: Job, answer: Say, said: str) -> None:
    job.bank.answers(answer)

    code, log = job.run()

    assert code == 1
    ((name, rest),) = commands(log)
    assert (name, said in rest.replace("%25", "%")) == ("error", True), log
    assert job.github.listener.heard == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            Say(403, body=b'{"message": "Resource not accessible by integration"}'),
            "must allow Actions to create pull requests",
            id="no right",
        ),
        pytest.param(Say(500, body=b"<html>"), "GitHub refuses GET pulls", id="down"),
        pytest.param(Say(body=b"<html>"), "does not answer GET pulls", id="a page"),
        pytest.param(Say(body=b"{}"), "not a list", id="another shape"),
        pytest.param(Say(body=b"[{}]"), "answer lacks 'title'", id="half an answer"),
        pytest.param(
            Say(302, headers={"Location": "http://127.0.0.1:9/"}), "refuses GET pulls", id="moved"
        ),
    ],
)
def test_a_bad_answer_of_github_is_an_error(job: Job, answer: Say, said: str) -> None:
    job.github.refuses[("GET", "pulls")] = answer

    code, log = job.run()

    assert code == 1
    assert said in log
    assert job.github.writes() == []


def test_files_with_another_mistake_are_not_proposed(job: Job) -> None:
    alias = job.folder / "gateway.d" / "aliases" / "chat.yaml"
    alias.write_text(alias.read_text().replace("provider: acme", "provider: acmee"))

    code, log = job.run()

    assert code == 1
    assert "with the new rate the files hold errors" in log
    assert "AG201" in log
    assert job.github.writes() == []


def test_a_token_is_needed(job: Job) -> None:
    assert job.run(GITHUB_TOKEN="") == (
        1,
        "::error title=Rate::The exchange rate is not renewed: GITHUB_TOKEN is not set\n",
    )
