"""What a plain (unquoted) scalar means: the core schema of YAML 1.2 without its traps.

Null, booleans and decimal numbers only. `no`, `off`, `1:30` and `2026-11-20`
are text. A scalar that is a number to one YAML reader and text to another (`010`,
`0x1F`, `1_000`, `1e3`) is refused: a reviewer cannot tell which one will read it.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from aspire_gitops.loading.rules import AMBIGUOUS_SCALAR, MAX_DIGITS, UNUSABLE_NUMBER
from aspire_gitops.vocabulary import Rule

_EXACT = 10**15  # whole floats below this are shown as whole numbers

WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
NUMBER_STARTS = frozenset("+-.0123456789")

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)\.[0-9]*)([eE][-+][0-9]+)?")
_EXPONENT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)[eE][-+]?[0-9]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+(\.[0-9_]*)?([eE][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(
    r"[-+]?0(?:[xX]_*[0-9a-fA-F][0-9a-fA-F_]*|[oO]_*[0-7][0-7_]*|[bB]_*[01][01_]*)"
)
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class Refused:
    """A scalar that must be written differently. `guess` lets the other checks continue."""

    rule: Rule
    message: str
    help: str
    guess: Any


def plain_value(text: str) -> Any:
    """Return the value of a plain scalar, or a `Refused`."""
    if text in WORDS:
        return WORDS[text]
    return _number_like(text) if text[0] in NUMBER_STARTS else text


def _number_like(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        if len(text.lstrip("+-")) <= MAX_DIGITS:
            return int(text)
        return _unusable(text, f"has more than {MAX_DIGITS} digits")
    if _FRACTION.fullmatch(text) or _EXPONENT.fullmatch(text):
        value = float(text)
        if not math.isfinite(value):
            return _unusable(text, "is too large for a number")
        return value if _FRACTION.fullmatch(text) else _ambiguous(text)
    if _NOT_FINITE.fullmatch(text):
        return _unusable(text, "is not a finite number")
    return _ambiguous(text) or text


def _unusable(text: str, why: str) -> Refused:
    return Refused(
        UNUSABLE_NUMBER,
        f"{_shown(text)} {why}",
        "write a smaller number, or put it in quotes if it is text",
        text,
    )


def _ambiguous(text: str) -> Refused | None:
    digits = text.replace("_", "")
    why = "is a number to some YAML readers and text to others"
    if _OTHER_BASE.fullmatch(text):
        guess: int | float = int(digits, 0)
    elif _LEADING_ZERO.fullmatch(text) or _EXPONENT.fullmatch(text) or _UNDERSCORES.fullmatch(text):
        guess = float(digits) if set(digits) & set(".eE") else int(digits[: MAX_DIGITS + 1])
        if _LEADING_ZERO.fullmatch(text):
            why = "starts with a zero, which some YAML readers read as octal"
    else:
        return None
    if abs(guess) >= (10**MAX_DIGITS if isinstance(guess, int) else math.inf):
        return _unusable(text, "is too large for a number")
    return Refused(
        AMBIGUOUS_SCALAR,
        f"{_shown(text)} {why}",
        f'write "{_shown(text)}" in quotes if it is text, or {_written(guess)} if it is a number',
        guess,
    )


def _written(number: float) -> str:
    if float(number).is_integer() and abs(number) < _EXACT:
        return str(int(number))
    shown = repr(number)
    return shown if "." in shown or "e" not in shown else shown.replace("e", ".0e")


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
