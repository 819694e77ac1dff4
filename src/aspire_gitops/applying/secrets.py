"""Resolve references to secrets. Values are held as briefly as can be and never printed.

What was pasted, quoted or forgotten in the place of a secret is told by its name.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.own_files import OwnFiles
from aspire_gitops.permitted import is_virtual, why_not_variable, written_plainly
from aspire_gitops.planning import evidence_of
from aspire_gitops.state import Evidence, Intent, ObjectKey, SecretReference, State
from aspire_gitops.validation.fallback_roads import stands_for_secret
from aspire_gitops.vocabulary import SecretMissing

_LARGEST = 64 * 1024

Secrets = Mapping[ObjectKey, Mapping[str, str]]
"""By object, then by field path: the value of the secret."""


def _never(_: str) -> bool:
    return False


def resolve_secrets(
    intents: Mapping[ObjectKey, Intent],
    environment: Mapping[str, str] | None = None,
    *,
    own: OwnFiles | None = None,
    is_admin_key: Callable[[str], bool] = _never,
) -> Secrets:
    """Resolve all references, or none: this runs before the first write.

    Args:
        intents: What the reviewed files say, by object.
        environment: The variables to look in; those of the process if it is None.
        own: The controller's own files, which are no provider's secret.
        is_admin_key: Says whether a value is the gateway's admin key.

    Raises:
        SecretMissing: Names every reference that leads to no secret, or to one that
            must not be used, and never shows a value. An operator must act.
    """
    secrets, missing = _resolve(intents, environment, own)
    missing += [
        SecretMissing(
            f"{key} must not have the secret {intents[key].secrets[path]}: "
            "it is the gateway's admin key, and would be sent to a provider"
        )
        for key, values in secrets.items()
        for path, value in values.items()
        if is_admin_key(value)
    ]
    match missing:
        case []:
            return secrets
        case [only]:
            raise only
        case _:
            raise SecretMissing("\n".join(map(str, missing)))


def available_secrets(
    intents: Mapping[ObjectKey, Intent],
    environment: Mapping[str, str] | None = None,
    *,
    own: OwnFiles | None = None,
) -> Secrets:
    """Resolve what is at hand and may be used, for a plan made where the secrets are not."""
    return _resolve(intents, environment, own)[0]


def gather_evidence(objects: State, secrets: Secrets) -> Mapping[ObjectKey, Evidence]:
    """Return what the secrets prove about the objects that need them."""
    return {
        key: evidence_of(objects[key], values) for key, values in secrets.items() if key in objects
    }


def _resolve(
    intents: Mapping[ObjectKey, Intent],
    environment: Mapping[str, str] | None,
    own: OwnFiles | None,
) -> tuple[Secrets, list[SecretMissing]]:
    variables = os.environ if environment is None else environment
    secrets: dict[ObjectKey, Mapping[str, str]] = {}
    missing: list[SecretMissing] = []
    for key, intent in sorted(intents.items()):
        found = {}
        for path, reference in sorted(intent.secrets.items()):
            value = _lookup(reference, variables, own or OwnFiles())
            if isinstance(value, Unusable):
                message = f"{key} needs the secret {reference}: {value.reason}"
                missing.append(SecretMissing(message, help=value.help))
            else:
                found[path] = value
        if intent.secrets and len(found) == len(intent.secrets):
            secrets[key] = found
    return secrets, missing


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a reference leads to no secret that may be used, and what to do, where that is known."""

    reason: str
    help: str | None = None


def _lookup(
    reference: SecretReference, variables: Mapping[str, str], own: OwnFiles
) -> str | Unusable:
    value = (
        _in_variable(reference.locator, variables)
        if reference.scheme == "env"
        else _in_file(reference.locator, own)
    )
    return value if isinstance(value, Unusable) else why_not_secret(value) or value


def _in_variable(name: str, variables: Mapping[str, str]) -> str | Unusable:
    if why := why_not_variable(name):
        return Unusable(f"{name} {why}")
    unset = Unusable(f"the variable {name} is not set", "set it")
    return variables.get(name, "").strip() or unset


def _in_file(path: str, own: OwnFiles) -> str | Unusable:
    if not written_plainly(path):
        return Unusable(f"{path} is not written plainly: no `//`, `.` or `..`")
    if is_virtual(os.path.realpath(path)):
        return Unusable(f"{path} leads to no file: it shows what processes and the kernel hold")
    if why := own.why_not_read(path):
        return Unusable(f"{path} must not be sent to a provider: {why}")
    try:
        with Path(path).open(encoding="utf-8") as file:
            value = file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        return Unusable(f"cannot read {path}: {why}")
    return value or Unusable(f"{path} is empty")


_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_SCHEME = re.compile(r"(bearer|basic|token|api-?key|authorization)\b[ :=]", re.IGNORECASE)
_BRACKETS = re.compile(r"<.*>|\[.*\]|\{.*\}|%\w+%|\(.*\)")
_SHELL = re.compile(r"\$|.*(\$\{|\$\(|\{\{)")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+/=:@%&*,!^|#-]*")
_START = re.compile(r"(sk|pk|key|api)[-_]((ant|proj|live|test|svcacct)[-_])?", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(.)\1{2,}"  # one character again and again
    r"|.*(x{5,}|\*\*\*|\.\.\.).*"
    r"|(.*[-_. ])?(change|replace|insert|enter|put|fill|paste|set)"
    r"[-_. ]?(me|this|it|in|here|with|your)([-_. ].*)?"
    r"|(.*[-_. ])?(your|my)[-_. ]?(own|api|secret|key|token|password|openai|anthropic|mistral).*"
    r"|.*(key|secret|token|password)[-_. ]?(goes[-_. ]?)?here.*"
    r"|.*(placeholder|fixme|dummy|not[-_. ]?set|redacted).*"
    r"|(to-?do|tbd)([-_. ].*)?"
    r"|(none|null|nil|undefined|unset|empty|example|sample|test|fake|foo|bar|secret|password|passwd"
    r"|token|key|api[-_. ]?key|credential|value|string|true|false|1234\d*|abc(def\w*)?)",
    re.IGNORECASE | re.DOTALL,
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*_(KEY|TOKEN|SECRET|PASSWORD)")


def why_not_secret(value: str) -> Unusable | None:
    """Return why a value, stripped of outer blanks, is not a secret. Never repeats any of it."""
    return next((why for is_so, why in _FAULTS if is_so(value)), None)


def _is_placeholder(value: str) -> bool:
    bare = _START.sub("", value, count=1)
    return bool(not bare or _VARIABLE.fullmatch(value) or _PLACEHOLDER.fullmatch(bare))


_FAULTS: Sequence[tuple[Callable[[str], object], Unusable]] = (
    (
        lambda value: value[0] in _QUOTES or value[-1] in _QUOTES,
        Unusable("it is wrapped in quotes", "write it without them"),
    ),
    (_SCHEME.match, Unusable("it begins with the name of a scheme", "write the key alone")),
    (
        lambda value: _BRACKETS.fullmatch(value) or _SHELL.match(value),
        Unusable("it is a placeholder that nothing replaced", "write the value itself"),
    ),
    (
        lambda value: any(map(str.isspace, value)),
        Unusable("it holds blanks or line breaks", "write one value alone"),
    ),
    (
        stands_for_secret,
        Unusable("the gateway would put another secret in its place", "write the value itself"),
    ),
    (_is_placeholder, Unusable("it is a placeholder", "write the value itself")),
    (lambda value: not _KEY.fullmatch(value), Unusable("it holds characters that no key has")),
)
"""What can be wrong, the clearest reason first."""
