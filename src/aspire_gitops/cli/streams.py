"""How the process meets its shell: output whose reader may leave, plain signs, and signals.

Output that nobody reads any more ends a command as SIGPIPE would, with 141, once it
has cleaned up; messages on stderr that nobody reads stop nothing. A terminal without
Unicode gets `->` for an arrow; a letter that it cannot show stays an escape.
"""

import codecs
import io
import json
import os
import re
import select
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from aspire_gitops.vocabulary import AspireGitopsError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PLAIN_SIGNS = {
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{LEFTWARDS ARROW}": "<-",
    "\N{MIDDLE DOT}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "--",
    "\N{MINUS SIGN}": "-",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}": ">",
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": "<",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{NOT EQUAL TO}": "!=",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{DOUBLE VERTICAL LINE}": "||",
    "\N{BULLET}": "*",
    "\N{CHECK MARK}": "ok",
    "\N{HEAVY CHECK MARK}": "ok",
    "\N{BALLOT X}": "x",
    "\N{HEAVY BALLOT X}": "x",
    "\N{WHITE CIRCLE}": "o",
    "\N{CIRCLE WITH LEFT HALF BLACK}": "o",
    "\N{BLACK CIRCLE}": "*",
    "\N{BLACK SQUARE}": "#",
    "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ",
}
"""What a terminal without Unicode shows for the signs that this program and its libraries write."""

_LINES = {"─": "-", "━": "-", "═": "-", "╸": "-", "╺": "-", "│": "|", "┃": "|", "║": "|"}
_JSON = re.compile(r"\s*[{\[][\s{}\"\]]")
_ENCODING_ERRORS = "aspire-gitops-plain"
_SIGPIPE_STATUS = 128 + signal.SIGPIPE
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_SOON_S = 0.05


def plain_signs(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for the characters that an encoding lacks: an error handler of `codecs`.

    JSON keeps its values: there a character becomes JSON's own escape.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = _json_escape if _JSON.match(error.object) else _plain_sign
    return "".join(map(shown, error.object[error.start : error.end])), error.end


codecs.register_error(_ENCODING_ERRORS, plain_signs)


def as_shown(text: str) -> str:
    """Return `text` as the terminal behind stdout can show it."""
    stream = sys.stdout
    return stream.shown(text) if isinstance(stream, _Text) else text


class _Text(io.TextIOWrapper):
    """Text for a descriptor, in the characters of `alphabet`.

    Its `encoding` is never ASCII: click takes that for a mistake and writes UTF-8 around us.
    """

    def __init__(self, output: "_Output", alphabet: str, *, line_buffering: bool) -> None:
        self._alphabet = alphabet
        is_ascii = codecs.lookup(alphabet).name == "ascii"
        super().__init__(
            io.BufferedWriter(output),
            encoding="utf-8" if is_ascii else alphabet,
            errors=_ENCODING_ERRORS,
            line_buffering=line_buffering,
        )

    def shown(self, text: str) -> str:
        """Return `text` in this alphabet."""
        if text.isascii():
            return text
        return text.encode(self._alphabet, _ENCODING_ERRORS).decode(self._alphabet)

    def write(self, text: str, /) -> int:
        super().write(self.shown(text))
        return len(text)


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def _plain_sign(character: str) -> str:
    if character in _PLAIN_SIGNS:
        return _PLAIN_SIGNS[character]
    if "\u2500" <= character <= "\u257f":  # box drawing
        return _LINES.get(character, "+")
    if "\u2580" <= character <= "\u259f":  # blocks
        return "#"
    if "\u2800" <= character <= "\u28ff":  # Braille: a spinner's
        return "*"
    return character.encode("ascii", "backslashreplace").decode()


class _Output(io.FileIO):
    """A descriptor to write to, whose reader may leave and whose disk may be full."""

    def __init__(self, descriptor: int, *, is_needed: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._is_needed = is_needed

    def write(self, content: "ReadableBuffer", /) -> int:
        """Write what fits.

        Raises:
            SystemExit: The reader left, and the output was what the command is for.
            AspireGitopsError: The output cannot be written, likewise.
        """
        try:
            # Another program that shares the pipe may have made it non-blocking.
            while (written := super().write(content)) is None:
                select.select([], [self], [])
        except OSError as error:
            self._discard()
            if not self._is_needed:
                return len(memoryview(content))
            if isinstance(error, BrokenPipeError):
                raise SystemExit(_SIGPIPE_STATUS) from None
            raise AspireGitopsError(
                f"the output cannot be written: {error.strerror}",
                help="check the disk or the file that stdout goes to",
            ) from None
        return int(written)

    def _discard(self) -> None:
        """Let everything from now on go nowhere: what is still buffered, and what children say."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def prepare_streams() -> None:
    """Replace stdout and stderr by streams that end a command properly."""
    _fill_gaps()
    sys.stdout = _prepared(sys.stdout, 1, is_needed=True)
    sys.stderr = _prepared(sys.stderr, 2, is_needed=False)


def _fill_gaps() -> None:
    # A descriptor that the shell closed would be given to the next file or connection.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _prepared(stream: TextIO | None, descriptor: int, *, is_needed: bool) -> TextIO:
    if stream is not None:
        stream.flush()
    is_terminal = os.isatty(descriptor)
    return _Text(
        _Output(descriptor, is_needed=is_needed),
        _alphabet(stream, is_terminal=is_terminal),
        line_buffering=is_terminal or not is_needed,
    )


def _alphabet(stream: TextIO | None, *, is_terminal: bool) -> str:
    # Python writes UTF-8 under LC_ALL=C: right for a file, escapes on a terminal that is told so.
    asked = os.environ.get("LC_ALL") in ("C", "POSIX")
    chosen = os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8")
    if is_terminal and asked and not chosen:
        return "ascii"
    return (stream and stream.encoding) or "utf-8"


_heard: list[int] = []
"""The signals that ended this run, in order."""


def heed_signals() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does: it cleans up, and exits 143 or 129.

    A signal that the caller ignores, as `nohup` does, stays ignored.
    """
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    sys.unraisablehook = _heed_later


def status_of_signal() -> int | None:
    """Return the exit code that a signal asked for; None while none came."""
    return 128 + _heard[0] if _heard else None


def _end(number: int, _frame: FrameType | None) -> None:
    _heard.append(number)
    asyncio = sys.modules.get("asyncio")
    loop = asyncio and asyncio._get_running_loop()  # noqa: SLF001 (the public one raises)
    if loop is None or asyncio is None:
        raise SystemExit(128 + number)
    # Raised inside of the loop, it would be printed as a task's fault.
    for task in asyncio.all_tasks(loop):
        loop.call_soon_threadsafe(task.cancel)


def _heed_later(lost: "sys.UnraisableHookArgs") -> None:
    """Send a signal again that came while a library's C code could not be interrupted."""
    error = lost.exc_value
    if isinstance(error, KeyboardInterrupt):
        number = int(signal.SIGINT)
    elif isinstance(error, SystemExit) and _heard and error.code == 128 + _heard[-1]:
        number = _heard[-1]
    else:
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(_SOON_S, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
