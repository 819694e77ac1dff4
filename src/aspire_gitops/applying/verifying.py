"""Tell whether what was read back is what was written."""

from collections.abc import Iterator

from aspire_gitops.planning.diff import same
from aspire_gitops.state import GatewayObject


def unmet(wanted: GatewayObject, live: GatewayObject | None, unset: frozenset[str]) -> list[str]:
    """Return what does not hold, in words; empty when the write is proved.

    Args:
        wanted: The object to be, mark included.
        live: What was read back, None if nothing was found.
        unset: Paths that the change must have cleared.
    """
    if live is None:
        return ["it is not there"]
    return list(_differences(wanted, live, unset))


def _differences(
    wanted: GatewayObject, live: GatewayObject, unset: frozenset[str]
) -> Iterator[str]:
    if wanted.handle != live.handle:
        yield f'it is called "{live.handle}"'
    for path, value in wanted.fields.items():
        if not same(live.fields.get(path), value):
            yield f"{path} is not what was written"
    for path in sorted(unset & live.fields.keys()):
        yield f"{path} is still set"
    if wanted.mark and (live.mark is None or live.mark.digest != wanted.mark.digest):
        yield "it does not carry our mark"
