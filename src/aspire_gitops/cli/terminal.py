"""Output of commands: results, progress, findings, files and exit codes."""

import errno
import os
import re
import shlex
import stat
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from enum import IntEnum
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import click

from aspire_gitops.cli.streams import as_shown
from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS, render_text
from aspire_gitops.vocabulary import Diagnostic, UsageError, one_line

if TYPE_CHECKING:
    from rich.text import Text


def show(text: "Text | str", *, on_stderr: bool = False) -> None:
    """Print text: what is styled for people, what is a plain string as it is, for machines.

    On a terminal people's lines are folded between words.
    """
    if isinstance(text, str):
        click.echo(text, nl=not text.endswith("\n"), err=on_stderr)
        return
    from rich.console import Console  # noqa: PLC0415 (0.1 s that JSON and Markdown do not need)

    console = Console(stderr=on_stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(text, end="" if text.plain.endswith("\n") else "\n")
    say(captured.get(), on_stderr=on_stderr)


def say(text: str, *, on_stderr: bool = False) -> None:
    """Print sentences and tables for people; on a terminal folded between words."""
    shown = folded(text, on_stderr=on_stderr)
    click.echo(shown, nl=not shown.endswith("\n"), err=on_stderr)


_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
_WORD = re.compile(r"\s*\S+")
_LEAST_COLUMNS = 20


def folded(text: str, *, on_stderr: bool = False) -> str:
    """Return `text` with the lines that a terminal would cut in a word broken between words."""
    stream = sys.stderr if on_stderr else sys.stdout
    width = _width(stream) if stream.isatty() else 0
    if not width or len(text) <= width:
        return text
    return "\n".join(part for line in text.split("\n") for part in fold(line, width))


def _width(terminal: TextIO) -> int:
    """Return the columns of a terminal; 0 where nobody knows."""
    chosen = os.environ.get("COLUMNS", "")
    try:
        columns = (
            int(chosen) if chosen.isdecimal() else os.get_terminal_size(terminal.fileno()).columns
        )
    except OSError:
        return 0
    return max(columns, _LEAST_COLUMNS) if columns else 0


def fold(line: str, width: int) -> Iterator[str]:
    """Yield one line in parts of at most `width` columns; a word that is longer stays whole."""
    if _columns(line) <= width:
        yield line
        return
    indent = len(line) - len(line.lstrip(" "))
    hanging = " " * min(indent + 4, width // 3)
    part = ""
    for word in _WORD.findall(line):
        if part.strip() and _columns(part + word) > width:
            yield part
            part = hanging + word.lstrip()
        else:
            part += word
    yield part


def _columns(line: str) -> int:
    plain = _SEQUENCE.sub("", line) if "\x1b" in line else line
    if plain.isascii():
        return len(plain)
    from rich.cells import cell_len  # noqa: PLC0415 (0.1 s that ASCII does not need)

    return cell_len(plain)


def is_plain() -> bool:
    """Whether the user or the terminal wants no colour and no cursor movement."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def show_paged(lines: "Iterable[Text]") -> None:
    """Print one text after the other; on a terminal through the pager, which may end early."""
    if not sys.stdout.isatty():
        for line in lines:
            show(line)
        return
    os.environ.setdefault("LESS", "-FRX")  # one screenful needs no pager
    click.echo_via_pager(_styled(lines), color=False if is_plain() else None)


def _styled(lines: "Iterable[Text]") -> Iterator[str]:
    from rich.console import Console  # noqa: PLC0415 (likewise)

    for place, line in enumerate(lines):
        into = StringIO()
        console = Console(file=into, force_terminal=True, soft_wrap=True, highlight=False)
        console.print(line, end="")
        shown = as_shown(folded(into.getvalue()))  # the pager would cut words, and ask for a locale
        yield f"\n{shown}" if place else shown  # the pager ends the last one


def told_on_stderr(message: str) -> None:
    """Print one step of progress."""
    say(click.style(f"· {one_line(message)}", dim=True), on_stderr=True)


def warn(message: str) -> None:
    """Print one warning."""
    say(f"{click.style('warning', fg='yellow')}: {one_line(message)}", on_stderr=True)


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0  # done, or nothing to do
    FAILED = 1
    CHANGES = 2  # changes are pending; only with --detailed-exitcode
    USAGE = 64
    INTERRUPTED = 130
    READER_GONE = 141  # stdout was closed; a signal such as SIGTERM ends with 128 and its number


class OutputPath(click.Path):
    """Where a command writes: a file, or a folder of files. Checked before the command works.

    A file's folder must be there, and so must the folder around an output folder: a path
    with a typo in it never becomes a new tree of folders.
    """

    def __init__(self, *, folder: bool = False) -> None:
        super().__init__(path_type=Path)
        self._folder = folder

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        return check_output(
            Path(os.fsdecode(super().convert(value, param, ctx))), folder=self._folder
        )


def check_output(path: Path, *, folder: bool = False) -> Path:
    """Return the path if it can be written to, as far as that shows beforehand.

    Raises:
        UsageError: Its folder is missing, or it is a folder where a file is needed.
    """
    if not path.name:
        if folder:
            return path
        raise UsageError(f"{path} is a folder, and a file is needed", help=_NAME_A_FILE)
    try:
        existing = path.stat().st_mode if os.path.lexists(path) else None
        above = path.parent.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise UsageError(
                f"{path} is a link that leads nowhere", help="remove it, or choose another path"
            ) from None
        raise UsageError(
            f"{path} cannot be written: there is no folder {path.parent}",
            help=f"create it (mkdir -p {shlex.quote(str(path.parent))}), or choose another path",
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    if not stat.S_ISDIR(above):
        raise _unwritable(path, NotADirectoryError(errno.ENOTDIR, f"{path.parent} is a file"))
    if existing is not None and stat.S_ISDIR(existing) != folder:
        if folder:
            raise UsageError(f"{path} is a file, and a folder is needed", help="name a folder")
        raise UsageError(f"{path} is a folder, and a file is needed", help=_NAME_A_FILE)
    return path


_NAME_A_FILE = "name a file in it"


def write_file(path: Path, text: str) -> bool:
    """Replace a file in one step; returns False if it was the same already.

    What exists keeps its mode, and a link keeps leading to the file that it leads to.
    A device or a pipe, such as /dev/stdout, is written to.

    Raises:
        UsageError: The file cannot be written. What it held before is still there.
    """
    content = text.encode()
    try:
        mode = path.stat().st_mode if path.exists() else None
        if mode is not None and _is_a_stream(path, mode):
            with _opened_stream(path) as stream:
                stream.write(content)
            return True
        target = Path(os.path.realpath(path))
        if mode is not None and target.read_bytes() == content:
            return False
        _replace(target, content, mode)
    except OSError as error:
        raise _unwritable(path, error) from error
    return True


def _is_a_stream(path: Path, mode: int) -> bool:
    return not stat.S_ISREG(mode) or path.is_relative_to("/dev") or path.is_relative_to("/proc")


def _opened_stream(path: Path) -> BinaryIO:
    # What is stdout already must be written at stdout's own place in that file.
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        if os.path.samestat(path.stat(), os.fstat(number)):
            stream.flush()
            return os.fdopen(os.dup(number), "wb")
    return path.open("ab")


def write_into(folder: Path, name: str, text: str) -> bool:
    """Write one file of an output folder, which is created if only itself is missing."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return write_file(folder / name, text)


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror}", help="choose another path")


def _replace(path: Path, content: bytes, mode: int | None) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            mask = os.umask(0)
            os.umask(mask)
            # mkstemp uses 0600, and a new file of ours is not secret.
            os.fchmod(file.fileno(), 0o666 & ~mask if mode is None else stat.S_IMODE(mode))
        Path(draft).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise


with_findings_format = click.option(
    "--format",
    "format_",
    type=click.Choice(list(DIAGNOSTIC_RENDERERS)),
    default="text",
    show_default=True,
    help="Output format.",
)


def show_findings(found: Sequence[Diagnostic], format_: str = "text") -> None:
    """Print all findings on stdout."""
    if format_ == "text":
        _show_as_text(found)
    else:
        click.echo(DIAGNOSTIC_RENDERERS[format_](found), nl=False)


def show_warnings(found: Sequence[Diagnostic]) -> None:
    """Print the warnings of files that are good enough to go on with, on stderr."""
    _show_as_text(found, on_stderr=True)


def _show_as_text(found: Sequence[Diagnostic], *, on_stderr: bool = False) -> None:
    text = render_text(found, color=True)  # click removes the colour without a terminal
    if text:
        say(text, on_stderr=on_stderr)


_NARROW = 72
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")


class Help(click.HelpFormatter):
    """Help pages that a narrow terminal can show: a word is never cut, columns become lines."""

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        longest = max((len(term) for term, _ in rows), default=0)
        if self.width >= _NARROW or longest <= self.width // 4:
            super().write_dl(rows, col_max, col_spacing)
            return
        outer, inner = " " * self.current_indent, " " * (self.current_indent + 4)
        for term, said in rows:
            fits = len(outer + term) <= self.width
            lines = fold(f"{outer}{term if fits else term.replace('|', ' | ')}", self.width)
            self.write("\n".join([*lines, _filled(said, inner, self.width), ""]))

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        paragraphs = []
        for paragraph in text.split("\n\n"):
            title, *lines = paragraph.rstrip("\n").split("\n")
            if title.strip() == "\b":
                paragraphs.append("\n".join(self._laid_out([indent + line for line in lines])))
            else:
                paragraphs.append(_filled(paragraph, indent, self.width))
        self.write("\n\n".join(paragraphs) + "\n")

    def _laid_out(self, lines: Sequence[str]) -> Iterator[str]:
        """Yield an example as it is written, or for a terminal that it does not fit, reflowed."""
        is_seen = sys.stdout.isatty() or "COLUMNS" in os.environ
        if not is_seen or all(len(line) <= self.width for line in lines):
            yield from lines
            return
        indent = " " * self.current_indent
        for is_prose, run in groupby(lines, lambda line: line[len(indent) :][:1] not in ("", " ")):
            if is_prose:
                yield _filled("\n".join(run), indent, self.width)
                continue
            for line in run:
                first, *second = _GAP.split(line, maxsplit=1)
                yield from fold(first, self.width)
                below = " " * (len(line) - len(line.lstrip()) + 4)
                yield from (_filled(said, below, self.width) for said in second)


def _filled(text: str, indent: str, width: int) -> str:
    return textwrap.fill(
        " ".join(text.split()),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
