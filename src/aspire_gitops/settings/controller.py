"""Settings of the controller alone: repository, intervals, server, receivers."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from aspire_gitops.settings.base import (
    LISTEN_ADDRESS,
    WEB_ADDRESS,
    Settings,
    read,
    unknown_variables,
)
from aspire_gitops.status.value import Topic
from aspire_gitops.vocabulary import UsageError


def _listed(value: Any) -> Any:
    """Return the words of a list: JSON, or words with commas between them."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.lstrip().startswith("[") else _words(value)
    except ValueError:
        raise ValueError('write a list like failed,drift or ["failed","drift"]') from None


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _port(address: str) -> str:
    if int(address.rpartition(":")[2]) > 65_535:
        raise ValueError("write an address and a port up to 65535, like 127.0.0.1:8790")
    return address


WebAddress = Annotated[str, Field(pattern=WEB_ADDRESS)]
Seconds = Annotated[float, Field(ge=1, le=86_400)]
Topics = Annotated[frozenset[Topic], NoDecode, BeforeValidator(_listed)]

_EVERYTHING = frozenset(Topic) - {Topic.PENDING}


class ControllerSettings(Settings):
    """The settings of the daemon."""

    repository: str | None = None
    """Git remote (https, ssh, file) or local repository. Without it: a folder is watched."""
    branch: Annotated[str, Field(min_length=1)] = "main"
    folder: str = "gateway.d"
    git_token: SecretStr | None = None
    git_token_file: Path | None = None
    git_ssh_key_file: Path | None = None
    git_known_hosts_file: Path | None = None
    allowed_signers_file: Path | None = None
    allowed_gpg_keys_file: Path | None = None

    interval_s: Annotated[float, Field(ge=5, le=86_400)] = 60.0
    """Seconds between two looks, give or take a tenth."""
    slow_interval_s: Seconds = 600.0
    """Seconds between two looks while a person has to act."""
    patience_s: Seconds = 1800.0
    """Seconds that something may wait for git, gateway, journal or ledger before that is told."""
    down_notice_s: Seconds = 120.0
    """Seconds without an answer of the gateway before that is told."""

    listen: Annotated[str, Field(pattern=LISTEN_ADDRESS), AfterValidator(_port)] = "127.0.0.1:8790"
    status_token: SecretStr | None = None
    status_token_file: Path | None = None
    webhook_secret: SecretStr | None = None
    webhook_secret_file: Path | None = None
    public_url: WebAddress | None = None
    """Where people reach the status page, for links in notifications."""

    github_token: SecretStr | None = None
    github_token_file: Path | None = None
    github_api_url: WebAddress | None = None
    """Without it: what belongs to the repository's host."""
    notify_url: SecretStr | None = None
    notify_url_file: Path | None = None
    notify_secret: SecretStr | None = None
    notify_secret_file: Path | None = None
    notify_topics: Topics = _EVERYTHING
    slack_url: SecretStr | None = None
    slack_url_file: Path | None = None
    slack_topics: Topics = _EVERYTHING

    publish_branch: str | None = None
    """Branch of the repository that the live snapshot is published to."""
    publish_file: Path | None = None
    """File that the live snapshot is published to."""


def read_controller_settings(**flags: Any) -> ControllerSettings:
    """Read the environment; a flag that is not None wins over its variable.

    Raises:
        UsageError: A variable or flag has an invalid value. Names it, never the value.
    """
    return read(ControllerSettings, flags)


def misspelt_variables() -> tuple[UsageError, ...]:
    """Return an error for each variable that looks like ours and that nothing reads."""
    return tuple(unknown_variables(ControllerSettings))


def refuse_misspelt_variables() -> None:
    """Raise UsageError for the first variable that is nearly one of ours.

    One that resembles none is only warned of: a person may have added it for a purpose of theirs.
    """
    for unknown in misspelt_variables():
        if "did you mean" in (unknown.help or ""):
            raise unknown
