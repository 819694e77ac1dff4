#!/usr/bin/env python3
"""Open a pull request that renews the exchange rate before it grows too old.

    ci/renew_rate.py PROGRAM FOLDER DAYS

Does nothing while the rate is still young enough in DAYS days (AG309). Otherwise it reads
the newest rate that the Reserve Bank of Australia published (table F11.1) and proposes it:
one commit that changes the rate, its day and its source, on one branch, in one pull request.
A second run on the same day finds both and changes nothing; from the fifth day on, a run
updates both.

It writes through GitHub's API only, with GITHUB_TOKEN (contents and pull requests: write), so
no credential reaches git, and GitHub signs the commit. An answer that makes no sense, from the
bank or from GitHub, ends it with exit code 1 before anything is written. Standard library only.
"""

import base64
import csv
import io
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

RATES_URL = "https://www.rba.gov.au/statistics/tables/csv/f11.1-data.csv"
SOURCE = "RBA F11.1"
SERIES = "FXRUSD"  # US dollars for one Australian dollar
BRANCH = "renew-exchange-rate"
TIMEOUT_S = 30
LARGEST_ANSWER = 5_000_000
# The bank is closed for a few days around Christmas and Easter, not for longer.
OLDEST_NEWS = timedelta(days=10)
# A currency moves a few per cent a month. What moved more is a mistake until somebody has looked.
LARGEST_MOVE = Decimal("0.15")
KEPT_FOR = timedelta(days=5)
_AMOUNT = re.compile(r"[0-9]{1,2}\.[0-9]{1,8}")


class Failed(Exception):
    """The run ends here; the message says why."""


@dataclass(frozen=True)
class Rate:
    """How many US dollars one Australian dollar was worth on a day."""

    usd_per_aud: str
    day: date


def published(text: str) -> Rate:
    """Return the newest rate of the bank's table.

    The table opens with rows that describe its columns; the row `Series ID` names them.
    """
    column: int | None = None
    newest: Rate | None = None
    for row in csv.reader(io.StringIO(text)):
        if row and row[0].strip() == "Series ID" and SERIES in row:
            column = row.index(SERIES)
        elif column is not None and len(row) > column and row[column].strip():
            rate = Rate(_amount(row[column].strip()), _day(row[0].strip()))
            newest = rate if newest is None or rate.day > newest.day else newest
    if column is None:
        raise Failed(f"the answer is not table F11.1: no column {SERIES}; it begins {text[:60]!r}")
    if newest is None:
        raise Failed(f"table F11.1 has no rate in column {SERIES}")
    return newest


def _amount(text: str) -> str:
    if not _AMOUNT.fullmatch(text) or Decimal(text) == 0:
        raise Failed(f"table F11.1 has {text[:40]!r} where a rate is expected")
    return text


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise Failed(f"table F11.1 has {text[:40]!r} where a day is expected") from None


def check(new: Rate, old: Rate, today: date) -> None:
    """Refuse a rate that cannot be right."""
    if new.day > today + timedelta(days=1):  # it may be tomorrow already in Sydney
        raise Failed(f"the newest rate is of {new.day}, which is after today ({today})")
    if today - new.day > OLDEST_NEWS:
        raise Failed(f"the newest rate is of {new.day}: nothing was published for too long")
    if new.day <= old.day:
        raise Failed(f"the newest rate is of {new.day}, and the files have that of {old.day}")
    move = abs(Decimal(new.usd_per_aud) / Decimal(old.usd_per_aud) - 1)
    if move > LARGEST_MOVE:
        raise Failed(
            f"{new.usd_per_aud} is {move:.0%} away from the reviewed {old.usd_per_aud}; "
            "if that is right, change it by hand"
        )


def reviewed(text: str) -> Rate:
    """Return the rate that the Gateway's file has."""
    amount, day = _one(_FIELDS["usd_per_aud"], text), _one(_FIELDS["as_of"], text)
    return Rate(_amount(amount["value"].strip("\"'")), date.fromisoformat(day["value"]))


def renewed(text: str, rate: Rate) -> str:
    """Return the Gateway's file with the new rate, its day and its source, and nothing else changed."""
    values = {
        "usd_per_aud": f'"{rate.usd_per_aud}"',
        "as_of": rate.day.isoformat(),
        "source": SOURCE,
    }
    for name, value in values.items():
        found = _one(_FIELDS[name], text)
        text = text[: found.start("value")] + value + text[found.end("value") :]
    return text


