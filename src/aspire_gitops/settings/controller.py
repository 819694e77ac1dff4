"""Settings of the controller alone: repository, intervals, server, receivers."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr

from aspire_gitops.settings.base import Settings, read
from aspire_gitops.status.value import Topic

_WEB_ADDRESS = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"

WebAddress = Annotated[str, Field(pattern=_WEB_ADDRESS)]
Seconds = Annotated[float, Field(ge=1, le=86_400)]
Topics = frozenset[Topic]

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

    listen: Annotated[str, Field(pattern=r"^[^\s/]+:[0-9]{1,5}$")] = "127.0.0.1:8790"
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
