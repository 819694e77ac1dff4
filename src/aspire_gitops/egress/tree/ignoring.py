"""What git ignores: `.gitignore` files, nested ones and their negations, by pathspec.

Not by asking git: the answer is the same in a folder that is no repository,
such as an unpacked archive, and no process is started.
"""

from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec


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
