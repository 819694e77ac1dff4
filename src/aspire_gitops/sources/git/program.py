"""Run the git program: without user settings or prompts, with a time limit, ended as a whole.

The environment is built from nothing, so neither the user's git settings nor a
hook's variables count. git starts children (ssh, git-remote-https), so each run
is a process group of its own and ends as one. `clone` and `exchange` say what to run.
"""

import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable, short_line, system_help

NOT_INSTALLED = "install git 2.34 or newer where this program finds it (PATH)"

MAX_LINE = 200  # characters
MAX_APPROVERS = 20
_APPROVAL = re.compile(r"(?i)(?:approved|reviewed|acked)-by[ \t]*:(.*)")
_TRAILER = re.compile(r"[A-Za-z0-9-]+[ \t]*:")
_EMPTY = "Could not read from remote repository"
_TELLS = re.compile(r"(?!\s*remote:[\s=*#-]*$).*\w")
_REMOTE = re.compile(r"\s*(?:remote:|(?=ERROR:))(.*)")
_PROGRESS = re.compile(r"(Enumerating|Counting|Compressing|Resolving|Total|Finding)\b")


def one_line(text: str) -> str:
    """Return what others wrote as one short line in which nothing acts."""
    return short_line(text, MAX_LINE)


def approvers(message: str) -> tuple[str, ...]:
    """Return who approved a commit, by its `Approved-by`, `Reviewed-by` and `Acked-by` trailers.

    Only the last paragraph counts, as in git, and only when it begins with a
    trailer. In their order, each once, at most `MAX_APPROVERS`.
    """
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    block = paragraphs[-1].split("\n") if len(paragraphs) > 1 else []
    if not (block and _TRAILER.match(block[0])):
        return ()
    found = (_APPROVAL.fullmatch(line) for line in block)
    names = (one_line(match[1]) for match in found if match)
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_APPROVERS]


def complaint(text: str) -> str:
    """Return what was complained about as one line: the remote's own words, and git's.

    Of git it is the first line that is called fatal or an error. Where neither says
    anything, it is ssh's first line.
    """
    # ssh and forges frame what they say in @ and =, with empty lines above.
    lines = [line.strip(" \t@") for line in text.splitlines() if _TELLS.search(line)]
    told = " ".join(said for line in lines if (said := words_of_remote(line)))
    # ssh's own words come before git's, which then say nothing.
    telling = [
        line for line in lines if line.startswith(("fatal:", "error:")) and _EMPTY not in line
    ]
    others = [] if told else lines
    first = (telling or others or ([""] if told else ["git gave no reason"]))[0]
    plain = re.sub(r"^(fatal|error): ", "", first)
    if not told:
        return short_line(plain, 300)
    return short_line(f"{short_line(told, 240)} ({plain})" if plain else told, 400)


def words_of_remote(line: str) -> str:
    """Return what the remote itself says in a line of git's; empty if git or ssh says it."""
    found = _REMOTE.match(line)
    said = found[1].strip(" \t=*-#") if found else ""
    return "" if _PROGRESS.match(said) else said


