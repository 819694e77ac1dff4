"""What the machine refuses is said in a sentence with a way to fix it: no traceback, and no "bug"."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from aspire_gitops.status.value import Standing
from aspire_gitops.vocabulary import SystemFault, system_fault
from support.command_line import PROGRAM
from support.daemons import Site, site_in, until
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.folders import alias
from support.turns import Scene

NAMELESS = 54_321
RAW = ("Traceback", "bug", "Error:", "never retrieved")


@dataclass
class Machine:
    """A site on a machine that lacks something, for a user without a name."""

    site: Site
    folder: Path

    def said(
        self,
        *words: str,
        variables: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        nameless: bool = True,
        through: tuple[str, ...] = (),
        meanwhile: Callable[[], None] = lambda: None,
        until_it_says: str = "",
    ) -> str:
        """Start the controller, and return what it logged until it said that, or ended."""
        environment = {**self.site.daemon._environment(), **(variables or {})}
        environment = {name: text for name, text in environment.items() if name not in without}
        log = self.folder / "said.log"
        for path in (self.folder, *self.folder.rglob("*")) if nameless else ():
            os.chown(path, NAMELESS, NAMELESS, follow_symlinks=False)
        become = ("setpriv", f"--reuid={NAMELESS}", f"--regid={NAMELESS}", "--clear-groups")
        command = [*(become if nameless else ()), *through, *PROGRAM, "--log-format", "json"]
        with (
            log.open("wb") as stderr,
            subprocess.Popen(
                [*command, "controller", "--listen", "127.0.0.1:0", *words],
                env=environment,
                stderr=stderr,
            ) as process,
        ):
            try:
                meanwhile()
                until(lambda: process.poll() is not None or until_it_says in log.read_text())
                ended = process.poll() is not None
                if not until_it_says:
                    until(lambda: process.poll() is not None)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
        text = log.read_text()
        assert not [raw for raw in RAW if raw in text], text
        assert not (ended and until_it_says), text
        return text

    def watches_git(self) -> tuple[str, ...]:
        return "--repository", str(self.site.daemon.repository)


@pytest.fixture
def machine() -> Iterator[Machine]:
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    folder = Path(tempfile.mkdtemp(prefix="aspire-gitops-"))
    try:
        with serving(FakeGateway()) as url:
            site = site_in(folder, gateway_url=url, admin_key=ADMIN_KEY)
            site.aimed("east")
            yield Machine(site, folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A folder that nobody but root may enter."""
    folder = Path(tempfile.mkdtemp(prefix="aspire-gitops-"))
    (folder / "inside").mkdir()
    (folder / "key").write_text("planted-key")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_remote_that_it_may_not_enter_stalls_the_controller(
    machine: Machine, forbidden: Path
) -> None:
    text = machine.said(
        "--repository", f"file://{forbidden}/inside", until_it_says='"standing": "stalled"'
    )
    assert f"{forbidden}/inside cannot be read: Permission denied" in text
    assert "give the user that runs this program access" in text


@pytest.mark.slow
def test_a_folder_that_it_may_not_enter_is_waited_for(machine: Machine, forbidden: Path) -> None:
    text = machine.said(f"{forbidden}/inside", until_it_says='"standing": "waiting"')
    assert "name a folder that this user can read" in text


@pytest.mark.slow
def test_a_key_file_that_it_may_not_reach_is_named(machine: Machine, forbidden: Path) -> None:
    text = machine.said(
        *machine.watches_git(),
        variables={"ASPIRE_GITOPS_ADMIN_KEY_FILE": f"{forbidden}/key"},
        without=("ASPIRE_GITOPS_ADMIN_KEY",),
    )
    assert f"the admin key cannot be read from {forbidden}/key: Permission denied" in text
    assert "fix ASPIRE_GITOPS_ADMIN_KEY_FILE" in text


@pytest.mark.slow
def test_without_git_the_controller_stalls_and_says_what_to_install(
    machine: Machine, tmp_path: Path
) -> None:
    text = machine.said(
        *machine.watches_git(),
        variables={"PATH": str(tmp_path)},
        nameless=False,
        until_it_says='"standing": "stalled"',
    )
    assert "git cannot be started: No such file or directory" in text
    assert "install git 2.34 or newer" in text


@pytest.mark.slow
def test_without_git_a_folder_is_applied_all_the_same(machine: Machine, tmp_path: Path) -> None:
    folder = machine.site.origin.work.path / "gateway.d"
    machine.said(
        str(folder),
        variables={"PATH": str(tmp_path)},
        nameless=False,
        until_it_says='"standing": "ready"',
    )


@pytest.mark.slow
def test_somebodys_broken_git_config_stops_nothing(machine: Machine) -> None:
    (machine.folder / ".gitconfig").write_text("this is [not a config\n")
    machine.said(*machine.watches_git(), until_it_says='"standing": "ready"')


@pytest.mark.slow
def test_a_user_without_name_and_home_is_told_which_settings_to_set(machine: Machine) -> None:
    text = machine.said(*machine.watches_git(), without=("HOME", "ASPIRE_GITOPS_STATE_DIR"))
    assert "the state folder /var/lib/aspire-gitops/state cannot be used" in text
    assert "set ASPIRE_GITOPS_STATE_DIR" in text
    key = machine.folder / "key"
    key.write_text("planted-key")
    text = machine.said(
        *("--repository", "git@localhost:aspire/gateway.git"),
        variables={"ASPIRE_GITOPS_GIT_SSH_KEY_FILE": str(key)},
        without=("HOME",),
    )
    assert "set ASPIRE_GITOPS_GIT_KNOWN_HOSTS_FILE" in text


