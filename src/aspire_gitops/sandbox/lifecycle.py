"""Start, restart and stop a sandbox: the functions that the rest of the program calls.

Each takes the lock of the state folder, so commands in several terminals cannot
get in each other's way. A start that fails stops what it had started.
"""

import contextlib
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType

from aspire_gitops.sandbox import install, postgres
from aspire_gitops.sandbox.cache import POSTGRES, PROXY, UPSTREAM, Progress, State, StateFolder
from aspire_gitops.sandbox.options import Sandbox, SandboxOptions
from aspire_gitops.sandbox.processes import stop as stop_process
from aspire_gitops.sandbox.start import Starting, describe, proxy_names, stop_all, stop_proxies
from aspire_gitops.vocabulary import SandboxBusy, SandboxNotFound

_POLITE = (signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 3  # a user who presses Ctrl-C so often while it cleans up is obeyed


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit(128 + signal) meanwhile.

    A signal that the program already treats in its own way is left alone, and so
    is everything outside the main thread, where Python cannot set handlers.
    """
    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [sign for sign in _POLITE if signal.getsignal(sign) is signal.SIG_DFL]
    for sign in ours:
        signal.signal(sign, _raise_exit)
    try:
        yield
    finally:
        for sign in ours:
            signal.signal(sign, signal.SIG_DFL)


def _raise_exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def cleaning_up(progress: Progress) -> Iterator[None]:
    """Let no second Ctrl-C or SIGTERM stop a clean-up half way; the third is obeyed.

    A CI runner that cancels a job sends SIGINT and then SIGTERM.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = 0

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal heard
        heard += 1
        if heard >= _PATIENCE:
            raise SystemExit(128 + number)
        progress("still cleaning up; the sandbox's programs are ending")

    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, *_POLITE)}
    heeded = {sign: handler for sign, handler in before.items() if handler is not signal.SIG_IGN}
    for sign in heeded:
        signal.signal(sign, note)
    try:
        yield
    finally:
        for sign, handler in heeded.items():
            signal.signal(sign, handler)


def in_silence(_message: str) -> None:
    """Ignore progress: for callers that show none."""


def start(
    state_dir: Path | None,
    options: SandboxOptions,
    *,
    progress: Progress = in_silence,
) -> Sandbox:
    """Start a sandbox in a folder, or return the one that already runs there.

    Data, ports and keys of an earlier sandbox in the folder are used again.

    Args:
        state_dir: Where data and logs live; None makes a temporary folder that `stop` removes.
        options: What to start.
        progress: Is told about the slow steps: a minute or two the first time, then 15 s.

    Raises:
        PrerequisiteMissing: A program is missing; install it.
        SandboxStartFailed: A step failed. Trying again helps if the network was the cause.
        SandboxBusy: The folder runs a sandbox with other options.
    """
    install.check_prerequisites()
    postgres.check_prerequisites()
    options.fingerprint()  # an unreadable config is reported before anything is installed
    temporary = state_dir is None
    with unwinding(), _folder_for(state_dir) as (folder, found):
        state = found or State(temporary=temporary)
        if sandbox := _already_running(folder, state, options, progress):
            return sandbox
        stop_all(state)
        try:
            return _start_everything(Starting(folder, state, options, progress))
        except BaseException as error:
            with cleaning_up(progress):
                stop_all(state)
                folder.write(state)
                interrupted = not isinstance(error, Exception)
                if state.temporary or (interrupted and found is None):
                    shutil.rmtree(folder.data, ignore_errors=True)
                    folder.forget()
            raise


@contextlib.contextmanager
def _folder_for(state_dir: Path | None) -> Iterator[tuple[StateFolder, State | None]]:
    """Yield the locked folder and what it knows; remove one that Ctrl-C leaves half made.

    An error keeps it: its message names the logs.
    """
    is_new = state_dir is None or not state_dir.exists()
    path = state_dir or Path(tempfile.mkdtemp(prefix="aspire-gitops-"))
    folder = StateFolder(path.resolve())
    try:
        with folder.locked():
            yield folder, folder.read()
    except Exception:
        raise
    except BaseException:
        if is_new:
            shutil.rmtree(folder.path, ignore_errors=True)
        raise


