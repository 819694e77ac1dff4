"""Talk to the remote: find a branch's commit, fetch it, push one. Decides nothing.

One remote, one clone, one set of credentials. Failures become `SourceRefused`
and `SourceUnavailable` by the table in `faults`, or `Damaged` when it is our
clone that is damaged. `remote` reads what was fetched.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.sources.git.address import Credentials, Protocol, access
from aspire_gitops.sources.git.clone import Clone, Damaged
from aspire_gitops.sources.git.program import Access, Finished
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable


@dataclass(frozen=True, slots=True)
class Fault:
    """One situation: how git says it, what it means, and what to do."""

    pattern: re.Pattern[str]
    what: str
    help: str
    refused: bool = True  # it will not pass by itself


def _fault(pattern: str, what: str, help_: str, *, refused: bool = True) -> Fault:
    return Fault(re.compile(pattern, re.IGNORECASE), what, help_, refused)


FAULTS = (
    _fault(
        r"no space left on device|disk quota exceeded",
        "the disk is full", "free space on the disk of the state folder", refused=False,
    ),
    _fault(
        r"host key verification failed|host key is known for|host identification has changed",
        "the remote's host key is not in known_hosts",
        "verify the key with the remote's owner, then update the known_hosts file",
    ),
    _fault(
        r"unprotected private key file|bad permissions",
        "the ssh key is readable by others, so ssh does not use it", "run chmod 600 on the key file",
    ),
    _fault(
        r"authentication failed|could not read (username|password)|returned error: 40[13]"
        r"|permission denied \(|access denied|invalid credentials|returned http code 40[13]",
        "the remote refuses our credentials",
        "give the token or key read access to this repository, or renew it",
    ),
    _fault(
        r"unable to update url base from redirection|returned error: 30[1278]",
        "the remote redirects to another address",
        "set the repository's new address exactly as the remote writes it",
    ),
    _fault(
        r"certificate (problem|verification failed)|certificate subject name|ssl: no alternative",
        "the remote's certificate cannot be verified",
        "fix the certificate, or set SSL_CERT_FILE to the authority that signed it",
    ),
    _fault(
        r"dubious ownership",
        "the repository belongs to another user", "run as its owner, or use its https address",
    ),
    _fault(
        r"not our ref|unadvertised object|did not send all necessary objects.*wanted",
        "the remote no longer has that commit", "push it again under any branch",
    ),
    _fault(
        r"transport '[^']*' not allowed",
        "the address uses an unsupported protocol", "use an https, ssh or file address",
    ),
    _fault(
        r"repository .*not found|returned error: 404|project you were looking for"
        r"|does not appear to be a git repository|repository .*does not exist",
        "the repository does not exist, or our credentials may not read it",
        "fix the address, or give the credentials read access",
    ),
    _fault(
        r"invalid object|fsck error|error in object|malformed",
        "the remote has an object that git does not accept", "push a well-formed commit",
    ),
)  # fmt: skip


def known_fault(finished: Finished) -> Fault | None:
    """Return the row that fits what git said, or None."""
    return next((fault for fault in FAULTS if fault.pattern.search(finished.said)), None)


def source_error(where: object, finished: Finished) -> SourceRefused | SourceUnavailable:
    """Return the error for a failed run: what it means, git's own words, what to do."""
    fault = known_fault(finished)
    if fault is None:
        return SourceUnavailable(
            f"{where} cannot be reached: {finished.complaint}", help="it will be retried"
        )
    kind = SourceRefused if fault.refused else SourceUnavailable
    return kind(f"{where}: {fault.what} ({finished.complaint})", help=fault.help)


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
        """Return the commit that the remote's branch has now; None when the branch does not exist.

        Raises:
            SourceUnavailable, SourceRefused: The remote does not say.
            Damaged: Our clone is damaged.
        """
        full = f"refs/heads/{branch}"
        listed = self._git("ls-remote", "--quiet", self.clone.address.url, full)
        found = [line.split("\t") for line in listed.text.splitlines()]
        commit = next((line[0] for line in found if line[1:] == [full]), None)
        if commit is not None and not _SHA1.fullmatch(commit):
            raise SourceRefused(
                f"{self.clone.address} is a SHA-256 repository, which is unsupported",
                help="use a SHA-1 repository",
            )
        return commit

    def fetch(self, wanted: str, reference: str) -> None:
        """Fetch a branch's full name or a commit, without its history, to a private reference.

        Raises:
            SourceUnavailable, SourceRefused: The remote does not give it. What half
                arrived is removed.
            Damaged: Our clone is damaged.
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
            raise SourceUnavailable(
                f"{address} does not exist", help="check that it is mounted; it will be retried"
            )