HOLD_ALL = """
import ctypes, time
while ctypes.CDLL(None).inotify_init() >= 0: pass
print("held", flush=True)
time.sleep(300)
"""


@pytest.mark.slow
def test_without_inotify_the_folder_is_polled_and_that_is_said(machine: Machine) -> None:
    user = ("setpriv", f"--reuid={NAMELESS}", f"--regid={NAMELESS}", "--clear-groups")
    folder = machine.site.origin.work.path / "gateway.d"
    with subprocess.Popen([*user, sys.executable, "-c", HOLD_ALL], stdout=subprocess.PIPE) as held:
        assert held.stdout
        held.stdout.readline()
        try:
            text = machine.said(
                *(str(folder), "--interval", "3600"),
                meanwhile=lambda: change_later(machine, folder),
                until_it_says='"file change"',
            )
        finally:
            held.kill()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    (said,) = [line for line in lines if "is polled every 2 s" in line["event"]]
    assert said["event"].startswith(f"{folder} is polled every 2 s, because it cannot be watched")
    assert "fs.inotify.max_user_instances" in said["help"]


def change_later(machine: Machine, folder: Path) -> None:
    until(lambda: "is polled" in (machine.folder / "said.log").read_text())
    (folder / "gateway.yaml").touch()


@pytest.mark.slow
@pytest.mark.parametrize("most", [8, 12, 16])
def test_too_few_descriptors_are_said_to_be_that(machine: Machine, most: int) -> None:
    text = machine.said(
        *machine.watches_git(),
        nameless=False,
        through=("prlimit", f"--nofile={most}", "--"),
        until_it_says="" if most == 8 else '"standing"',
    )
    assert "Too many open files" in text
    assert "ulimit -n" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"),
        ({"SSL_CERT_FILE": "/etc/hostname"}, "SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"),
        ({"ALL_PROXY": "socks5://planted-password@127.0.0.1:9"}, "proxy that the environment names"),
        ({"HTTPS_PROXY": "ftp://planted-password@127.0.0.1"}, "proxy that the environment names"),
    ],
    ids=["no such CA file", "a CA file that is none", "a socks proxy", "a proxy of no known kind"],
)  # fmt: skip
def test_a_connection_that_cannot_work_is_said_at_the_start(
    machine: Machine, variables: dict[str, str], said: str
) -> None:
    text = machine.said(
        *machine.watches_git(),
        variables={**variables, "ASPIRE_GITOPS_GATEWAY_URL": "https://gateway.invalid"},
    )
    assert said in text
    assert "  = help: set " in text
    assert "planted" not in text


@pytest.mark.slow
def test_closed_standard_streams_do_not_end_it(machine: Machine) -> None:
    through = ("sh", "-c", 'exec "$0" "$@" <&- >&-')
    machine.said(
        *machine.watches_git(), through=through, nameless=False, until_it_says='"standing": "ready"'
    )


@pytest.mark.parametrize(
    ("error", "help_"),
    [
        pytest.param(PermissionError(errno.EACCES, "Permission denied", "/x"), "access", id="no access"),
        pytest.param(OSError(errno.ENOSPC, "No space left on device"), "disk space", id="a full disk"),
        pytest.param(OSError(errno.EROFS, "Read-only file system", "/x"), "writable", id="read only"),
        pytest.param(OSError(errno.EMFILE, "Too many open files"), "ulimit -n", id="no descriptor"),
        pytest.param(MemoryError(), "memory", id="no memory"),
        pytest.param(RuntimeError("can't start new thread"), "ulimit -u", id="no thread"),
        pytest.param(RuntimeError("Could not determine home directory."), "HOME", id="no home"),
        pytest.param(KeyError("getpwuid(): uid not found: 54321"), "passwd", id="no name"),
        pytest.param(ImportError("libpq.so.5: cannot open", name="psycopg"), "install", id="no library"),
        pytest.param(ExceptionGroup("x", [OSError(errno.EIO, "I/O error")]), "disk", id="in a group"),
    ],
)  # fmt: skip
def test_a_fault_of_the_machine_is_no_bug(error: Exception, help_: str) -> None:
    fault = system_fault(error)
    assert isinstance(fault, SystemFault)
    assert help_ in (fault.help or "")


def test_a_fault_of_the_machine_stalls_one_turn_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.declare(alias("fast", "acme"))
    scene.commit("Begin")
    refused = OSError(errno.EMFILE, "Too many open files")
    scene.journal.broken = refused  # type: ignore[assignment]  # as the machine would
    turn = scene.turn()
    assert (turn.standing, turn.reason) == (Standing.STALLED, "Too many open files")
    assert "ulimit -n" in turn.help
    scene.journal.broken = None
    assert scene.turn().standing is Standing.READY


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(KeyError("planted-secret"), id="a key of a dictionary"),
        pytest.param(RuntimeError("planted-secret"), id="an error of ours"),
        pytest.param(TimeoutError(), id="a deadline that nobody caught"),
        pytest.param(ImportError("cannot import x", name="aspire_gitops.x"), id="a module of ours"),
    ],
)
def test_what_is_a_bug_stays_a_bug(error: Exception) -> None:
    assert system_fault(error) is None