def stop(state_dir: Path, *, keep: bool = False) -> None:
    """Stop the sandbox of a folder.

    Args:
        state_dir: The folder it was started in.
        keep: Leave data, ports and keys for another `start`; without it they are deleted,
            and a temporary folder goes altogether. Logs of a named folder always stay.

    Raises:
        SandboxNotFound: No sandbox was started there, or it was already stopped for good.
    """
    folder = StateFolder(state_dir.resolve())
    if folder.read() is None:
        raise SandboxNotFound(
            f"no sandbox was started in {state_dir}", help="pass the sandbox's state folder"
        )
    with folder.locked():
        state = folder.read()
        if state is None:
            raise SandboxNotFound(
                f"the sandbox in {state_dir} was stopped in the meantime",
                help="nothing is left to do",
            )
        stop_all(state)
        folder.write(state)
        if keep:
            return
        shutil.rmtree(folder.data, ignore_errors=True)
        folder.forget()
    if state.temporary:
        shutil.rmtree(folder.path)


@contextlib.contextmanager
def running(
    options: SandboxOptions | None = None,
    *,
    state_dir: Path | None = None,
    progress: Progress = in_silence,
) -> Iterator[Sandbox]:
    """Run a sandbox for the length of a `with` block, and delete it at its end.

    SIGTERM and SIGHUP end the block too. Raises what `start` raises.
    """
    with unwinding():
        sandbox = start(state_dir, options or SandboxOptions(), progress=progress)
        try:
            yield sandbox
        finally:
            with cleaning_up(progress), contextlib.suppress(SandboxNotFound):
                stop(sandbox.state_dir)  # unless the block stopped it itself


def restart(
    sandbox: Sandbox, *, config: Path | None = None, progress: Progress = in_silence
) -> Sandbox:
    """Stop the proxies with SIGTERM, if they still run, and start them again.

    PostgreSQL and the stand-in provider stay up; data, ports and keys stay the same.

    Args:
        sandbox: The one to restart.
        config: Another config file; without one, the same again.
        progress: Is told about the slow steps.

    Returns:
        The sandbox with its new pid. The old value has the old one.

    Raises:
        SandboxNotFound: Its database no longer runs.
        SandboxStartFailed: The proxy did not come back; the database still runs.
    """
    options = sandbox.options if config is None else replace(sandbox.options, config=config)
    options.fingerprint()
    with unwinding(), _running_folder(sandbox) as (folder, state):
        stop_proxies(state)
        folder.write(state)
        starting = Starting(folder, state, options, progress)
        try:
            installation = install.install(progress)
            starting.proxies(installation)
        except BaseException:
            stop_proxies(state)
            folder.write(state)
            raise
        return describe(folder, state, options, installation.python)


def kill_proxy(sandbox: Sandbox) -> None:
    """End the first proxy with SIGKILL, as a crash would; `restart` brings it back.

    Raises:
        SandboxNotFound: The sandbox no longer runs.
    """
    with _running_folder(sandbox) as (folder, state):
        if process := state.processes.pop(PROXY, None):
            stop_process(process, signal.SIGKILL)
        folder.write(state)


def _start_everything(starting: Starting) -> Sandbox:
    installation = install.install(starting.progress)
    starting.database(postgres.install_template(installation, starting.progress))
    starting.upstream()
    starting.proxies(installation)
    return describe(starting.folder, starting.state, starting.options, installation.python)


def _already_running(
    folder: StateFolder, state: State, options: SandboxOptions, progress: Progress
) -> Sandbox | None:
    # A sandbox without its proxy is useless: the caller starts everything anew, on the same data.
    names = [name for name in (POSTGRES, PROXY) if state.alive(name)]
    if len(names) < 2:
        return None
    wanted = [POSTGRES, *([UPSTREAM] if options.upstream else []), *proxy_names(options)]
    if state.fingerprint != options.fingerprint():
        raise SandboxBusy(
            f"{folder.path} runs a sandbox with another config, environment or number of proxies",
            help="stop that one first, with `--keep` to keep its data",
        )
    if not all(map(state.alive, wanted)):
        return None
    return describe(folder, state, options, install.install(progress).python)


@contextlib.contextmanager
def _running_folder(sandbox: Sandbox) -> Iterator[tuple[StateFolder, State]]:
    folder = StateFolder(sandbox.state_dir)
    if folder.read() is None:
        raise SandboxNotFound(
            f"the sandbox in {folder.path} was stopped",
            help="start it with `aspire-gitops sandbox up`",
        )
    with folder.locked():
        state = folder.read()
        if state is None or not state.alive(POSTGRES):
            raise SandboxNotFound(
                f"the sandbox in {folder.path} is no longer running",
                help="start it with `aspire-gitops sandbox up`",
            )
        yield folder, state
