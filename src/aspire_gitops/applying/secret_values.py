"""Whether a secret's value can be one: what was pasted, quoted or forgotten is told by its name."""

import re
from collections.abc import Callable, Sequence

from aspire_gitops.validation.fallback_roads import stands_for_secret

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


def why_not_secret(value: str) -> str | None:
    """Return why a value, stripped of outer blanks, is no secret. Never repeats any of it."""
    return next((why for is_so, why in _FAULTS if is_so(value)), None)


def _is_placeholder(value: str) -> bool:
    bare = _START.sub("", value, count=1)
    return bool(not bare or _VARIABLE.fullmatch(value) or _PLACEHOLDER.fullmatch(bare))


_FAULTS: Sequence[tuple[Callable[[str], object], str]] = (
    (
        lambda value: value[0] in _QUOTES or value[-1] in _QUOTES,
        "it is wrapped in quotes; write it without them",
    ),
    (_SCHEME.match, "it begins with the name of a scheme; write the key alone"),
    (
        lambda value: _BRACKETS.fullmatch(value) or _SHELL.match(value),
        "it is a placeholder that nothing replaced; write the value itself",
    ),
    (
        lambda value: any(map(str.isspace, value)),
        "it holds blanks or line breaks; write one value alone",
    ),
    (
        stands_for_secret,
        "the gateway would put another secret in its place; write the value itself",
    ),
    (_is_placeholder, "it is a placeholder; write the value itself"),
    (lambda value: not _KEY.fullmatch(value), "it holds characters that no key has"),
)
"""What can be wrong, the clearest reason first."""
