"""Whether the controller does its work, decided from its status. Pure."""

from aspire_gitops.reporting import Role, Status


def not_ready(status: Status) -> str | None:
    """Return why the controller is not ready, None when it is.

    A standby is ready: taking over is its work. So is a controller that is
    stalled, which asks for a person and not for a restart.
    """
    if status.role is Role.STANDBY:
        return None
    if not status.turns:
        return "no turn has ended yet"
    if status.journal is None:
        return "the journal cannot be read, so nothing may be applied"
    return None
