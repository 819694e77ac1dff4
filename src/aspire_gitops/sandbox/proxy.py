"""Start the LiteLLM proxy by its own command line, and wait until it has its database.

The proxy inherits nothing from the caller but `PATH`: what it knows is in
`ProxySetup`. `lifecycle` decides when it starts and stops.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aspire_gitops.sandbox.install import Installation
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, LoopbackClient, loopback_client
from aspire_gitops.sandbox.node import find_node
from aspire_gitops.sandbox.processes import LOOPBACK, Process, spawn, wait_until

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
