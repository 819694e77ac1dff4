"""What `egress scan` is told: which files, and what is known of the gateway."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING

from aspire_gitops.cli.terminal import warn
from aspire_gitops.egress.fixes import SETTINGS
from aspire_gitops.egress.gateway import KnownGateway, gateway_of
from aspire_gitops.egress.languages import language_of
from aspire_gitops.pipeline.catalog import AsOf, SourceChoice, check
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable, UsageError

if TYPE_CHECKING:
    from aspire_gitops.egress.folder import FoundFile


def gateway_for(url: str | None, folder: Path | None, as_of: AsOf) -> tuple[KnownGateway, date]:
    """Return what is known of the gateway, and the day there. `url` wins over the folder's.

    Without a folder nothing says where the company's day begins: it is UTC's then.

    Raises:
        UsageError: The URL is invalid, or the folder declares no Gateway.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise UsageError(f"invalid URL {url}", help="write it as https://llm.example.com/v1")
    if folder is None:
        return KnownGateway(url), as_of.at(UTC).date()
    try:
        checked = check(SourceChoice(folder), as_of, ask_git=False)
    except (SourceRefused, SourceUnavailable) as error:  # 1 would say that there are findings
        raise UsageError(
            error.message, help=error.help or "name the folder with --gateway-d"
        ) from error
    gateway = gateway_of(checked.catalog)
    if gateway.url is None:
        raise UsageError(
            f"{folder} declares no valid Gateway",
            help=f"run `aspire-gitops validate {folder}`",
        )
    if not checked.ok:  # somebody else's mistakes must not stop an app's CI
        warn(f"{folder} has errors; the aliases that could be read are used")
    return KnownGateway(url or gateway.url, gateway.aliases), checked.today


@dataclass(slots=True)
class Target:
    """What is scanned. Paths in findings and exceptions are relative to `root`.

    `is_whole` says that a folder was scanned as a whole rather than named files.
    """

    root: Path
    folders: Sequence[Path]
    named: Sequence[Path]
    gitignore: bool
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def is_whole(self) -> bool:
        return not self.named and list(self.folders) == [self.root]

    def files(self) -> "Iterator[FoundFile]":
        """Yield each file once: the folders' files, then those that were named."""
        from aspire_gitops.egress.folder import FoundFile  # noqa: PLC0415 (needs the extra)

        seen: set[str] = set()
        for folder in self.folders:
            for found in self._walked(folder):
                if found.opened not in seen:
                    seen.add(found.opened)
                    yield found
        for path in self.named:
            if str(path) not in seen:
                seen.add(str(path))
                yield FoundFile(os.path.relpath(path, self.root), str(path))

    def declared(self, gateway: KnownGateway) -> frozenset[str]:
        """Return the address variables that the root's settings declare, when only a part is scanned."""
        from aspire_gitops.egress.folder import Scan  # noqa: PLC0415 (needs the extra)

        if self.is_whole:
            return frozenset()
        settings = (item for item in self._walked(self.root) if language_of(item.path) in SETTINGS)
        return frozenset(Scan(gateway).run(settings).declared)

    def shown(self, path: str) -> str:
        """Return a path as people find it: relative to the current folder where it is below it."""
        whole = os.path.normpath(self.root / path)
        relative = os.path.relpath(whole)
        return whole if relative.startswith("..") else relative

    def _walked(self, folder: Path) -> "Iterator[FoundFile]":
        from aspire_gitops.egress.folder import FoundFile, Walk  # noqa: PLC0415 (as above)

        inner = os.path.relpath(folder, self.root)
        prefix = "" if inner == "." else f"{inner}/"
        walk = Walk(folder, gitignore=self.gitignore)
        try:
            for found in walk.files():
                yield FoundFile(prefix + found.path, found.opened)
        except OSError as error:
            raise UsageError(
                f"{error.filename} cannot be read: {error.strerror}",
                help="run as a user that may read it",
            ) from error
        if folder in self.folders:
            self.left_out += walk.left_out


def target_of(paths: Sequence[Path], *, gitignore: bool) -> Target:
    """Return what the paths choose. One folder is its own root; else the current folder is."""
    whole = [Path(os.path.abspath(path)) for path in paths or (Path(),)]  # noqa: PTH100 (resolve() would follow a link that was named)
    folders = [path for path in whole if path.is_dir()]
    named = [path for path in whole if not path.is_dir()]
    root = folders[0] if len(whole) == 1 and folders else Path.cwd()
    return Target(root, folders, named, gitignore)
