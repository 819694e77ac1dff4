"""What the outbox knows of somebody who is told: a name, what they want, how to tell them."""

from typing import Protocol

from aspire_gitops.reporting import Notice, Topic

ALL_BUT_PENDING = frozenset(Topic) - {Topic.PENDING}


class Receiver(Protocol):
    """Somebody who is told. `name` is unique among the receivers, and holds no secret."""

    @property
    def name(self) -> str: ...

    def wants(self, notice: Notice) -> bool:
        """Return whether this notice is for them. Asked once, when it is put into the outbox."""
        ...

    def subject(self, notice: Notice) -> str | None:
        """Return what the notice is the state of; a newer one of the same replaces it unsaid.

        None for news: each of them is told.
        """
        ...

    async def tell(self, notice: Notice) -> None:
        """Hand the notice over. Hearing the same one twice must do no harm.

        Raises:
            TellingFailed: `permanent` when the same notice can never be handed over.
        """
        ...
