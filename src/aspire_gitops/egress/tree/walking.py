"""Which files of a folder are read: not what git ignores, not what others wrote.

Links are not followed: what they lead to inside of the folder is read in its
own place, and what lies outside is not the app's.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from aspire_gitops.egress.languages import is_lock_file


@dataclass(frozen=True, slots=True)
class Ignoring:
    """The rules that count in one folder: its own, and those of the folders above.

    Each level is the folder's path below the top with a final slash ("" for
    the top itself), and its rules.
    """

    levels: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def below(self, folder: str, file: Path) -> "Ignoring":
        """Return the rules with those of one more file, which stands in `folder`."""
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return self
        spec = GitIgnoreSpec.from_lines(lines)
        return Ignoring((*self.levels, (folder, spec))) if len(spec) else self

    def ignores(self, path: str) -> bool:
        """Say whether a path below the top is ignored; folders end with a slash."""
        for folder, spec in reversed(self.levels):
            verdict = spec.check_file(path[len(folder) :]).include
            if verdict is not None:
                return verdict
        return False


def rules_above(root: Path) -> tuple[str, Ignoring]:
    """Return where a folder stands in its repository, and the rules of the folders above it."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    inner = root.relative_to(top).as_posix()
    prefix = "" if inner == "." else f"{inner}/"
    rules = Ignoring().below("", top / ".git" / "info" / "exclude")
    folder, shown = top, ""
    for part in Path(prefix).parts:
        rules = rules.below(shown, folder / ".gitignore")
        folder, shown = folder / part, f"{shown}{part}/"
    return prefix, rules


VENDORED = frozenset(
    ".git .hg .svn .jj node_modules bower_components jspm_packages vendor third_party third-party "
    ".venv venv site-packages dist-packages __pypackages__ __pycache__ .tox .nox .eggs .mypy_cache "
    ".pytest_cache .ruff_cache .next .nuxt .svelte-kit .yarn .pnpm-store .gradle .terraform".split()
)
"""Folders of these names hold what others wrote, or what programs made. They are not entered."""

_OTHER_SUFFIXES = frozenset(
    ".png .jpg .jpeg .gif .webp .ico .svg .bmp .tiff .pdf .zip .gz .tgz .bz2 .xz .zst .7z .jar .war "
    ".whl .so .dylib .dll .exe .a .o .pyc .class .wasm .woff .woff2 .ttf .otf .eot .mp3 .mp4 .mov "
    ".avi .wav .ogg .sqlite .db .bin .dat .parquet .npy .npz .pt .onnx .pkl .map .lock .snap .pb".split()
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to scan. `path` is below the root, with slashes; `opened` is how to open it."""

    path: str
    opened: str


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
