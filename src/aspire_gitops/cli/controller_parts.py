"""Build the controller's parts from its settings, and report early what cannot work."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from aspire_gitops.cli.options import now
from aspire_gitops.controller.memory import Journal, World
from aspire_gitops.controller.notifier import Publish
from aspire_gitops.controller.pace import Pace
from aspire_gitops.controller.spending import Spending
from aspire_gitops.controller.witness import Witness
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.forge import GithubStatuses, repository_of
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.gateway.http import Observer
from aspire_gitops.gateway.identity import Identities
from aspire_gitops.journal import open_journal
from aspire_gitops.journal.locking import FileLock, WriterLock
from aspire_gitops.journal.opening import LazyJournal
from aspire_gitops.notify import Receiver, SlackReceiver, WebhookReceiver
from aspire_gitops.probing import probe_key
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.settings import (
    PREFIX,
    ControllerSettings,
    own_files,
    read_admin_key,
    read_delivery_secret,
    read_probe_key,
    read_secret,
)
from aspire_gitops.sources import DirectorySource
from aspire_gitops.sources.git import Credentials, RemoteSource, SshKey, Token, TokenFile
from aspire_gitops.sources.git.publish import publish_file
from aspire_gitops.sources.git.signatures import Signers
from aspire_gitops.status.value import Notice
from aspire_gitops.vocabulary import ControlledSource, NotificationFailed, UsageError


def source_of(
    settings: ControllerSettings, folder: Path, tell: Callable[[str], None]
) -> ControlledSource:
    """Return the remote's branch, or without one the folder."""
    if settings.repository is None:
        return DirectorySource(folder)
    signers = None
    if settings.allowed_signers_file or settings.allowed_gpg_keys_file:
        signers = Signers(settings.allowed_signers_file, settings.allowed_gpg_keys_file)
    return RemoteSource(
        settings.repository,
        branch=settings.branch,
        folder=settings.folder,
        clone=settings.state_dir / "clone",
        credentials=credentials_of(settings),
        signers=signers,
        tell=tell,
    )


def credentials_of(settings: ControllerSettings) -> Credentials | None:
    """Return the credentials for the git remote."""
    if settings.git_ssh_key_file:
        return SshKey(settings.git_ssh_key_file, settings.git_known_hosts_file or _known_hosts())
    if settings.git_token_file:
        return TokenFile(settings.git_token_file)
    return Token(settings.git_token) if settings.git_token else None


def _known_hosts() -> Path:
    try:
        return Path.home() / ".ssh" / "known_hosts"
    except RuntimeError:
        raise UsageError(
            "this user has no home folder, so there is no known_hosts file",
            help=f"set {PREFIX}GIT_KNOWN_HOSTS_FILE",
        ) from None


def gateway_of(settings: ControllerSettings, observer: Observer | None = None) -> GatewayClient:
    """Return the client, which remembers what it read so that an unchanged gateway is cheap.

    Raises:
        UsageError: The gateway's address or the admin key is not set.
        SecretMissing: The admin key's file cannot be read.
    """
    if settings.gateway_url is None:
        raise UsageError(
            "the gateway's address is not set",
            help=f"set {PREFIX}GATEWAY_URL to the address that the controller can reach",
        )
    return GatewayClient(
        settings.gateway_url,
        read_admin_key(settings),
        observer=observer,
        own_key=read_probe_key(settings),
    )


def world_of(
    settings: ControllerSettings,
    source: ControlledSource,
    gateway: GatewayClient,
    journal: LazyJournal,
    why_not_write: Callable[[], str | None],
) -> World:
    """Return everything outside that a turn touches."""
    own = own_files(settings)
    return World(
        source=source,
        gateway=gateway,
        journal=journal,
        deliveries=deliveries_in(
            settings.delivery_root, own, partial(read_delivery_secret, settings)
        ),
        own=own,
        owner=settings.owner,
        clock=now,
        jitter=random.random,
        why_not_write=why_not_write,
    )


def pace_of(settings: ControllerSettings) -> Pace:
    """Return the intervals and the patience that the settings ask for."""
    return Pace(
        settings.interval_s,
        settings.slow_interval_s,
        patience_s=settings.patience_s,
        down_notice_s=settings.down_notice_s,
    )


