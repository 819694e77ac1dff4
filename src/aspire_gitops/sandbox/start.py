"""Bring the programs of one sandbox up, in order, and remember each as it starts."""

import os
import secrets
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aspire_gitops
from aspire_gitops.sandbox import postgres
from aspire_gitops.sandbox.cache import POSTGRES, PROXY, UPSTREAM, Progress, State, StateFolder
from aspire_gitops.sandbox.install import DEFAULT_CONFIG, Installation
from aspire_gitops.sandbox.ledger import LEDGER_URL, ledger_variables
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, LoopbackClient, loopback_client
from aspire_gitops.sandbox.node import find_node
from aspire_gitops.sandbox.options import Sandbox, SandboxOptions
from aspire_gitops.sandbox.processes import (
    LOOPBACK,
    Process,
    free_port,
    listens,
    spawn,
    stop,
    wait_until,
)


def upstream_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def start_upstream(port: int, log: Path) -> Process:
    """Start it and wait until it listens.

    Raises:
        SandboxStartFailed: With the end of its log.
    """
    source = Path(aspire_gitops.__file__).parent.parent
    command = [sys.executable, "-P", "-m", "aspire_gitops.sandbox.upstream", "--port", str(port)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(source)}
    process = spawn(command, log, env=env, cwd=log.parent)
    try:
        wait_until(lambda: listens(port), process, log=log, what="the upstream", patience_s=15)
    except BaseException:
        stop(process)
        raise
    return process


START_PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class ProxySetup:
    """What all proxies of one sandbox share."""

    installation: Installation
    state_dir: Path
    config: Path
    database_url: str
    variables: Mapping[str, str] = field(repr=False)  # keys, and what the caller gave

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the proxy; the caller's variables win."""
        engine, venv = self.installation.engine, self.installation.venv
        return {
            **engine.variables,
            # First the `prisma` that says "no drift" when LiteLLM compares the schema at start.
            "PATH": f"{engine.programs}:{venv / 'bin'}:{find_node().search_path}",
            "HOME": str(self.state_dir),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": self.database_url,
            "DISABLE_SCHEMA_UPDATE": "true",
            "STORE_MODEL_IN_DB": "True",
            # The price list that the release ships, not today's from the network.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **self.variables,
        }


def proxy_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def spawn_proxy(setup: ProxySetup, port: int, log: Path) -> Process:
    """Start one proxy and return at once; `wait_for_proxy` says when it serves."""
    litellm = setup.installation.venv / "bin" / "litellm"
    address = ("--host", LOOPBACK, "--port", str(port))
    command: list[str | Path] = [
        litellm,
        "--config",
        setup.config,
        *address,
        "--telemetry",
        "False",
    ]
    return spawn(command, log, env=setup.environment(), cwd=setup.state_dir)


def wait_for_proxy(process: Process, port: int, log: Path) -> None:
    """Wait until the proxy says that its database is connected.

    Raises:
        SandboxStartFailed: It ended, or was not ready in time; with the end of its log.
    """
    with loopback_client(proxy_url(port), timeout_s=5) as client:
        wait_until(
            lambda: _has_database(client),
            process,
            log=log,
            what="LiteLLM",
            patience_s=START_PATIENCE_S,
        )


def _has_database(client: LoopbackClient) -> bool:
    try:
        reply = client.get("/health/readiness")
        return reply.is_success and reply.json().get("db") == "connected"
    except (*HTTP_ERRORS, ValueError):
        return False


MASTER_KEY, SALT_KEY = "LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"


