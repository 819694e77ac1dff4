"""Talk to the remote: find a branch's commit, fetch it, push one. Decides nothing.

One remote, one clone, one set of credentials. Failures become `SourceRefused`
and `SourceUnavailable` by the table in `faults`, or `Damaged` when it is our
clone that is damaged. `remote` reads what was fetched.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.sources.git.address import Credentials, Protocol, SshKey, access, why_not_key
from aspire_gitops.sources.git.clone import Clone, Damaged
from aspire_gitops.sources.git.program import Access, Finished, words_of_remote
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable, system_help


@dataclass(frozen=True, slots=True)
class Fault:
    """One situation: how git says it, what it means, and what to do."""

    pattern: re.Pattern[str]
    what: str
    help: str
    refused: bool = True  # it will not pass by itself
    passes: bool = False  # it will


def _fault(pattern: str, what: str, help_: str, *, refused: bool = True) -> Fault:
    return Fault(re.compile(pattern, re.IGNORECASE), what, help_, refused)


_PATIENCE = re.compile(
    r"returned error: (408|425|429|502|503|504|52[0-4]|530)|http (429|502|503|504)\b"
    r"|http code 5\d\d from proxy|connect tunnel failed, response 5\d\d"
    r"|too many requests|rate limit|retry later|try again later|maintenance mode"
    r"|not available at this time|internal api unreachable|temporarily unavailable"
    r"|server is (busy|overloaded)|load is too high",
    re.IGNORECASE,
)
_UNREACHED = re.compile(
    r"could not resolve (host|hostname)\b|temporary failure in name resolution"
    r"|failed to connect to|couldn't connect to server|connection (refused|timed out|reset)"
    r"|(network|host) is unreachable|no route to host|operation timed out|timeout was reached"
    r"|connection closed by|closed by remote host|connection to \S+ closed|broken pipe"
    r"|empty reply from server|early eof|hung up unexpectedly|unexpected disconnect"
    r"|transfer closed with|operation too slow|stream \d+ was not closed cleanly"
    r"|ssl_error_syscall|non-properly terminated|unexpected eof|recv failure|send failure",
    re.IGNORECASE,
)
"""With `_PATIENCE` all that is known to pass by itself: what asks for patience, in whatever
words, and a connection that ended for no reason that is a row below. What is in none of
them is told to an operator after a while: see `pace.LEAST_PATIENCE`."""

FAULTS = (
    _fault(
        r"no space left on device|disk quota exceeded",
        "the disk is full", "free space on the disk of the state folder", refused=False,
    ),
    _fault(
        r"read-only file system|insufficient permission for adding|unable to (write|create) .*denied"
        r"|(cannot|could not) (open|create|lock|write) .*denied",
        "our clone cannot be written", "give the controller's user write access to the state folder",
    ),
    _fault(
        r"no user exists for uid|unable to look up current user",
        "the user that the controller runs as has no name, and ssh refuses to work without one",
        "add the user to /etc/passwd (in the image), or use an https address",
    ),
    _fault(
        r"cannot run ssh|cannot exec 'ssh|ssh: not found|is not a git command"
        r"|unable to find remote helper",
        "a program is missing beside git", "install the ssh client, and git with https support",
    ),
    _fault(
        r"(http code|response) (401|403|407) from proxy|connect tunnel failed, response 4\d\d"
        r"|http code 4\d\d from proxy|returned error: 407|proxy authentication"
        r"|unsupported proxy|could not resolve proxy",
        "the proxy does not let us through",
        "fix HTTPS_PROXY and the credentials in it, or name the host in NO_PROXY",
    ),
    _fault(
        r"certificate verify locations|adding trust anchors|certificate file|ssl ca cert"
        r"|client certificate|setting certificate",
        "the file of authorities cannot be read",
        "fix {authorities}, or unset it",
    ),
    _fault(
        r"host key verification failed|host key is known for|host identification has changed",
        "the remote's host key is not in known_hosts",
        "verify the key with the remote's owner, then update the known_hosts file",
    ),
    _fault(
        r"unable to negotiate|no matching (host key|key exchange|cipher|mac)|no mutual signature",
        "ssh and the remote have no algorithm in common", "update one of them, or use another key",
    ),
    _fault(
        r"unprotected private key file|bad permissions",
        "the ssh key is readable by others, so ssh does not use it", "run chmod 600 on the key file",
    ),
)  # fmt: skip

_OF_FORGES = (
    _fault(
        r"\bsaml\b|single sign-on|\bsso\b",
        "the forge requires single sign-on for our credentials",
        "authorise the token or key for single sign-on in the forge's settings",
    ),
    _fault(
        r"ip allow ?list|ip address .{0,40}not (permitted|allowed)",
        "the forge does not accept our address", "add the controller's address to its allow list",
    ),
    _fault(
        r"\b(suspended|deactivated|disabled|dmca|terms of service|unpaid)\b"
        r"|(account|user|repository|project) (is|has been|was) (blocked|locked|banned)",
        "the forge has suspended or disabled the account or the repository",
        "resolve it with the forge; its message says why",
    ),
    _fault(
        r"(key|token|password|credentials?)( \S+){0,4} (has |is |have |are )?expired",
        "our credentials have expired", "renew them",
    ),
    _fault(
        r"two.factor|\b2fa\b|password authentication (was|is)|personal access token",
        "the forge wants other credentials", "give a token or key of the kind that it names",
    ),
)  # fmt: skip
"""What forges say themselves, so that git's own "prompts disabled" is not taken for it."""

