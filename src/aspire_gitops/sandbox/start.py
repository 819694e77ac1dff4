"""Bring the programs of one sandbox up, in order, and remember each as it starts.

Works on a state folder that the caller has locked. Whatever started is in the
state at any moment, so that a failure half way can be undone by `stop_all`.
"""

import secrets
import signal
from pathlib import Path

from aspire_gitops.sandbox import postgres
from aspire_gitops.sandbox.cache import Progress
from aspire_gitops.sandbox.install import DEFAULT_CONFIG, Installation
from aspire_gitops.sandbox.ledger import LEDGER_URL, ledger_variables
from aspire_gitops.sandbox.options import Sandbox, SandboxOptions
from aspire_gitops.sandbox.processes import free_port, stop
from aspire_gitops.sandbox.proxy import ProxySetup, proxy_url, spawn_proxy, wait_for_proxy
from aspire_gitops.sandbox.state import POSTGRES, PROXY, UPSTREAM, State, StateFolder
from aspire_gitops.sandbox.upstream.process import start_upstream, upstream_url

MASTER_KEY, SALT_KEY = "LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"


class Starting:
    """One start: the folder and its state, the options, and who wants to hear about it."""

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
            self.progress(f"port {before} is taken meanwhile; {name} moves to {port}")
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
