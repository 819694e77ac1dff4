"""What every command takes from its environment, `ASPIRE_GITOPS_*`, and which files are the program's own."""

import os
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from aspire_gitops.own_files import OwnFiles
from aspire_gitops.permitted import DEFAULT_DELIVERY_ROOT, is_virtual, written_plainly
from aspire_gitops.state import DEFAULT_OWNER, OWNER_PATTERN
from aspire_gitops.vocabulary import UsageError

PREFIX = "ASPIRE_GITOPS_"
WEB_ADDRESS = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
LISTEN_ADDRESS = r"^[^\s/]+:[0-9]{1,5}$"
_FORMS: Mapping[str, str] = {
    WEB_ADDRESS: "must be a URL like https://llm.example.com, without user, password or query",
    LISTEN_ADDRESS: "must be an address and a port like 127.0.0.1:8790",
    OWNER_PATTERN: "must be small letters, digits, dots, dashes and underscores, like aspire-gitops",
}
"""What each pattern of a setting asks for, in words."""


class LogFormat(StrEnum):
    """How log lines look on stderr."""

    CONSOLE = "console"
    JSON = "json"


def default_state_dir() -> Path:
    """Return where this platform keeps a program's state; a service's place for a user without a home."""
    configured = os.environ.get("XDG_STATE_HOME", "")
    # The specification says that a relative path there is to be ignored.
    if configured.startswith("/") and sys.platform != "darwin":
        return Path(configured) / "aspire-gitops"
    try:
        home = Path.home()
    except RuntimeError:  # a container's user may have neither a name nor HOME
        return Path(DEFAULT_DELIVERY_ROOT).with_name("state")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "aspire-gitops"
    return home / ".local" / "state" / "aspire-gitops"


def _whole_path(path: Path) -> Path:
    if not written_plainly(str(path)) or is_virtual(str(path)):
        raise ValueError("write an absolute path of a folder like /var/lib/keys, without `..`")
    return path


class Settings(BaseSettings):
    """The settings of one run. Holds the admin key as a `SecretStr`, so that no repr shows it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    gateway_url: Annotated[str, Field(pattern=WEB_ADDRESS)] | None = None
    """The gateway's address, `/v1` or not. Without it: the `url` of the reviewed Gateway."""
    admin_key: SecretStr | None = None
    admin_key_file: Path | None = None
    probe_key: SecretStr | None = None
    """The value of the key of our own calls. Without it: derived from the admin key."""
    probe_key_file: Path | None = None
    owner: Annotated[str, Field(pattern=OWNER_PATTERN)] = DEFAULT_OWNER
    """Which repository this is, in every mark that we leave. Changing it disowns every object."""
    state_dir: Path = Field(default_factory=default_state_dir)
    database_url: SecretStr | None = None
    """Where the journal and the lock are kept: `postgresql://…`. Without it: in `state_dir`."""
    database_url_file: Path | None = None
    ledger_url: SecretStr | None = None
    """Where the spend ledger is: `postgresql://…`. Without it nobody is asked."""
    ledger_url_file: Path | None = None
    delivery_root: Annotated[Path, AfterValidator(_whole_path)] = Path(DEFAULT_DELIVERY_ROOT)
    """Where new keys are delivered: to `<root>/<app>/<key>`."""
    delivery_secrets_dir: Path | None = None
    """Folder of what deliveries sign in with: one file for each, by the name that they say."""
    log_format: LogFormat = LogFormat.CONSOLE


SomeSettings = TypeVar("SomeSettings", bound=Settings)


def read_settings(**flags: Any) -> Settings:
    """Read the environment; a flag that is not None wins over its variable.

    Raises:
        UsageError: A variable or flag has an invalid value. Names it, never the value.
    """
    return read(Settings, flags)


def read(kind: type[SomeSettings], flags: Mapping[str, Any]) -> SomeSettings:
    """Read settings of one kind; see `read_settings`."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        problems = [_problem(kind, found) for found in error.errors(include_input=False)]
        # Not chained: the input may be a secret.
        raise UsageError("; ".join(problems), help=_HELP) from None
    except SettingsError:
        raise UsageError(
            f"a variable that begins with {PREFIX} cannot be read",
            help=f"write a list as JSON; {_HELP}",
        ) from None


_HELP = "see docs/reference/settings.md"


def _problem(kind: type[Settings], error: ErrorDetails) -> str:
    name = str(error["loc"][0]) if error["loc"] else "settings"
    return f"{PREFIX}{name.upper()}: {_form(kind, name, error)}"


def _form(kind: type[Settings], name: str, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "string_pattern_mismatch":
            return _FORMS[context["pattern"]]
        case "enum":
            return f"must be {context['expected']}"
        case "string_too_short":
            return "must not be empty"
        case "value_error":
            return str(context["error"])
        case _ if (field := kind.model_fields.get(name)) and field.annotation is float:
            least, most = (
                next(getattr(bound, side) for bound in field.metadata if hasattr(bound, side))
                for side in ("ge", "le")
            )
            return f"must be a number of seconds from {least} to {most}, like {field.default:g}"
        case _:
            return error["msg"]


_ELSEWHERE = ("CACHE", "COMMIT", "COMPLETE", "PACKAGED", "POSTGRES_BIN", "SANDBOX_STATE", "SOURCE")
"""Variables of the sandbox, the shell's completion and the pipelines in `ci/`."""

_OF_TESTS = ("REQUIRE_REAL", "SOAK_MINUTES", "SOAK_SEED")


def unknown_variables(kind: type[Settings]) -> Iterator[UsageError]:
    """Yield an error for each variable with our prefix, or nearly ours, that nothing reads.

    `help` names the nearest one that something reads. Values are never told.
    """
    names = (*map(str.upper, kind.model_fields), *_ELSEWHERE, *_OF_TESTS)
    known = [f"{PREFIX}{name}" for name in names]
    for variable in sorted(os.environ):
        name = variable.upper()
        if name in known or not name.startswith(("ASPIRE", "GITOPS")):
            continue
        is_ours = name.startswith(PREFIX)
        nearest = get_close_matches(name, known, n=1, cutoff=0.8 if is_ours else 0.93)
        if is_ours or nearest:
            yield UsageError(
                f"nothing reads the variable {variable}",
                help=f"did you mean {nearest[0]}?" if nearest else _HELP,
            )


_OURS, _SUFFIX = "ASPIRE_", "_FILE"


def own_files(settings: Settings) -> OwnFiles:
    """Return what no reviewed file may read from or deliver to, under any spelling."""
    files = {*_named(settings), *_in_environment()}
    return OwnFiles(
        tuple(sorted(files)),
        settings.state_dir,
        settings.delivery_root,
        settings.delivery_secrets_dir,
    )


def _named(settings: Settings) -> Iterator[Path]:
    for field in type(settings).model_fields:
        value = getattr(settings, field)
        if field.endswith(_SUFFIX.lower()) and isinstance(value, Path):
            yield value


def _in_environment() -> Iterator[Path]:
    # `apply` may run beside the controller, with variables that only that one reads.
    for name, value in os.environ.items():
        if name.startswith(_OURS) and name.endswith(_SUFFIX) and value:
            yield Path(value)
