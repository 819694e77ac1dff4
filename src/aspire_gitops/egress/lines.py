"""Files that are scanned by line, without a syntax tree: shell, Dockerfiles, YAML, .env and other settings."""

import re
from collections.abc import Callable, Iterator, Mapping

from aspire_gitops.egress.facts import (
    NOTHING,
    UNKNOWN,
    CodeRange,
    Fact,
    Text,
    Value,
    VariableRead,
    VariableSet,
    hosts_in,
    is_prose,
    leads_nowhere,
    variables,
)

_ENV = re.compile(r"^\s*#|\s#")
_START = re.compile(r"^\s*(?:#|;|//)")

_BESIDE = 4000  # characters

_NAME = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    + "|".join(sorted(variables(), key=len, reverse=True))
    + r")(?![A-Za-z0-9_])"
)
_READ_BEFORE = re.compile(r"(?:\$\{?|\bsecrets\.|\bvars\.|\benv\.|%|\$\{\{\s*|\$env:|ENV\[[\"'])$")
_WORD_BEFORE = re.compile(r"(?:^|[\s\"'`({,;&|-])$")
_EQUALS = re.compile(r"[\"']?\]?(?:\?|:|\+)?=(?P<value>.*)$")
_EQUALS_SPACED = re.compile(r"[\"']?\s*=>?\s*(?P<value>.*)$")
_COLON = re.compile(r"[\"']?\s*:(?:\s+(?P<value>.*))?$")
_FORMS: Mapping[str, tuple[re.Pattern[str], ...]] = {
    **dict.fromkeys(("shell", "env", "dockerfile"), (_EQUALS,)),
    **dict.fromkeys(("yaml", "config"), (_EQUALS, _EQUALS_SPACED, _COLON)),
}
_FLAG_BEFORE = re.compile(r"(?:^|\s)(?:-e|--env|--build-arg)[ =]$")
_ITEM_BEFORE = re.compile(r"^\s*-\s+(?:name:\s+)?[\"']?$")
_DOCKER_BEFORE = re.compile(r"(?i)^\s*(?P<word>ENV|ARG)\s+(?:[^\s=]+=\S*\s+)*$")
_KEY = re.compile(r"^\s*(?:-\s+)?[\"']?(?P<key>[\w.-]+)[\"']?\s*[:=]\s*(?P<value>.*)$")
_TELLS = re.compile(r"^\s*(?:-\s+|run:\s*)?@?(?:echo|printf|print)\b[^|>]*$")
_VARIABLE = re.compile(r"\$\{?\{?\s*(?:secrets\.|vars\.|env\.)?(?P<name>[A-Za-z_]\w*)")
_DEFAULT = re.compile(r"^[\"']?\$\{[A-Za-z_]\w*:?-(?P<default>[^}]*)\}")


def without_comment(language: str, line: str) -> str:
    """Return the line up to its comment; columns stay as they are."""
    return _CUT.get(language, _at_start)(line)


def _at_start(line: str) -> str:
    return "" if _START.match(line) else line


def _env(line: str) -> str:
    match = _ENV.search(line)
    return line[: match.start()] if match else line


def _hash(line: str) -> str:
    """Cut at a `#` that starts a word outside quotes, as shells and YAML do."""
    if "#" not in line:
        return line
    quote, before = "", " "
    for at, character in enumerate(line):
        if quote:
            quote = "" if character == quote and before != "\\" else quote
        elif character in "\"'" and before in " \t=:([{,-":
            quote = character
        elif character == "#" and before in " \t;&|(":
            return line[:at]
        before = character
    return line


_CUT: Mapping[str, Callable[[str], str]] = {"shell": _hash, "yaml": _hash, "env": _env}


def scanner_of(language: str) -> Callable[[str], Iterator[Fact]]:
    """Return the scanner of shell, yaml, env, dockerfile or config."""

    def scan(text: str) -> Iterator[Fact]:
        for number, whole in enumerate(text.split("\n"), start=1):
            line = without_comment(language, whole)
            if line.strip():
                yield from _variables(language, line, number)
                yield from _hosts(language, line, number)

    return scan


def _variables(language: str, line: str, number: int) -> Iterator[Fact]:
    seen: set[str] = set()
    is_told = _TELLS.match(line) is not None
    for match in _NAME.finditer(line):
        if match[0] not in seen:
            fact = _fact(language, line, match, number, is_told=is_told)
            if fact is not None:
                seen.add(match[0])
                yield fact


def _fact(  # noqa: PLR0911 (one return for each way to write a variable)
    language: str, line: str, match: re.Match[str], number: int, *, is_told: bool
) -> Fact | None:
    name, start, end = match[0], match.start(), match.end()
    # What decides stands beside the name; a line of megabytes may hold it a hundred thousand times.
    before, after = line[max(0, start - _BESIDE) : start], line[end : end + _BESIDE]
    place = CodeRange(number, match.start() + 1, match.end() + 1, number)
    if _READ_BEFORE.search(before):
        return VariableRead(name, place)
    if _FLAG_BEFORE.search(before) or (language == "dockerfile" and _DOCKER_BEFORE.match(before)):
        given = re.match(r"[= ](?P<value>\S+)", after)
        return VariableSet(name, _value(given["value"]) if given else UNKNOWN, place)
    if not _WORD_BEFORE.search(before) or is_told:
        return None
    given_value = next((found for form in _FORMS[language] if (found := form.match(after))), None)
    if given_value:
        return VariableSet(name, _value(given_value["value"] or ""), place)
    if language == "yaml" and _ITEM_BEFORE.match(before) and not after.strip(" \"'"):
        return VariableSet(name, UNKNOWN, place)
    if before[-1:] in ('"', "'") and after[:1] == before[-1:] and language in ("config", "yaml"):
        return VariableRead(name, place)  # `env_key = "MISTRAL_API_KEY"`
    return None


def _value(written: str) -> Value:
    """Return the value that a line gives: a text, a variable, or nothing."""
    text = written.strip().rstrip(",")
    variable = _VARIABLE.match(text.lstrip("\"'"))
    named = (variable["name"],) if variable else ()
    default = _DEFAULT.match(text)
    if default:
        return _value(default["default"]) | Value(variables=named)
    if named:
        return Value(variables=named)
    plain = text.strip("\"'").split(" ")[0] if text[:1] not in "\"'" else text.strip("\"'")
    plain = plain.strip("\"'")
    if not plain or plain in ("null", "~", '""'):
        return NOTHING
    return UNKNOWN if plain.startswith(("<", "{{", "$")) else Value((plain,))


def _hosts(language: str, line: str, number: int) -> Iterator[Fact]:
    if "." not in line or _TELLS.match(line):
        return
    key = _KEY.match(line)
    if key and language in ("yaml", "config"):
        if leads_nowhere(key["key"].lower().replace("-", "_").replace(".", "_")):
            return
        if is_prose(key["value"]) and not re.search(r"\b(?:curl|wget|http|proxy_pass)\b", line):
            return
    for found in hosts_in(line):
        yield Text(
            line[found.start : found.end], CodeRange(number, found.start + 1, found.end + 1, number)
        )
