"""`aspire-gitops comment`: one comment of a pull request, created once and updated in place."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
from pydantic import SecretStr

from aspire_gitops.cli.terminal import ExitCode, told_on_stderr, warn
from aspire_gitops.forge import DIALECTS, ForgeName, Thread, keep_comment, sticky_text
from aspire_gitops.settings import read_token
from aspire_gitops.vocabulary import NotificationFailed, UsageError, plural

_SUMMARY = "GITHUB_STEP_SUMMARY"
_MOST_SUMMARY_BYTES = 1_000_000
"""A step's summary may have 1 MiB; GitHub drops a longer one."""


@dataclass(frozen=True, slots=True)
class _Names:
    """Which variable says what. `number` is empty where no variable does."""

    token: str
    project: str
    api_url: str
    number: str
    usual_api_url: str


_NAMES: Mapping[ForgeName, _Names] = MappingProxyType(
    {
        ForgeName.GITHUB: _Names(
            "GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "", "https://api.github.com"
        ),
        ForgeName.GITLAB: _Names(
            "GITLAB_TOKEN",
            "CI_PROJECT_ID",
            "CI_API_V4_URL",
            "CI_MERGE_REQUEST_IID",
            "https://gitlab.com/api/v4",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The job that this process runs in, as far as it says; an empty text is unknown."""

    forge: ForgeName
    project: str
    api_url: str
    number: str
    run_url: str

    def needed(self, value: str, option: str) -> str:
        """Return `value`.

        Raises:
            UsageError: It is unknown; `option` would say it.
        """
        if not value:
            raise UsageError(f"{option} is required outside a CI job", help=f"pass {option}")
        return value

    def needed_number(self) -> int:
        """Return the number of the pull request.

        Raises:
            UsageError: No variable has one.
        """
        number = self.needed(self.number, "--pull-request")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise UsageError(
                f"{_NAMES[self.forge].number} is not a number", help="pass --pull-request"
            )
        return int(number)

    def token(self, path: Path | None) -> SecretStr:
        """Return the token from the file, or from the forge's usual variable.

        Raises:
            UsageError: There is none.
            SecretMissing: The file cannot be read, or does not hold one value.
        """
        variable = _NAMES[self.forge].token
        token = read_token(path, variable)
        if token is None:
            raise UsageError("no token", help=f"set {variable}, or pass --token-file")
        return token

    def pointer(self) -> str:
        """Return the line that stands under a text that was cut."""
        where = f" [of this run]({self.run_url})" if self.run_url else " of this run"
        return f"**Cut here: comments have a limit.** The full report is an artefact{where}."

    def add_to_summary(self, text: str) -> bool:
        """Append to the job's summary; returns whether there is one and it had room."""
        place = os.environ.get(_SUMMARY, "")
        if self.forge is not ForgeName.GITHUB or not place:
            return False
        addition = text.rstrip("\n").encode() + b"\n"
        try:
            with Path(place).open("ab") as summary:
                if summary.tell() + len(addition) > _MOST_SUMMARY_BYTES:
                    return False
                summary.write(addition)
        except OSError as error:
            warn(f"{_SUMMARY} names {place}, which cannot be written: {error.strerror}")
            return False
        return True


def pipeline(forge: ForgeName) -> Pipeline:
    """Read the variables of the job."""
    names = _NAMES[forge]
    return Pipeline(
        forge,
        project=os.environ.get(names.project, ""),
        api_url=os.environ.get(names.api_url, "") or names.usual_api_url,
        number=os.environ.get(names.number, "") if names.number else "",
        run_url=_run_url(forge),
    )


def _run_url(forge: ForgeName) -> str:
    if forge is ForgeName.GITLAB:
        return os.environ.get("CI_JOB_URL", "")
    parts = [
        os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    ]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else ""


_EPILOG = """\b
Examples:
  aspire-gitops comment review.md --pull-request 41
  aspire-gitops comment review.md --pull-request 41 --or-summary   safe for forks
  aspire-gitops comment review.md --forge gitlab                   in a merge request's job

\b
The token is in GITHUB_TOKEN (GITLAB_TOKEN), or in a file. Repository, address
and number are those of the job that this runs in, unless you name others.
Exit codes: 0 the comment is up to date, or the token may only read; 1 it is not.
"""
_LONGEST_FILE = 16 * 1024 * 1024


@click.command(
    name="comment",
    short_help="Keep one comment of a pull request up to date.",
    epilog=_EPILOG,
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--pull-request", type=click.IntRange(min=1), metavar="N", help="Number of the pull request."
)
@click.option("--name", default="review", show_default=True, help="Name of the comment.")
@click.option("--repository", metavar="OWNER/NAME", help="The repository; GitLab's number or path of the project.")  # fmt: skip
@click.option(
    "--forge",
    type=click.Choice([name.value for name in ForgeName]),
    default=ForgeName.GITHUB.value,
    show_default=True,
    help="Where the repository is.",
)
@click.option("--api-url", metavar="URL", help="The forge's REST API.")
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that holds the token alone.",
)
@click.option(
    "--or-summary",
    is_flag=True,
    help="If the token may only read, write the text to the job's summary instead.",
)
def command(
    *, file: Path, pull_request: int | None, name: str, forge: str, or_summary: bool, **named: Any
) -> None:
    """Keep one comment of the pull request equal to FILE.

    Creates the comment, then updates it in place; finds it by a hidden marker and
    only if it is ours. Recreates a deleted comment. FILE is Markdown.
    """
    job = pipeline(ForgeName(forge))
    text = _read(file)
    thread = _thread(job, pull_request, **named)
    longest = thread.dialect.longest
    body = sticky_text(name, text, longest=longest, pointer=job.pointer())
    try:
        kept = asyncio.run(keep_comment(thread, name, body))
    except NotificationFailed as error:
        if not (error.permanent and error.status == 403):
            raise
        _without_comment(job, text, str(error), or_summary=or_summary)
        raise SystemExit(ExitCode.DONE) from None
    also = f"; {plural(kept.removed, 'later comment')} of ours deleted" if kept.removed else ""
    told_on_stderr(f"comment {kept.comment} {kept.how}{also}")


def _thread(
    job: Pipeline,
    number: int | None,
    *,
    repository: str | None,
    api_url: str | None,
    token_file: Path | None,
) -> Thread:
    return Thread(
        DIALECTS[job.forge],
        api_url=api_url or job.api_url,
        project=repository or job.needed(job.project, "--repository"),
        number=number or job.needed_number(),
        token=job.token(token_file),
    )


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", help="name a readable file"
        ) from error
    if len(content) > _LONGEST_FILE:
        raise UsageError(f"{path} is larger than 16 MiB", help="use a shorter report")
    return content.decode("utf-8", "replace")


def _without_comment(job: Pipeline, text: str, why: str, *, or_summary: bool) -> None:
    warn(f"{why}. Nothing was commented. This is expected in a pull request from a fork")
    if or_summary and job.add_to_summary(text):
        told_on_stderr("the text is in the job's summary instead")
