"""Run a PostgreSQL of the sandbox's own: a template made once, copied for every sandbox.

The schema comes from the SQL migrations that LiteLLM ships. The server listens
on loopback only, trusts every local connection and does not sync to disk: it
holds test data. Nothing here knows about the proxy.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from aspire_gitops.sandbox.cache import Progress, cached, digest, run_step
from aspire_gitops.sandbox.install import LITELLM_VERSION, Installation
from aspire_gitops.sandbox.packaged import HOW_TO_GET_IT, machine_counts, postgres_folders
from aspire_gitops.sandbox.processes import LOOPBACK, Process, free_port, spawn, stop, wait_until
from aspire_gitops.vocabulary import PrerequisiteMissing, SandboxStartFailed

NAME = "litellm"  # of the database and of its owner
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
_INITDB = ("-U", NAME, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--wal-segsize=1", "-N")


def database_url(port: int) -> str:
    """Return where the database of a server on this loopback port is."""
    return f"postgresql://{NAME}@{LOOPBACK}:{port}/{NAME}"


def check_prerequisites() -> None:
    """Check that a PostgreSQL is installed and that this account may run it.

    Raises:
        PrerequisiteMissing: With what to install, or which account to use.
    """
    programs()
    if os.geteuid() == 0 and not _user_namespaces():
        raise PrerequisiteMissing(
            "PostgreSQL refuses to run as root, and this root may not create user namespaces "
            "with `unshare`: run the sandbox as an ordinary user, or allow them "
            "(`apt-get install util-linux`, `sysctl user.max_user_namespaces=1000`)"
        )


def programs() -> Path:
    """Return the folder with `initdb` and `postgres`: the machine's, or a package's.

    `ASPIRE_GITOPS_POSTGRES_BIN` names another one.

    Raises:
        PrerequisiteMissing: There is none.
    """
    chosen = os.environ.get("ASPIRE_GITOPS_POSTGRES_BIN")
    candidates = [Path(chosen)] if chosen else [*_of_the_machine(), *postgres_folders()]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    looked = f"in {chosen}" if chosen else "on PATH, in /usr/lib/postgresql and among the packages"
    raise PrerequisiteMissing(
        f"PostgreSQL is not installed (looked {looked}): `apt-get install postgresql`, "
        f"{HOW_TO_GET_IT}, "
        "or set ASPIRE_GITOPS_POSTGRES_BIN to the folder with `initdb` and `postgres`"
    )


def install_template(installation: Installation, progress: Progress) -> Path:
    """Return a data folder that holds LiteLLM's schema and nothing else.

    Raises:
        SandboxStartFailed: PostgreSQL or one of the migrations failed.
    """
    reply = subprocess.check_output([programs() / "postgres", "--version"], text=True)
    major = reply.split()[2].split(".")[0]
    name = f"postgres{major}-{LITELLM_VERSION}-{digest(installation.venv.name, _INITDB)}"
    return cached(name, "the database", partial(_fill_template, installation), progress)


def copy_template(template: Path, data: Path) -> None:
    """Make `data` a copy of the template, in one step for every reader."""
    unfinished = data.with_name(f"{data.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    # cp, for its --reflink: on a file system that can, the copy costs nothing.
    try:
        subprocess.run(["cp", "-a", "--reflink=auto", template, unfinished], check=True)
        unfinished.rename(data)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def start(data: Path, log: Path, port: int) -> Process:
    """Start a server on a data folder and wait until it answers.

    Raises:
        SandboxStartFailed: With the end of its log.
    """
    (data / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed
    flags = [word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}")]
    command = _unprivileged(programs() / "postgres", "-D", data, "-p", str(port), *flags)
    process = spawn(command, log, env=_environment(), cwd=data)
    check: list[str | Path] = [programs() / "pg_isready", "-q", *_server(port), "-d", "postgres"]

    def ready() -> bool:
        return subprocess.run(check, check=False, env=_environment()).returncode == 0

    try:
        wait_until(ready, process, log=log, what="PostgreSQL", patience_s=30)
    except BaseException:
        stop(process, signal.SIGINT)
        raise
    return process


def _of_the_machine() -> Iterator[Path]:
    if not machine_counts():
        return
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    # Debian keeps the programs of every release in a folder that is not on PATH.
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(installed, key=lambda path: -float(path.parent.name))


def _fill_template(installation: Installation, folder: Path, log: Path) -> None:
    migrations = installation.site_packages / "litellm_proxy_extras" / "migrations"
    scripts = sorted(migrations.glob("*/migration.sql"))
    if not scripts:
        raise SandboxStartFailed(f"LiteLLM {LITELLM_VERSION} came without its SQL migrations")
    env, port = _environment(), free_port()
    run_step(_unprivileged(programs() / "initdb", "-D", folder, *_INITDB), log, env=env)
    process = start(folder, log, port)
    try:
        run_step([programs() / "createdb", *_server(port), NAME], log, env=env)
        files = [word for script in scripts for word in ("-f", str(script))]
        psql: list[str | Path] = [programs() / "psql", "-X", *_server(port), "-d", NAME, "-q"]
        run_step([*psql, "-v", "ON_ERROR_STOP=1", *files], log, env=env)
    finally:
        stop(process, signal.SIGINT)


def _environment() -> dict[str, str]:
    # The caller's PGHOST, PGSERVICE, PGOPTIONS and the like are about another database.
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def _server(port: int) -> tuple[str, ...]:
    return ("-h", LOOPBACK, "-p", str(port), "-U", NAME)


def _unprivileged(*command: str | Path) -> list[str | Path]:
    """Let root start PostgreSQL in a user namespace, where it is not root."""
    if os.geteuid():
        return list(command)
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--", *command]


@cache
def _user_namespaces() -> bool:
    if not shutil.which("unshare"):
        return False
    return not subprocess.run(_unprivileged("true"), check=False, capture_output=True).returncode
