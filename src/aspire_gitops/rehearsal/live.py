"""Rehearse on a real throw-away gateway: start it, play the script on it, always stop it."""

import secrets as random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from aspire_gitops.delivery import deliveries_in
from aspire_gitops.rehearsal.bookkeeping import Bookkeeper
from aspire_gitops.rehearsal.ledger_books import LedgerBooks
from aspire_gitops.rehearsal.ours import Ours
from aspire_gitops.rehearsal.redirect import Redirected, keys_folder, redirect, secret_reference
from aspire_gitops.rehearsal.report import Rehearsal, Watcher
from aspire_gitops.rehearsal.sandboxed import SandboxStage
from aspire_gitops.rehearsal.script import play
from aspire_gitops.sandbox import SandboxOptions, running
from aspire_gitops.state import Compiled


def rehearse(compiled: Compiled, watcher: Watcher, *, owner: str) -> Rehearsal:
    """Apply `compiled` to a sandbox and prove that the gateway does what the files say.

    Takes about half a minute, and a minute or two the first time, which
    installs LiteLLM. Nothing of it stays but that installation.

    Raises:
        SandboxError: The sandbox could not be started; see its message.
    """
    with staged(compiled, watcher.tells, owner=owner) as (stage, redirected):
        return play(stage, redirected, watcher)


@contextmanager
def staged(
    compiled: Compiled, progress: Callable[[str], None], *, owner: str
) -> Iterator[tuple[SandboxStage, Compiled]]:
    """Start a gateway for `compiled`, and apply nothing.

    Yields the stage, and `compiled` as it is meant for it: every provider a stand-in.

    Raises:
        SandboxError: As `rehearse`.
    """
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="aspire-gitops-rehearsal-"))
        folder = Path(made)
        config = folder / "config.yaml"
        config.write_text(compiled.config_yaml, encoding="utf-8")
        has_ledger = compiled.gateway.has_ledger
        options = SandboxOptions(config=config, upstream=True, ledger=has_ledger)
        sandbox = stack.enter_context(running(options, progress=progress))
        if sandbox.upstream_url is None:
            raise AssertionError("the sandbox was asked for an upstream and has none")
        redirected = redirect(compiled, sandbox.upstream_url, folder, fake_secret)
        _write_secrets(redirected, folder)
        ours = Ours(owner)
        stack.enter_context(ours.listening())
        books = sandbox.ledger_url and stack.enter_context(LedgerBooks(sandbox.ledger_url))
        keeper = Bookkeeper(redirected.compiled, books or None)
        deliveries = deliveries_in(Path(keys_folder(folder)))
        stage = SandboxStage(sandbox, redirected, ours, keeper, deliveries=deliveries)
        yield stage, redirected.compiled


def fake_secret(protocol: str) -> str:
    """Return a secret that no provider knows, of the shape that LiteLLM tells protocols by."""
    # An Anthropic OAuth token travels as a bearer token, an API key in x-api-key.
    shape = "sk-ant-oat01-" if protocol == "anthropic" else "sk-rehearsal-"
    return shape + random.token_hex(24)


def _write_secrets(redirected: Redirected, folder: Path) -> None:
    for key, values in redirected.secrets.items():
        for path, value in values.items():
            place = Path(secret_reference(key, path, folder).locator)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            place.touch(mode=0o600)
            place.write_text(value + "\n", encoding="utf-8")
