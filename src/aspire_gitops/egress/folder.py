"""The edge of egress: walk a folder, read its files, scan them on several processors where that pays.

Leaves out what git ignores and what others wrote. Links are not followed: a target inside the
folder is read in its own place, and one outside does not belong to the app.
"""

import os
import signal
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from pathspec import GitIgnoreSpec

from aspire_gitops.egress.gateway import KnownGateway
from aspire_gitops.egress.judging import UNREAD_FILE, Finding
from aspire_gitops.egress.languages import is_lock_file
from aspire_gitops.egress.scanning import scan_text, worth_scanning
from aspire_gitops.vocabulary import Diagnostic, Span

VENDORED = frozenset(
    ".git .hg .svn .jj node_modules bower_components jspm_packages vendor third_party third-party "
    ".venv venv site-packages dist-packages __pypackages__ __pycache__ .tox .nox .eggs .mypy_cache "
    ".pytest_cache .ruff_cache .next .nuxt .svelte-kit .yarn .pnpm-store .gradle .terraform".split()
)
"""Folders of these names hold third-party or generated files. They are not entered."""

_OTHER_SUFFIXES = frozenset(
    ".png .jpg .jpeg .gif .webp .ico .svg .bmp .tiff .pdf .zip .gz .tgz .bz2 .xz .zst .7z .jar .war "
    ".whl .so .dylib .dll .exe .a .o .pyc .class .wasm .woff .woff2 .ttf .otf .eot .mp3 .mp4 .mov "
    ".avi .wav .ogg .sqlite .db .bin .dat .parquet .npy .npz .pt .onnx .pkl .map .lock .snap .pb".split()
)

MAX_BYTES = 1 << 20
MAX_NOTEBOOK_BYTES = 16 << 20  # they contain pictures
_LONG_LINE = 500  # characters on average: generated
_LONG_LINES_FROM = 5000  # bytes; a short file of one line is a short file
_PROBE = 8192
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_MOST_FOLDERS = 200  # one inside the other; the walk over them calls itself
_BATCH = 400  # files: about 20 ms of work, far more than passing them on costs
_PAYS_OFF = 4 * _BATCH
_WAITING = 8  # batches for each processor

Progress = Callable[[int], None]
"""Called from time to time with the number of files read."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to scan. `path` is below the root, with slashes; `opened` is how to open it."""

    path: str
    opened: str


@dataclass(frozen=True, slots=True)
class Ignoring:
    """The ignore rules in force in one folder: its own, and those of the folders above.

    Each level is the folder's path below the top with a final slash ("" for
    the top itself), and its rules.
    """

    levels: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def below(self, folder: str, file: Path) -> "Ignoring":
        """Return the rules with those of one more file, which is in `folder`."""
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return self
        spec = GitIgnoreSpec.from_lines(lines)
        return Ignoring((*self.levels, (folder, spec))) if len(spec) else self

    def ignores(self, path: str) -> bool:
        """Return whether a path below the top is ignored; folders end with a slash."""
        for folder, spec in reversed(self.levels):
            verdict = spec.check_file(path[len(folder) :]).include
            if verdict is not None:
                return verdict
        return False


@dataclass(slots=True)
class Walk:
    """One walk over a folder. `left_out` counts what was not entered or taken, by reason."""

    root: Path
    gitignore: bool = True
    left_out: Counter[str] = field(default_factory=Counter)

    def files(self) -> Iterator[FoundFile]:
        """Yield the files in order. A folder that cannot be read raises OSError."""
        prefix, rules = rules_above(self.root) if self.gitignore else ("", Ignoring())
        yield from self._folder(str(self.root), "", prefix, rules)

    def _folder(self, opened: str, path: str, prefix: str, rules: Ignoring) -> Iterator[FoundFile]:
        with os.scandir(opened) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        if self.gitignore and any(entry.name == ".gitignore" for entry in listed):
            rules = rules.below(prefix + path, Path(opened) / ".gitignore")
        for entry in listed:
            inner = path + entry.name
            if entry.is_symlink():
                self.left_out["links"] += 1
            elif entry.is_dir(follow_symlinks=False):
                yield from self._inner(entry, inner, prefix, rules)
            elif entry.is_file(follow_symlinks=False) and self._is_taken(inner, prefix, rules):
                yield FoundFile(inner, entry.path)

    def _inner(
        self, entry: "os.DirEntry[str]", inner: str, prefix: str, rules: Ignoring
    ) -> Iterator[FoundFile]:
        if entry.name in VENDORED:
            self.left_out["vendored folders"] += 1
        elif rules.levels and rules.ignores(f"{prefix}{inner}/"):
            self.left_out["ignored by git"] += 1
        elif inner.count("/") > _MOST_FOLDERS:
            self.left_out["folders that are nested too deeply"] += 1
        else:
            yield from self._folder(entry.path, f"{inner}/", prefix, rules)

    def _is_taken(self, inner: str, prefix: str, rules: Ignoring) -> bool:
        suffix = os.path.splitext(inner)[1].lower()  # noqa: PTH122 (a Path for each file costs more than the rest)
        if suffix in _OTHER_SUFFIXES or is_lock_file(inner):
            self.left_out["no code by their names"] += 1
            return False
        if rules.levels and rules.ignores(prefix + inner):
            self.left_out["ignored by git"] += 1
            return False
        return True


