"""`aspire-gitops comment`: one comment of a pull request, created once and updated in place."""

import asyncio
from pathlib import Path
from typing import Any

import click

from aspire_gitops.cli.ci import Pipeline, pipeline
from aspire_gitops.cli.exit_codes import ExitCode
from aspire_gitops.cli.progress import told_on_stderr, warn
from aspire_gitops.errors import TellingFailed, UsageError
from aspire_gitops.forge import DIALECTS, ForgeName, Thread, keep_comment, sticky_text
from aspire_gitops.rendering.plan.words import plural

_EPILOG = """\b
Examples:
  aspire-gitops comment review.md --pull-request 41
  aspire-gitops comment review.md --pull-request 41 --or-summary   safe for forks
  aspire-gitops comment review.md --forge gitlab                   in a merge request's job

\b
The token is in GITHUB_TOKEN (GITLAB_TOKEN), or in a file. Repository, address
and number are those of the job that this runs in, unless you name others.
Exit codes: 0 the comment says it, or the token may only read; 1 it does not.
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
@click.option("--name", default="review", show_default=True, help="Which of our comments it is.")
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
    """Let the pull request have one comment that says what FILE says.

    Written once and then updated in place, by a hidden marker and only if it
    is ours. A comment that somebody deleted is written again. FILE is Markdown.
    """
    job = pipeline(ForgeName(forge))
    text = _read(file)
    thread = _thread(job, pull_request, **named)
    longest = thread.dialect.longest
    body = sticky_text(name, text, longest=longest, pointer=job.pointer())
    try:
        kept = asyncio.run(keep_comment(thread, name, body))
    except TellingFailed as error:
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
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a file") from error
    if len(content) > _LONGEST_FILE:
        raise UsageError(f"{path} is larger than 16 MiB; name a shorter report")
    return content.decode("utf-8", "replace")


def _without_comment(job: Pipeline, text: str, why: str, *, or_summary: bool) -> None:
    warn(f"{why}. In a pull request from a fork that is as it should be; nothing was commented")
    if or_summary and job.add_to_summary(text):
        told_on_stderr("the text is in the job's summary instead")
