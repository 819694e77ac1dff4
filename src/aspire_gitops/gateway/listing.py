"""Read everything that is on the gateway, complete or not at all."""

from dataclasses import dataclass
from functools import partial

from aspire_gitops.gateway.bad_rows import read_key_page
from aspire_gitops.gateway.endpoints import (
    CREDENTIALS,
    DEPLOYMENT_PAGE,
    DEPLOYMENTS,
    FALLBACK_KINDS,
    FALLBACKS,
    KEY_PAGE,
    READINESS_DETAILS,
    Call,
)
from aspire_gitops.gateway.http import AdminApi
from aspire_gitops.gateway.pages import Page, read_all_pages, together
from aspire_gitops.gateway.replies import (
    CredentialListReply,
    DeploymentPageReply,
    ModelListReply,
    ReadinessReply,
    parse,
)
from aspire_gitops.gateway.wire import WIRES
from aspire_gitops.state import GatewayObject, Kind, LiveFallback


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is on the gateway, foreign things too."""

    litellm_version: str | None
    objects: tuple[GatewayObject, ...]
    fallbacks: tuple[LiveFallback, ...]


async def read_everything(api: AdminApi) -> Everything:
    """Read all kinds at once. Any failure is the failure of the whole."""
    version, credentials, deployments, keys, *fallbacks = await together(
        _version(api),
        _credentials(api),
        read_all_pages(partial(_deployment_page, api), size=DEPLOYMENT_PAGE),
        read_all_pages(partial(read_key_page, api), size=KEY_PAGE),
        *(_fallbacks(api, kind) for kind in FALLBACK_KINDS),
    )
    return Everything(
        litellm_version=version,
        objects=(*credentials, *deployments, *keys),
        fallbacks=tuple(sorted(row for rows in fallbacks for row in rows)),
    )


async def _version(api: AdminApi) -> str | None:
    return parse(ReadinessReply, await api.get(Call(READINESS_DETAILS))).litellm_version


async def _credentials(api: AdminApi) -> tuple[GatewayObject, ...]:
    reply = parse(CredentialListReply, await api.get(Call(CREDENTIALS)))
    return tuple(map(WIRES[Kind.CREDENTIAL].live, reply.credentials))


async def _deployment_page(api: AdminApi, number: int) -> Page:
    # An update moves a deployment to the end of the router's list; by name it stays put.
    params = {"page": str(number), "size": str(DEPLOYMENT_PAGE), "sortBy": "model_name"}
    reply = parse(DeploymentPageReply, await api.get(Call(DEPLOYMENTS, params=params)))
    return Page(tuple(map(WIRES[Kind.DEPLOYMENT].live, reply.data)), reply.total_count)


async def _fallbacks(api: AdminApi, kind: str) -> tuple[LiveFallback, ...]:
    params = {"include_metadata": "true", "scope": "expand", "fallback_type": kind}
    reply = parse(ModelListReply, await api.get(Call(FALLBACKS, params=params)))
    return tuple(
        LiveFallback(row.id, kind, row.metadata.answers)
        for row in reply.data
        if row.metadata.answers
    )