_FIELDS = {
    "usd_per_aud": re.compile(r"\busd_per_aud:[ ]*(?P<value>\"[0-9.]+\"|'[0-9.]+')"),
    "as_of": re.compile(r"\bas_of:[ ]*(?P<value>[0-9]{4}-[0-9]{2}-[0-9]{2})"),
    "source": re.compile(r"\bsource:[ ]*(?P<value>[A-Za-z0-9][A-Za-z0-9 ._/-]*[A-Za-z0-9])"),
}


def _one(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    # Comments hold the fields' names, too.
    found = [
        one
        for one in pattern.finditer(text)
        if "#" not in text[text.rfind("\n", 0, one.start()) + 1 : one.start()]
    ]
    if len(found) != 1:
        raise Failed(
            f"cannot find the one place of {pattern.pattern.split(':')[0][2:]} in the Gateway's file"
        )
    return found[0]


def grows_too_old(program: str, folder: Path, day: date) -> bool:
    """Return whether the files will be refused on that day because of their rate."""
    done = subprocess.run(
        [program, "validate", folder, "--today", str(day), "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise Failed(f"validate ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return '"AG309"' in done.stdout


def check_files(program: str, folder: Path, day: date) -> None:
    done = subprocess.run(
        [program, "validate", folder, "--today", str(day)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = f"{done.stdout}\n{done.stderr}".strip()[-400:]
        raise Failed(f"with the new rate the files hold errors: {words!r}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another host."""

    def redirect_request(self, *_words: object, **_more: object) -> None:
        return None


def fetched(url: str) -> str:
    """Return what the bank answers."""
    request = urllib.request.Request(url, headers={"User-Agent": "aspire-gitops"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            content = answer.read(LARGEST_ANSWER + 1)
    except (OSError, ValueError) as error:  # URLError and HTTPError are OSErrors
        raise Failed(f"{url} does not answer: {error}") from None
    if len(content) > LARGEST_ANSWER:
        raise Failed(f"{url} answers with more than {LARGEST_ANSWER:,} bytes")
    try:
        return str(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Failed(f"{url} answers with something that is not text") from None


@dataclass(frozen=True)
class GitHub:
    """The few calls of GitHub's API that propose one file."""

    api_url: str
    repository: str
    token: str

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer, or None where there is no such thing."""
        request = urllib.request.Request(
            f"{self.api_url}/repos/{self.repository}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "aspire-gitops",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            opener = urllib.request.build_opener(_NoRedirect)
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read(LARGEST_ANSWER))
        except urllib.error.HTTPError as error:
            if error.code == 404 and method == "GET":
                return None
            raise Failed(f"GitHub refuses {method} {path}: {error.code} {_reason(error)}") from None
        except (OSError, ValueError) as error:
            raise Failed(f"GitHub does not answer {method} {path}: {error}") from None

    def must(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        found = self.call(method, path, body)
        if found is None:
            raise Failed(f"GitHub has no {path}")
        return found

    def propose(self, base: str, file: str, text: str, title: str, body: str) -> str:
        """Put one commit on the branch and open its pull request, as far as they are not there.

        Returns what was done, in words.
        """
        owner = self.repository.partition("/")[0]
        query = urllib.parse.urlencode(
            {"head": f"{owner}:{BRANCH}", "base": base, "state": "all", "per_page": 100}
        )
        known = self.must("GET", f"pulls?{query}")
        if not isinstance(known, list):
            raise Failed("GitHub answers GET pulls with something that is not a list")
        if any(one["title"] == title and one["state"] == "closed" for one in known):
            return "somebody closed the pull request for this rate"
        opened = [one for one in known if one["state"] == "open"]
        there = self.call("GET", f"git/ref/heads/{BRANCH}")
        proposed = self._file(there["object"]["sha"], file) if there else None
        if opened and _is_still_good(proposed, text):
            return f"{opened[0]['html_url']} proposes a new rate already"
        if proposed != text:
            self._write(base, file, text, title, is_new=there is None)
        if opened:
            self.must("PATCH", f"pulls/{opened[0]['number']}", {"title": title, "body": body})
            return f"updated {opened[0]['html_url']}"
        wanted = {"title": title, "body": body, "head": BRANCH, "base": base}
        return f"opened {self.must('POST', 'pulls', wanted)['html_url']}"

    def _write(self, base: str, file: str, text: str, message: str, *, is_new: bool) -> None:
        """Make the branch one commit on top of base, in one step: never equal to base."""
        tip = self.must("GET", f"git/ref/heads/{base}")["object"]["sha"]
        before = self.must("GET", f"git/commits/{tip}")["tree"]["sha"]
        entry = {"path": file, "mode": "100644", "type": "blob", "content": text}
        tree = self.must("POST", "git/trees", {"base_tree": before, "tree": [entry]})["sha"]
        wanted = {"message": message, "tree": tree, "parents": [tip]}
        commit = self.must("POST", "git/commits", wanted)["sha"]
        if is_new:
            self.must("POST", "git/refs", {"ref": f"refs/heads/{BRANCH}", "sha": commit})
        else:
            self.must("PATCH", f"git/refs/heads/{BRANCH}", {"sha": commit, "force": True})

    def _file(self, commit: str, file: str) -> str | None:
        found = self.call("GET", f"contents/{urllib.parse.quote(file)}?ref={commit}")
        if not found or found.get("encoding") != "base64":
            return None
        return base64.b64decode(found["content"]).decode("utf-8", "replace")


def _is_still_good(proposed: str | None, text: str) -> bool:
    """Return whether a proposal differs from ours by a slightly older rate alone.

    Then it is left alone, with its approvals and with what people added to its branch.
    """
    try:
        rate, ours = reviewed(proposed or ""), reviewed(text)
        return renewed(text, rate) == proposed and ours.day - rate.day < KEPT_FOR
    except (Failed, ValueError):
        return False


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        message = str(json.loads(error.read(100_000)).get("message", ""))
    except (OSError, ValueError, AttributeError):
        message = ""
    if error.code == 403:
        message += (
            " (the job needs `contents: write` and `pull-requests: write`, and the repository "
            "must allow Actions to create pull requests)"
        )
    return message


def run(program: str, folder: Path, days: int, today: date) -> str:
    """Return what was done, in words."""
    if not grows_too_old(program, folder, today + timedelta(days=days)):
        return f"The exchange rate is young enough for {days} days."
    path = folder / "gateway.yaml"
    before = path.read_text(encoding="utf-8")
    old, new = reviewed(before), published(fetched(_variable("RATES_URL", RATES_URL)))
    check(new, old, today)
    after = renewed(before, new)
    try:
        path.write_text(after, encoding="utf-8")
        check_files(program, folder, max(today, new.day))
    finally:
        path.write_text(before, encoding="utf-8")
    github = GitHub(
        _variable("GITHUB_API_URL", "https://api.github.com"),
        _variable("GITHUB_REPOSITORY"),
        _variable("GITHUB_TOKEN"),
    )
    title = f"Renew the exchange rate: {new.usd_per_aud} USD per AUD on {new.day}"
    move = Decimal(new.usd_per_aud) / Decimal(old.usd_per_aud) - 1
    body = (
        f"One AUD was worth **{new.usd_per_aud}** USD on **{new.day}**; "
        f"it was {old.usd_per_aud} on {old.day} ({move:+.1%}).\n\n"
        f"Source: Reserve Bank of Australia, table F11.1, series {SERIES}: {RATES_URL}\n\n"
        "Every cap in AUD is converted at this rate. The review of this pull request shows which "
        "caps are reached earlier.\n"
    )
    file = path.as_posix().removeprefix("./")
    done = github.propose(_variable("BASE", "main"), file, after, title, body)
    return f"{title}: {done}."


def _variable(name: str, default: str = "") -> str:
    value = os.environ.get(name) or default
    if not value:
        raise Failed(f"{name} is not set")
    return value


def main() -> int:
    program, folder, days = sys.argv[1:]
    today = date.fromisoformat(os.environ.get("TODAY") or str(datetime.now(UTC).date()))
    try:
        done, code = run(program, Path(folder), int(days), today), 0
    except Failed as error:
        done, code = f"The exchange rate is not renewed: {error}", 1
    except (KeyError, TypeError, IndexError) as error:
        done, code = f"The exchange rate is not renewed: GitHub's answer lacks {error}", 1
    done = " ".join(done.split())
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(f"### Exchange rate\n\n    {done}\n")
    if code and os.environ.get("GITHUB_ACTIONS"):
        done = f"::error title=Rate::{done.replace('%', '%25')}"
    print(done)
    return code


if __name__ == "__main__":
    sys.exit(main())
