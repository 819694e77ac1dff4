"""What a job of GitHub Actions or GitLab CI says about itself, in variables that are not ours."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from aspire_gitops.errors import UsageError
from aspire_gitops.forge import ForgeName
from aspire_gitops.settings import read_token

_SUMMARY = "GITHUB_STEP_SUMMARY"
_MOST_SUMMARY_BYTES = 1_000_000
"""A step's summary may have 1 MiB; GitHub shows none of a longer one."""


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
            raise UsageError(f"{option} is needed, because no variable of a job says it; add it")
        return value

    def needed_number(self) -> int:
        """Return the number of the pull request.

        Raises:
            UsageError: No variable has one.
        """
        number = self.needed(self.number, "--pull-request")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise UsageError(f"{_NAMES[self.forge].number} is no number; use --pull-request")
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
            raise UsageError(f"there is no token; set {variable}, or name a file: --token-file")
        return token

    def pointer(self) -> str:
        """Return the line that stands under a text that was cut."""
        where = f" [of this run]({self.run_url})" if self.run_url else " of this run"
        return f"**Cut here: a comment holds no more.** The whole report is an artefact{where}."

    def add_to_summary(self, text: str) -> bool:
        """Append to the job's summary; returns whether there is one and it had room."""
        place = os.environ.get(_SUMMARY, "")
        if self.forge is not ForgeName.GITHUB or not place:
            return False
        addition = text.rstrip("\n").encode() + b"\n"
        with Path(place).open("ab") as summary:
            if summary.tell() + len(addition) > _MOST_SUMMARY_BYTES:
                return False
            summary.write(addition)
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