def lazy_journal(settings: ControllerSettings) -> LazyJournal:
    """Return the journal, not opened yet."""
    return LazyJournal(partial(open_journal, database_url(settings), settings.state_dir))


def database_url(settings: ControllerSettings) -> str | None:
    """Return where the shared journal and lock are, None for the state folder."""
    url = read_secret(settings, "database_url")
    return url.get_secret_value() if url else None


def writer_lock(settings: ControllerSettings, folder_lock: FileLock) -> WriterLock:
    """Return the lock that says who may write: the shared one, where there is a database."""
    url = database_url(settings)
    if url is None:
        return folder_lock
    from aspire_gitops.journal.advisory_lock import AdvisoryLock  # noqa: PLC0415 (nine megabytes)

    return AdvisoryLock(url, f"writer of {settings.gateway_url}")


@asynccontextmanager
async def spending_of(
    settings: ControllerSettings, journal: Journal, announce: Callable[[Notice], None]
) -> AsyncIterator[Spending | None]:
    """Yield what reads the ledger, None where none is set; give its connections back at the end."""
    url = read_secret(settings, "ledger_url")
    if url is None:
        yield None
        return
    from aspire_gitops.ledger_reading import LedgerReading  # noqa: PLC0415 (who has no ledger pays nothing)

    async with LedgerReading(url) as ledger:
        yield Spending(ledger, journal, now, announce, settings.owner, ledger)


def witness_of(settings: ControllerSettings, spending: Spending | None) -> Witness:
    """Return what asks the gateway's processes what they run, by the ledger that `spending` reads."""
    key = read_probe_key(settings) or probe_key(read_admin_key(settings))
    asker = Identities(settings.gateway_url or "", key)
    if spending is None:
        return Witness(asker, None)
    from aspire_gitops.ledger_reading import LedgerReading  # noqa: PLC0415 (as above)

    return Witness(asker, spending.ledger if isinstance(spending.ledger, LedgerReading) else None)


def receivers_of(settings: ControllerSettings) -> Sequence[Receiver]:
    """Return the receivers of notices."""
    found: list[Receiver] = []
    if token := read_secret(settings, "github_token"):
        found.append(_github(settings, token))
    if url := read_secret(settings, "notify_url"):
        found.append(
            WebhookReceiver(
                url, secret=read_secret(settings, "notify_secret"), topics=settings.notify_topics
            )
        )
    if url := read_secret(settings, "slack_url"):
        found.append(
            SlackReceiver(url, topics=settings.slack_topics, status_page=settings.public_url)
        )
    return found


def places_of(settings: ControllerSettings) -> Sequence[Publish]:
    """Return where the live snapshot is published."""
    places: list[Publish] = []
    if settings.publish_file:
        places.append(partial(_write, settings.publish_file))
    if settings.publish_branch:
        places.append(partial(_push, settings, settings.publish_branch))
    return places


def server_options(settings: ControllerSettings) -> ServerOptions:
    """Return how the server is run."""
    token = read_secret(settings, "status_token")
    secret = read_secret(settings, "webhook_secret")
    return ServerOptions(
        state_dir=settings.state_dir,
        listen=settings.listen,
        token=token.get_secret_value() if token else None,
        webhook_secret=secret.get_secret_value() if secret else None,
        branch=settings.branch,
        public_url=settings.public_url,
    )


def _github(settings: ControllerSettings, token: SecretStr) -> GithubStatuses:
    repository = repository_of(settings.repository or "")
    if repository is None:
        raise UsageError(
            f"{PREFIX}GITHUB_TOKEN is set, but {PREFIX}REPOSITORY is not on GitHub",
            help="unset the token",
        )
    return GithubStatuses(
        repository,
        token,
        api_url=settings.github_api_url or repository.api_url,
        status_page=settings.public_url,
    )


def _write(path: Path, content: bytes, _message: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise NotificationFailed(f"{path} cannot be written: {error.strerror}") from error


def _push(settings: ControllerSettings, branch: str, content: bytes, message: str) -> None:
    if settings.repository is None:
        raise NotificationFailed(
            "publishing to a branch needs a repository",
            help="set ASPIRE_GITOPS_REPOSITORY",
            permanent=True,
        )
    publish_file(
        settings.repository,
        clone=settings.state_dir / "published",
        content=content,
        message=message,
        branch=branch,
        credentials=credentials_of(settings),
    )
