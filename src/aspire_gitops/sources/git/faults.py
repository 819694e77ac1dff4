"""What git's complaint about a remote means: try again, or a person must act. A table.

git has no codes, only sentences; they are English here (`program` sets the
locale), and the first row that fits counts. What no row knows is tried again.
"""

import re
from dataclasses import dataclass

from aspire_gitops.errors import SourceRefused, SourceUnavailable
from aspire_gitops.sources.git.program import Finished


@dataclass(frozen=True, slots=True)
class Fault:
    """One situation: how git says it, what it is, and the way out."""

    pattern: re.Pattern[str]
    what: str
    way_out: str
    refused: bool = True  # a person must act


def _fault(pattern: str, what: str, way_out: str, *, refused: bool = True) -> Fault:
    return Fault(re.compile(pattern, re.IGNORECASE), what, way_out, refused)


FAULTS = (
    _fault(
        r"no space left on device|disk quota exceeded",
        "the disk is full", "make room in the state folder's disk", refused=False,
    ),
    _fault(
        r"host key verification failed|host key is known for|host identification has changed",
        "the remote's host key is not one that we believe",
        "compare it with its owner, then mend the known_hosts file",
    ),
    _fault(
        r"unprotected private key file|bad permissions",
        "others may read the ssh key, so ssh does not use it", "run chmod 600 on the key file",
    ),
    _fault(
        r"authentication failed|could not read (username|password)|returned error: 40[13]"
        r"|permission denied \(|access denied|invalid credentials|returned http code 40[13]",
        "the remote refuses our credentials",
        "give the token or key read access to this repository, or renew it",
    ),
    _fault(
        r"unable to update url base from redirection|returned error: 30[1278]",
        "the remote sends us to another address",
        "the repository moved: set its new address, as the remote writes it (with .git?)",
    ),
    _fault(
        r"certificate (problem|verification failed)|certificate subject name|ssl: no alternative",
        "the remote's certificate does not prove who it is",
        "mend the certificate, or set SSL_CERT_FILE to the authority that signed it",
    ),
    _fault(
        r"dubious ownership",
        "the repository belongs to another user", "run as its owner, or use its https address",
    ),
    _fault(
        r"not our ref|unadvertised object|did not send all necessary objects.*wanted",
        "the remote does not have that commit any more", "push it again under any branch",
    ),
    _fault(
        r"transport '[^']*' not allowed",
        "the address leads to a protocol that is not used", "write the address itself",
    ),
    _fault(
        r"repository .*not found|returned error: 404|project you were looking for"
        r"|does not appear to be a git repository|repository .*does not exist",
        "there is no such repository, or our credentials may not see it",
        "has it moved or been deleted? mend the address, or let our credentials read it",
    ),
    _fault(
        r"invalid object|fsck error|error in object|malformed",
        "the remote holds an object that git does not accept", "push a well-formed commit",
    ),
)  # fmt: skip


def known_fault(finished: Finished) -> Fault | None:
    """Return the row that fits what git said, or None."""
    return next((fault for fault in FAULTS if fault.pattern.search(finished.said)), None)


def source_error(where: object, finished: Finished) -> SourceRefused | SourceUnavailable:
    """Return the error for a failed run: what it means, git's own words, the way out."""
    fault = known_fault(finished)
    if fault is None:
        return SourceUnavailable(
            f"{where} cannot be reached: {finished.complaint}; it is tried again"
        )
    message = f"{where}: {fault.what} ({finished.complaint}); {fault.way_out}"
    return SourceRefused(message) if fault.refused else SourceUnavailable(message)