class Starting:
    """One start: the folder and its state, the options, and the progress callback."""

    def __init__(
        self, folder: StateFolder, state: State, options: SandboxOptions, progress: Progress
    ) -> None:
        self.folder, self.state = folder, state
        self.options, self.progress = options, progress

    def database(self, template: Path) -> None:
        """Start PostgreSQL on the data of the folder, or on a copy of the template."""
        if not self.folder.data.exists():
            postgres.copy_template(template, self.folder.data)
        port = self._port(POSTGRES)
        log = self.folder.log(POSTGRES)
        self.state.processes[POSTGRES] = postgres.start(self.folder.data, log, port)
        self.folder.write(self.state)

    def upstream(self) -> None:
        """Start the stand-in provider, if the options ask for it."""
        if self.options.upstream:
            process = start_upstream(self._port(UPSTREAM), self.folder.log(UPSTREAM))
            self.state.processes[UPSTREAM] = process
            self.folder.write(self.state)

    def proxies(self, installation: Installation) -> None:
        """Start all proxies at once, then wait for each: most of the time goes into imports."""
        self._choose_keys()
        setup = self._proxy_setup(installation)
        names = proxy_names(self.options)
        for name in names:
            process = spawn_proxy(setup, self._port(name), self.folder.log(name))
            self.state.processes[name] = process
            self.folder.write(self.state)
        self.progress("waiting for LiteLLM")
        for name in names:
            process, port = self.state.processes[name], self.state.ports[name]
            wait_for_proxy(process, port, self.folder.log(name))
        self.state.fingerprint = self.options.fingerprint()
        self.folder.write(self.state)

    def _choose_keys(self) -> None:
        env, state = self.options.env, self.state
        state.master_key = env.get(MASTER_KEY) or state.master_key or _new_key()
        state.salt_key = env.get(SALT_KEY) or state.salt_key or _new_key()

    def _proxy_setup(self, installation: Installation) -> ProxySetup:
        config = self.options.config
        if config is None:
            config = self.folder.path / "config.yaml"
            config.write_text(DEFAULT_CONFIG.read_text())
        own = {MASTER_KEY: self.state.master_key, SALT_KEY: self.state.salt_key}
        if self.options.upstream:
            own["UPSTREAM_BASE_URL"] = upstream_url(self.state.ports[UPSTREAM])
        return ProxySetup(
            installation=installation,
            state_dir=self.folder.path,
            config=config.resolve(),
            database_url=postgres.database_url(self.state.ports[POSTGRES]),
            variables={**own, **self.options.env, **self._ledger()},
        )

    def _ledger(self) -> dict[str, str]:
        url = ledger_url(self.state, self.options)
        return ledger_variables(self.folder.path, url, self.options.env) if url else {}

    def _port(self, name: str) -> int:
        before = self.state.ports.get(name)
        port = free_port(before)
        if before not in (None, port):
            self.progress(f"port {before} is taken; {name} moves to {port}")
        self.state.ports[name] = port
        return port


def stop_proxies(state: State) -> None:
    """Stop every proxy and wait until it is gone."""
    for name in [name for name in state.processes if name.startswith(PROXY)]:
        stop(state.processes.pop(name))


def stop_all(state: State) -> None:
    """Stop everything that the state knows; the database last, for it must not lose writes."""
    stop_proxies(state)
    for name, sign in ((UPSTREAM, signal.SIGTERM), (POSTGRES, signal.SIGINT)):
        if process := state.processes.pop(name, None):
            stop(process, sign)
    state.fingerprint = ""


def proxy_names(options: SandboxOptions) -> list[str]:
    """Return the names of the proxies: `proxy`, `proxy-2`, ..."""
    return [PROXY, *(f"{PROXY}-{number + 2}" for number in range(options.extra_proxies))]


def ledger_url(state: State, options: SandboxOptions) -> str | None:
    """Return where the ledger keeps its entries, or None if the options do not ask for one."""
    if not options.ledger:
        return None
    if chosen := options.env.get(LEDGER_URL):
        return chosen
    return postgres.database_url(state.ports[POSTGRES])


def describe(folder: StateFolder, state: State, options: SandboxOptions, python: Path) -> Sandbox:
    """Return the sandbox that a complete state describes."""
    first, *others = proxy_names(options)
    return Sandbox(
        base_url=proxy_url(state.ports[first]),
        master_key=state.master_key,
        salt_key=state.salt_key,
        database_url=postgres.database_url(state.ports[POSTGRES]),
        proxy_pid=state.processes[first].pid,
        upstream_url=upstream_url(state.ports[UPSTREAM]) if options.upstream else None,
        state_dir=folder.path,
        log=folder.log(first),
        python=python,
        extra_base_urls=tuple(proxy_url(state.ports[name]) for name in others),
        ledger_url=ledger_url(state, options),
        options=options,
    )


def _new_key() -> str:
    return f"sk-{secrets.token_hex(16)}"