MAX_OUTPUT_BYTES = 1 << 20
_GRACE_S = 1.0  # git removes its lock files and half packs when it is asked to end
_PASSED_ON = (
    "PATH", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
    "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY",
)  # fmt: skip
_ALWAYS = {
    "LC_ALL": "C",  # `faults` reads what git says
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",  # answers with nothing
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit is what its name says
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    # What our clone is made of, whatever becomes git's default.
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_DEFAULT_REF_FORMAT": "files",
}
_CONFIG = (
    ("core.hooksPath", os.devnull),
    ("core.fsync", "committed,loose-object,reference"),
    ("credential.helper", ""),
    ("fetch.fsckObjects", "true"),
    ("http.followRedirects", "false"),  # a redirect could take the token elsewhere
    ("protocol.version", "2"),
    # Housekeeping that goes on in the background would outlive us.
    ("gc.autoDetach", "false"),
    ("maintenance.autoDetach", "false"),
    ("gc.pruneExpire", "1.hour.ago"),  # the lock keeps others out, references keep what counts
)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended. `complaint` is one line without secrets; `said` all of stderr, likewise."""

    status: int
    output: bytes
    complaint: str
    said: str

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True)
class Access:
    """What one run of git gets in order to reach a remote. `hidden` must never be shown."""

    protocol: str = "none"
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = field(default=(), repr=False)


NO_ACCESS = Access()


def variables(access: Access = NO_ACCESS, config: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the whole environment of one run; the settings travel in it, not in arguments."""
    settings = (*_CONFIG, *access.config, *config)
    numbered = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        numbered |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    passed: dict[str, str] = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if "SSL_CERT_FILE" in passed:  # what all other programs call it
        passed.setdefault("GIT_SSL_CAINFO", passed["SSL_CERT_FILE"])
    return {
        **passed,
        **_ALWAYS,
        "GIT_ALLOW_PROTOCOL": access.protocol,
        **access.variables,
        **numbered,
    }


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    timeout_s: float,
    given: bytes = b"",
    held: int | None = None,
    hidden: Iterable[str] = (),
    about: str = "",
) -> Finished:
    """Run git, or gpg beside it, to its end; a status that is not 0 is the caller's business.

    `given` is its standard input, `held` a descriptor that git and its children keep
    open while they live, `hidden` the words that may not appear in what it says,
    `about` what it works on, in words.

    Raises:
        SourceRefused: It is not installed, or may not be run. Somebody must act.
        SourceUnavailable: It timed out, wrote far too much, or cannot be started now.
    """
    try:
        process = _start(command, environment, given, () if held is None else (held,))
    except OSError as error:
        what = f"{command[0]} cannot be started: {error.strerror}"
        if isinstance(error, FileNotFoundError | PermissionError) and error.filename == command[0]:
            help_ = NOT_INSTALLED if command[0] == "git" else f"install {command[0]}"
            raise SourceRefused(what, help=help_) from error
        raise SourceUnavailable(what, help=system_help(error)) from error
    with process:
        try:
            output, said = _listen(process, timeout_s)
        except _Ended as why:
            raise SourceUnavailable(
                f"{about}: {' '.join(command[:2])} {why}",
                help="it will be retried",
                passes=why.passes,
            ) from None
        finally:
            _end(process)
    shown = said.decode("utf-8", "replace")
    for word in hidden:
        shown = shown.replace(word, "***")
    return Finished(process.returncode, output, complaint(shown), shown)


class _Ended(Exception):
    """We stop waiting for it. `passes` says that it may well end the next time."""

    def __init__(self, why: str, *, passes: bool = False) -> None:
        self.passes = passes
        super().__init__(why)


def _start(
    command: Sequence[str], environment: Mapping[str, str], given: bytes, held: tuple[int, ...]
) -> "subprocess.Popen[bytes]":
    with tempfile.TemporaryFile() if given else Path(os.devnull).open("rb") as standard_input:
        if given:
            standard_input.write(given)
            standard_input.seek(0)
        return subprocess.Popen(
            command,
            stdin=standard_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
            pass_fds=held,
        )


def _listen(process: "subprocess.Popen[bytes]", timeout_s: float) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    deadline = time.monotonic() + timeout_s
    heard = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as waiting:
        for descriptor in heard:
            waiting.register(descriptor, selectors.EVENT_READ)
        while waiting.get_map():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise _Ended(f"did not end within {timeout_s:g} s", passes=True)
            for key, _ in waiting.select(left_s):
                part = os.read(key.fd, 1 << 16)
                heard[key.fd] += part
                if not part:
                    waiting.unregister(key.fd)
                if len(heard[key.fd]) > MAX_OUTPUT_BYTES:
                    raise _Ended("wrote too much output")
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _Ended(f"did not end within {timeout_s:g} s", passes=True) from None
    output, said = heard.values()
    return bytes(output), bytes(said)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.returncode is not None:
        return
    # Nobody has reaped it yet, so its number still names this very group.
    os.killpg(process.pid, signal.SIGTERM)
    patience = time.monotonic() + _GRACE_S
    while not _is_zombie(process.pid) and time.monotonic() < patience:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _is_zombie(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
