"""Options of a sandbox, and the running sandbox: two frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aspire_gitops.sandbox.cache import digest
from aspire_gitops.sandbox.install import LITELLM_VERSION
from aspire_gitops.sandbox.ledger import LEDGER_URL
from aspire_gitops.vocabulary import SandboxStartFailed


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox should be made.

    Attributes:
        config: LiteLLM's config file, used in place so that callbacks beside it are found;
            without one, a config that has no models.
        env: Variables for the proxy, such as provider keys. It inherits nothing but `PATH`.
            `LITELLM_MASTER_KEY` and `LITELLM_SALT_KEY` may be set here; else they are random.
        upstream: Also start the stand-in provider; the proxy gets its `UPSTREAM_BASE_URL`.
        extra_proxies: So many more proxies on the same database, with the same keys.
        ledger: Let the config load the spend ledger, on the sandbox's PostgreSQL.
            `ASPIRE_LEDGER_URL` in `env` names another database.
    """

    config: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    upstream: bool = False
    extra_proxies: int = 0
    ledger: bool = False

    def __post_init__(self) -> None:
        if self.extra_proxies < 0:
            raise ValueError("extra_proxies counts proxies: zero or more")

    def fingerprint(self) -> str:
        """Return a digest that tells whether a running sandbox was made with the same options.

        Raises:
            SandboxStartFailed: The config file cannot be read.
        """
        env = sorted(self.env.items())
        return digest(
            self._config_text(),
            env,
            self.upstream,
            self.extra_proxies,
            self.ledger,
            LITELLM_VERSION,
        )

    def _config_text(self) -> str:
        if self.config is None:
            return ""
        try:
            return f"{self.config.resolve()}\n{self.config.read_text()}"
        except (OSError, UnicodeDecodeError) as error:
            raise SandboxStartFailed(
                f"the config file {self.config} cannot be read ({error})",
                help="choose a config file that LiteLLM can read",
            ) from error


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: how to reach it. Its keys are real only there, and never in its repr.

    Attributes:
        base_url: The proxy, without `/v1`.
        database_url: For looking behind the API, for instance with `psql`.
        proxy_pid: The process of the first proxy.
        upstream_url: The stand-in provider, without `/<provider>/v1`; None if not asked for.
        log: What the first proxy wrote.
        python: The interpreter that has LiteLLM and its database client.
        extra_base_urls: The extra proxies, in order.
        ledger_url: The ledger's store; None if not asked for.
        options: What it was made with; a restart uses them again.
    """

    base_url: str
    master_key: str = field(repr=False)
    salt_key: str = field(repr=False)
    database_url: str
    proxy_pid: int
    upstream_url: str | None
    state_dir: Path
    log: Path
    python: Path
    extra_base_urls: tuple[str, ...] = ()
    ledger_url: str | None = None
    options: SandboxOptions = field(default_factory=SandboxOptions, repr=False)

    def variables(self) -> dict[str, str]:
        """Return what a command needs to use this sandbox, by the names that programs read."""
        found = {
            "LITELLM_BASE_URL": self.base_url,
            "LITELLM_MASTER_KEY": self.master_key,
            "LITELLM_SALT_KEY": self.salt_key,
            "LITELLM_DATABASE_URL": self.database_url,
            "LITELLM_PID": str(self.proxy_pid),
            "ASPIRE_GITOPS_GATEWAY_URL": self.base_url,
            "ASPIRE_GITOPS_ADMIN_KEY": self.master_key,
            "ASPIRE_GITOPS_SANDBOX_STATE": str(self.state_dir),
        }
        if self.upstream_url is not None:
            found["UPSTREAM_BASE_URL"] = self.upstream_url
        if self.ledger_url is not None:
            found |= {LEDGER_URL: self.ledger_url, "ASPIRE_GITOPS_LEDGER_URL": self.ledger_url}
        return found
