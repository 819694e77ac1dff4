"""What the program takes from its environment: `ASPIRE_GITOPS_*` variables.

Flags of a command win over variables. The admin key comes from a variable or a
file and never from an argument, which everybody on the machine could read.
Reads the environment and the key's file, nothing else; `cli` is next.
"""

import os
import stat
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from aspire_gitops.errors import SecretMissing, UsageError

PREFIX = "ASPIRE_GITOPS_"
_MAX_KEY_BYTES = 4096


class LogFormat(StrEnum):
    """How log lines look on stderr."""

    CONSOLE = "console"
    JSON = "json"


def default_state_dir() -> Path:
    """Return where this platform keeps a program's state."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "aspire-gitops"
    configured = os.environ.get("XDG_STATE_HOME", "")
    # The specification says that a relative path there is to be ignored.
    base = Path(configured) if configured.startswith("/") else Path.home() / ".local" / "state"
    return base / "aspire-gitops"


class Settings(BaseSettings):
    """The settings of one run. Holds the admin key as a `SecretStr`, so that no repr shows it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    gateway_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")] | None = None
    """The gateway's address, `/v1` or not. Without it: the `url` of the reviewed Gateway."""
    admin_key: SecretStr | None = None
    admin_key_file: Path | None = None
    owner: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] = "aspire-gitops"
    """Which repository this is, in every mark that we leave. Changing it disowns every object."""
    state_dir: Path = Field(default_factory=default_state_dir)
    log_format: LogFormat = LogFormat.CONSOLE


def read_settings(**flags: Any) -> Settings:
    """Read the environment; a flag that is not None wins over its variable.

    Raises:
        UsageError: A variable or flag has a value that cannot be. Says which, never the value.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = "; ".join(map(_problem, error.errors(include_input=False)))
        raise UsageError(f"{problems}; see docs/settings.md") from None  # the input may be a secret


def _problem(error: ErrorDetails) -> str:
    name = str(error["loc"][0]) if error["loc"] else "settings"
    return f"{PREFIX}{name.upper()}: {error['msg']}"


def read_admin_key(settings: Settings) -> SecretStr:
    """Return the gateway's admin key, from the variable or from the file.

    Raises:
        UsageError: Both are set, or neither is.
        SecretMissing: The file cannot be read, or does not hold one key.
    """
    match settings.admin_key, settings.admin_key_file:
        case SecretStr(), Path():
            raise UsageError(
                f"{PREFIX}ADMIN_KEY and {PREFIX}ADMIN_KEY_FILE are both set; unset one of them"
            )
        case SecretStr() as key, None:
            return _one_key(key.get_secret_value(), f"{PREFIX}ADMIN_KEY")
        case None, Path() as path:
            return _one_key(_read_key_file(path), str(path))
        case _:
            raise UsageError(
                f"the gateway's admin key is not set; put it into {PREFIX}ADMIN_KEY, "
                f"or its file's path into {PREFIX}ADMIN_KEY_FILE"
            )


def settings_warnings(settings: Settings) -> Iterator[str]:
    """Yield what works but should not stay as it is."""
    path = settings.admin_key_file
    if path is None or not path.is_file():
        return
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield f"{path} holds the admin key and others may read it; run: chmod 600 {path}"


def _read_key_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        # Not chained: a decoding error quotes the bytes of the file.
        what = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise SecretMissing(
            f"the admin key cannot be read from {path}: {what}; mend {PREFIX}ADMIN_KEY_FILE"
        ) from None


def _one_key(text: str, place: str) -> SecretStr:
    key = text.strip()
    if not key or any(character.isspace() or not character.isprintable() for character in key):
        raise SecretMissing(f"{place} does not hold one admin key; put the key alone there")
    return SecretStr(key)