_REFUSALS = (
    _fault(
        r"authentication failed|could not read (username|password)|returned error: 40[13]"
        r"|permission denied( \(|, please)|access denied|invalid credentials|returned http code 40[13]"
        r"|too many authentication failures|not authorized|unauthori[sz]ed",
        "the remote refuses our credentials",
        "give the token or key read access to this repository, or renew it",
    ),
    _fault(
        r"unable to update url base from redirection|returned error: 30[1278]",
        "the remote redirects to another address",
        "set the repository's new address exactly as the remote writes it",
    ),
    _fault(
        r"certificate (problem|verification failed)|certificate subject name|ssl: no alternative"
        r"|wrong version number",
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
    _fault(
        r"returned error: 4\d\d",
        "the remote refuses the request", "fix the address, the credentials or what it asks for",
    ),
)  # fmt: skip


def known_fault(finished: Finished) -> Fault | None:
    """Return the row that fits what git and the remote said, or None."""
    lines = finished.said.splitlines()
    said = "\n".join(map(_without_names, lines))
    of_remote = "\n".join(line for line in lines if not _GITS_OWN.match(line))
    return (
        _row(FAULTS, said)
        or _row(_OF_FORGES, of_remote)
        or (_PASSING if _PATIENCE.search(said) else None)
        or _row(_REFUSALS, said)
        or (_PASSING if _UNREACHED.search(said) else None)
    )


_GITS_OWN = re.compile(r"(fatal|error|warning|hint|ssh): (?!remote error)")
_PASSING = Fault(_UNREACHED, "cannot be reached", "it will be retried", refused=False, passes=True)


def _row(rows: Iterable[Fault], said: str) -> Fault | None:
    return next((fault for fault in rows if fault.pattern.search(said)), None)


def _without_names(line: str) -> str:
    # A repository may be called malformed or rate-limit; git repeats its address in quotes.
    return line if words_of_remote(line) else re.sub(r"'[^']*'", "''", line)


def source_error(where: object, finished: Finished) -> SourceRefused | SourceUnavailable:
    """Return the error for a failed run: what it means, git's own words, what to do."""
    fault = known_fault(finished)
    if fault is None or fault.passes:
        return SourceUnavailable(
            f"{where} cannot be reached: {finished.complaint}",
            help="it will be retried",
            passes=fault is not None,
        )
    kind = SourceRefused if fault.refused else SourceUnavailable
    help_ = fault.help.replace("{authorities}", _authorities())
    return kind(f"{where}: {fault.what} ({finished.complaint})", help=help_)


def _authorities() -> str:
    # git may name no file at all.
    names = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "GIT_SSL_CAPATH", "SSL_CERT_DIR")
    named = [f"{name} ({os.environ[name]})" for name in names if os.environ.get(name)]
    return named[0] if named else "SSL_CERT_FILE"


_NOT_LET_IN = re.compile(r"permission denied|load key|authentication", re.IGNORECASE)
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
        if isinstance(self.credentials, SshKey) and _NOT_LET_IN.search(done.said):
            why_not_key(self.credentials.key)
        raise source_error(self.clone.address, done)

    def _access(self) -> Access:
        clone = self.clone
        return access(clone.address, self.credentials, timeout_s=clone.timeout_s)

    def _check_path(self) -> None:
        address = self.clone.address
        if address.protocol is not Protocol.FILE:
            return
        try:
            there = Path(address.url).is_dir()
        except OSError as error:
            raise SourceRefused(
                f"{address} cannot be read: {error.strerror}", help=system_help(error)
            ) from None
        if not there:
            raise SourceUnavailable(
                f"{address} does not exist", help="check that it is mounted; it will be retried"
            )