def rules_above(root: Path) -> tuple[str, Ignoring]:
    """Return where a folder is in its repository, and the rules of the folders above it."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    inner = root.relative_to(top).as_posix()
    prefix = "" if inner == "." else f"{inner}/"
    rules = Ignoring().below("", top / ".git" / "info" / "exclude")
    folder, shown = top, ""
    for part in Path(prefix).parts:
        rules = rules.below(shown, folder / ".gitignore")
        folder, shown = folder / part, f"{shown}{part}/"
    return prefix, rules


@dataclass(slots=True)
class Scanned:
    """The result for all files."""

    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)

    def add(self, more: "Scanned") -> None:
        self.files += more.files
        self.findings += more.findings
        self.declared |= more.declared
        self.skipped += more.skipped

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return the findings that no address variable of the repository resolves."""
        return tuple(
            finding.diagnostic for finding in self.findings if not (finding.unless & self.declared)
        )


@dataclass(frozen=True, slots=True)
class Scan:
    """How files are scanned. `jobs` is the number of processes."""

    gateway: KnownGateway = field(default_factory=KnownGateway)
    tests: bool = False
    jobs: int = 1

    def run(self, files: Iterable[FoundFile], progress: Progress = lambda _: None) -> Scanned:
        """Scan the files. The order of the result does not depend on `jobs`."""
        remaining = iter(files)
        first = list(islice(remaining, _PAYS_OFF))
        total = Scanned()
        if self.jobs <= 1 or len(first) < _PAYS_OFF:
            for batch in _batches(_chained(first, remaining)):
                total.add(self.batch(batch))
                progress(total.files)
            return total
        for done in self._side_by_side(_batches(_chained(first, remaining))):
            total.add(done)
            progress(total.files)
        return total

    def batch(self, files: Sequence[FoundFile]) -> Scanned:
        """Scan some files, one after the other."""
        result = Scanned()
        for file in files:
            self._file(file, result)
        return result

    def _file(self, file: FoundFile, result: Scanned) -> None:
        result.files += 1
        try:
            content = read_bytes(file.opened)
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            help_ = "make it readable for the scanning user, or exclude it in .gitignore"
            result.findings.append(Finding(UNREAD_FILE.at(Span(file.path), message, help=help_)))
            return
        if isinstance(content, Skipped):
            result.skipped[content.value] += 1
        elif worth_scanning(content):
            if is_minified(file.path, content):
                result.skipped[Skipped.MINIFIED.value] += 1
                return
            judged = scan_text(file.path, decoded(content), self.gateway, tests=self.tests)
            result.findings += judged.findings
            result.declared |= judged.declared

    def _side_by_side(self, batches: Iterator[list[FoundFile]]) -> Iterator[Scanned]:
        pool = ProcessPoolExecutor(
            self.jobs, mp_context=get_context("fork"), initializer=_leave_signals_to_parent
        )
        try:
            waiting: list[Future[Scanned]] = []
            for batch in batches:
                waiting.append(pool.submit(self.batch, batch))
                if len(waiting) >= self.jobs * _WAITING:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)  # after Ctrl-C nobody waits for the rest


def _leave_signals_to_parent() -> None:
    # Ctrl-C reaches every process of the terminal: ours would each print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Skipped(StrEnum):
    """Why a file is left out."""

    BINARY = "binary"
    HUGE = "huge"
    MINIFIED = "minified"


def read_bytes(opened: str) -> bytes | Skipped:
    """Return a file's content, or why it is not read. UTF-16 comes as UTF-8.

    Raises:
        OSError: It cannot be read.
    """
    limit = MAX_NOTEBOOK_BYTES if opened.endswith(".ipynb") else MAX_BYTES
    # Not blocking: opening a pipe would wait forever.
    descriptor = os.open(opened, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Skipped.BINARY
        if status.st_size > limit:
            return Skipped.HUGE
        content = os.read(descriptor, limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        return Skipped.HUGE
    if content.startswith(_UTF16):
        return content.decode("utf-16", "replace").encode()
    return Skipped.BINARY if b"\0" in content[:_PROBE] else content


def is_minified(path: str, content: bytes) -> bool:
    """Return whether the file is generated: `.min.` in its name, or lines too long to read."""
    name = path.rpartition("/")[2]
    if ".min." in name:
        return True
    if name.endswith(".ipynb") or len(content) < _LONG_LINES_FROM:
        return False
    return len(content) / (content.count(b"\n") + 1) > _LONG_LINE


def decoded(content: bytes) -> str:
    """Return the text: UTF-8, or else Latin-1, which reads anything."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _batches(files: Iterator[FoundFile]) -> Iterator[list[FoundFile]]:
    while batch := list(islice(files, _BATCH)):
        yield batch


def _chained(first: Sequence[FoundFile], rest: Iterator[FoundFile]) -> Iterator[FoundFile]:
    yield from first
    yield from rest
