"""Speak to the remote: which commit a branch has, fetch it, push one. Decides nothing.

One remote, one clone, one set of credentials. Failures become `SourceRefused`
and `SourceUnavailable` by the table in `faults`, or `Damaged` when it is our
clone that is not whole. `remote` reads what was fetched.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.errors import SourceRefused, SourceUnavailable
from aspire_gitops.sources.git.address import Protocol
from aspire_gitops.sources.git.clone import Clone, Damaged
from aspire_gitops.sources.git.credentials import Credentials, access
from aspire_gitops.sources.git.faults import known_fault, source_error
from aspire_gitops.sources.git.program import Access, Finished

_SHA1 = re.compile(r"[0-9a-f]{40}")
_FETCH = (
    "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
    "--depth=1", "--force",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """The remote, as seen from a clone whose lock we hold."""

    clone: Clone
    credentials: Credentials | None

    def tip(self, branch: str) -> str | None:
        """Return the commit that the remote's branch has now; None when there is no such branch.

        Raises:
            SourceUnavailable, SourceRefused: The remote does not say.
            Damaged: Our clone is not whole.
        """
        full = f"refs/heads/{branch}"
        listed = self._git("ls-remote", "--quiet", self.clone.address.url, full)
        found = [line.split("\t") for line in listed.text.splitlines()]
        commit = next((line[0] for line in found if line[1:] == [full]), None)
        if commit is not None and not _SHA1.fullmatch(commit):
            raise SourceRefused(
                f"{self.clone.address} is a SHA-256 repository, which is not supported; use SHA-1"
            )
        return commit

    def fetch(self, wanted: str, reference: str) -> None:
        """Fetch a branch's full name or a commit, without its history, to a private reference.

        Raises:
            SourceUnavailable, SourceRefused: The remote does not give it. What half
                arrived is removed.
            Damaged: Our clone is not whole.
        """
        self.clone.sweep()
        try:
            self._git(*_FETCH, self.clone.address.url, f"+{wanted}:{reference}")
        except (SourceUnavailable, SourceRefused):
            self.clone.sweep()
            raise

    def push(self, commit: str, branch: str) -> Finished:
        """Push a commit to a branch, never by force. A status that is not 0 is the caller's."""
        return self.clone.git(
            "push", "--porcelain", self.clone.address.url, f"{commit}:refs/heads/{branch}",
            access=self._access(),
        )  # fmt: skip

    def _git(self, *words: str) -> Finished:
        done = self.clone.git(*words, access=self._access())
        if done.status == 0:
            return done
        self._check_path()
        if known_fault(done) is None and not self.clone.is_sound():
            raise Damaged(done.complaint)
        raise source_error(self.clone.address, done)

    def _access(self) -> Access:
        clone = self.clone
        return access(clone.address, self.credentials, timeout_s=clone.timeout_s)

    def _check_path(self) -> None:
        address = self.clone.address
        if address.protocol is Protocol.FILE and not Path(address.url).is_dir():
            raise SourceUnavailable(f"{address} is not there; is it mounted? it is tried again")
