"""Read secrets from a variable, or from the file that a `…_FILE` variable names.

Never from an argument, which every user of the machine could read. No message
quotes a value or the bytes of a file.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from aspire_gitops.settings.base import PREFIX, Settings
from aspire_gitops.vocabulary import SecretMissing, UsageError
from aspire_gitops.vocabulary.spec import NAME_PATTERN

_MAX_BYTES = 4096
_PLAIN_NAME = re.compile(NAME_PATTERN)
_VIRTUAL_KEY = re.compile(r"sk-[A-Za-z0-9_-]{32,97}")
_FILE = "_file"


def read_admin_key(settings: Settings) -> SecretStr:
    """Return the gateway's admin key.

    Raises:
        UsageError: Both the variable and the file are set, or neither is.
        SecretMissing: The file cannot be read, or does not hold one key.
    """
    key = read_secret(settings, "admin_key")
    if key is None:
        raise UsageError(
            "the gateway's admin key is not set",
            help=f"set {PREFIX}ADMIN_KEY, or set {PREFIX}ADMIN_KEY_FILE to the path of its file",
        )
    return key


def read_probe_key(settings: Settings) -> SecretStr | None:
    """Return the value of the key of our own calls; None where it is derived from the admin key.

    Raises:
        UsageError: Both the variable and the file are set, or LiteLLM takes no such key.
        SecretMissing: The file cannot be read, or does not hold one value.
    """
    key = read_secret(settings, "probe_key")
    if key is not None and not _VIRTUAL_KEY.fullmatch(key.get_secret_value()):
        raise UsageError(
            f"{PREFIX}PROBE_KEY: LiteLLM takes no such key",
            help="write sk- and 32 to 97 letters, digits, dashes and underscores, chosen at random",
        )
    return key


def read_secret(settings: Settings, name: str) -> SecretStr | None:
    """Return the secret called `name` in the settings, from its variable or file; None if unset.

    Raises:
        UsageError: Both the variable and the file are set.
        SecretMissing: The file cannot be read, or does not hold one value.
    """
    variable = f"{PREFIX}{name.upper()}"
    match getattr(settings, name), getattr(settings, name + _FILE):
        case SecretStr(), Path():
            raise UsageError(
                f"{variable} and {variable}_FILE are both set", help="unset one of them"
            )
        case SecretStr() as value, None:
            return _one(value.get_secret_value(), variable, name)
        case None, Path() as path:
            return _one(_read_file(path, f"{variable}_FILE", name), str(path), name)
        case _:
            return None


def read_token(path: Path | None, variable: str) -> SecretStr | None:
    """Return a token from a file, or else from a variable that is not ours; None if unset.

    Raises:
        SecretMissing: The file cannot be read, or what is there is not one value.
    """
    if path is not None:
        return _one(_read_file(path, "--token-file", "token"), str(path), "token")
    text = os.environ.get(variable, "")
    return _one(text, variable, "token") if text else None


def read_delivery_secret(settings: Settings, name: str) -> SecretStr:
    """Return what a delivery signs in with, from the file of that name in their folder.

    Raises:
        SecretMissing: No folder is set, the name is not plain, or the file does not hold one value.
    """
    setting, folder = f"{PREFIX}DELIVERY_SECRETS_DIR", settings.delivery_secrets_dir
    if folder is None:
        raise SecretMissing(
            f"the delivery needs the secret {name}", help=f"set {setting} to the folder of its file"
        )
    if not _PLAIN_NAME.fullmatch(name):
        raise SecretMissing(f"a delivery's secret has a name of its own, and {name!r} is a path")
    path = folder / name
    return _one(_read_file(path, setting, "delivery's secret"), str(path), "delivery's secret")


def settings_warnings(settings: Settings) -> Iterator[str]:
    """Yield warnings about settings that work but should change."""
    for field in sorted(type(settings).model_fields):
        path = getattr(settings, field)
        if not (field.endswith(_FILE) and field.removesuffix(_FILE) in type(settings).model_fields):
            continue
        if isinstance(path, Path) and _others_may_read(path):
            what = _words(field.removesuffix(_FILE))
            yield f"{path} holds the {what} and is readable by others; run: chmod 600 {path}"


def _others_may_read(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:  # the one who reads it says so
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _read_file(path: Path, setting: str, name: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        # Not chained: a decoding error quotes the bytes of the file.
        what = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise SecretMissing(
            f"the {_words(name)} cannot be read from {path}: {what}", help=f"fix {setting}"
        ) from None


def _one(text: str, place: str, name: str) -> SecretStr:
    value = text.strip()
    if not value or any(c.isspace() or not c.isprintable() for c in value):
        raise SecretMissing(
            f"{place} must contain exactly one {_words(name)}", help="put nothing else there"
        )
    return SecretStr(value)
