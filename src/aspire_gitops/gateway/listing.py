"""Read everything that is on the gateway, complete or not at all."""

from collections.abc import Iterable, Mapping
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
from aspire_gitops.gateway.http import AdminApi, shaped
from aspire_gitops.gateway.pages import read_all_pages, together
from aspire_gitops.gateway.replies import (
    CredentialListReply,
    DeploymentPageReply,
    ModelListReply,
    ReadinessReply,
)
from aspire_gitops.gateway.rows import LiveRow, Page, Parsed, SeenRows
from aspire_gitops.state import GatewayObject, KeyFacts, Kind, LastChange, LiveFallback


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is on the gateway, foreign things too."""

    litellm_version: str | None
    objects: tuple[GatewayObject, ...]
    fallbacks: tuple[LiveFallback, ...]
    changed: Mapping[tuple[Kind, str], LastChange]
    key_facts: Mapping[str, KeyFacts]


async def read_everything(api: AdminApi, seen: SeenRows) -> Everything:
    """Read all kinds at once. Any failure is the failure of the whole."""
    with seen.reading():
        version, credentials, deployments, keys, *fallbacks = await together(
            _version(api),
            _credentials(api, seen),
            read_all_pages(partial(_deployment_page, api, seen), size=DEPLOYMENT_PAGE),
            read_all_pages(partial(read_key_page, api, seen), size=KEY_PAGE),
            *(_fallbacks(api, kind) for kind in FALLBACK_KINDS),
        )
    rows = (*credentials, *deployments, *keys)
    return Everything(
        litellm_version=version,
        objects=tuple(row.item for row in rows),
        fallbacks=tuple(sorted(row for rows in fallbacks for row in rows)),
        changed=_changed(rows),
        key_facts={row.item.address: row.facts for row in keys if row.facts and row.item.address},
    )


def _changed(rows: Iterable[LiveRow]) -> Mapping[tuple[Kind, str], LastChange]:
    return {
        (row.item.key.kind, row.item.address): row.changed
        for row in rows
        if row.changed and row.item.address
    }


async def _version(api: AdminApi) -> str | None:
    return (await api.read(Call(READINESS_DETAILS), ReadinessReply)).litellm_version


async def _credentials(api: AdminApi, seen: SeenRows) -> tuple[LiveRow, ...]:
    call = Call(CREDENTIALS)

    def parsed(body: bytes) -> Parsed:
        rows = shaped(call, CredentialListReply, body).credentials
        return rows, len(rows)

    return seen.page(Kind.CREDENTIAL, await api.body(call), parsed).rows


async def _deployment_page(api: AdminApi, seen: SeenRows, number: int) -> Page:
    # An update moves a deployment to the end of the router's list; by name it stays put.
    params = {"page": str(number), "size": str(DEPLOYMENT_PAGE), "sortBy": "model_name"}
    call = Call(DEPLOYMENTS, params=params)

    def parsed(body: bytes) -> Parsed:
        reply = shaped(call, DeploymentPageReply, body)
        return reply.data, reply.total_count

    return seen.page(Kind.DEPLOYMENT, await api.body(call), parsed)


async def _fallbacks(api: AdminApi, kind: str) -> tuple[LiveFallback, ...]:
    params = {"include_metadata": "true", "scope": "expand", "fallback_type": kind}
    reply = await api.read(Call(FALLBACKS, params=params), ModelListReply)
    return tuple(
        LiveFallback(row.id, kind, row.metadata.answers)
        for row in reply.data
        if row.metadata.answers
    )
