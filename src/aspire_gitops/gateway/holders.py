"""Read what the teams and users of some keys limit: before a key is adopted, not at each look."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from aspire_gitops.gateway.endpoints import TEAM, USER, Call
from aspire_gitops.gateway.http import AdminApi
from aspire_gitops.gateway.wire.key_facts import team_limits, user_limits
from aspire_gitops.state import Holder, KeyFacts
from aspire_gitops.vocabulary.errors import GatewayRefused, GatewayRejected

_GONE = 404


async def with_holders(
    api: AdminApi, facts: Mapping[str, KeyFacts], addresses: Collection[str]
) -> Mapping[str, KeyFacts]:
    """Return the facts with what limits the keys at `addresses` from above.

    Raises:
        GatewayUnavailable, GatewayReplyInvalid: Nothing is known; try again, or look.
    """
    found = dict(facts)
    for address in sorted(set(addresses) & facts.keys()):
        known = facts[address]
        found[address] = replace(
            known, team=await _team(api, known), user=await _user(api, known.user)
        )
    return found


async def _team(api: AdminApi, facts: KeyFacts) -> Holder | None:
    if facts.team is None:
        return None
    call = Call(TEAM, params={"team_id": facts.team.id, "key_limit": "1"})
    user = facts.user.id if facts.user else None
    try:
        return replace(facts.team, limits=team_limits(await api.get(call), user))
    except (GatewayRefused, GatewayRejected) as error:
        return _not_read(facts.team, call, error)


async def _user(api: AdminApi, user: Holder | None) -> Holder | None:
    if user is None:
        return None
    call = Call(USER, params={"user_id": user.id})
    try:
        return replace(user, limits=user_limits(await api.get(call)))
    except (GatewayRefused, GatewayRejected) as error:
        return _not_read(user, call, error)


def _not_read(holder: Holder, call: Call, error: GatewayRefused | GatewayRejected) -> Holder:
    if isinstance(error, GatewayRejected) and error.status == _GONE:
        if call.endpoint is USER:
            return replace(holder, limits=())  # LiteLLM serves a key whose user it does not know
        return replace(holder, unread="the gateway knows no such team")
    return replace(holder, unread=f"the gateway does not answer {call} for the admin key")
