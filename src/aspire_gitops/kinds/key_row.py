"""A key's row as LiteLLM shows it: what it counts, and what may stop the key beside our fields. Pure.

Team and user rows are judged by a list of what is harmless: whatever else is set
there counts as a limit, so that a release that learns a new one is not overlooked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from aspire_gitops.kinds.base import Endpoint
from aspire_gitops.kinds.wire import (
    AddressesReply,
    Counted,
    Dict,
    JsonObject,
    List,
    Number,
    PageReply,
    Reply,
    Told,
    parse,
    told,
)
from aspire_gitops.state import Holder, KeyFacts, is_unset


def _utc(text: str) -> str:
    # The list ends a timestamp in Z, the single read in +00:00.
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


class BudgetRow(Reply):
    soft_budget: Number | None = None


class KeyRow(Reply):
    token: str | None = None
    key_alias: str | None = None
    key_name: str | None = None
    max_budget: Number | None = None
    budget_duration: str | None = None
    rpm_limit: Number | None = None
    tpm_limit: Number | None = None
    max_parallel_requests: Number | None = None
    models: List = Field(default_factory=list)
    allowed_routes: List = Field(default_factory=list)
    aliases: Dict = Field(default_factory=dict)
    router_settings: Dict = Field(default_factory=dict)
    budget_fallbacks: Dict = Field(default_factory=dict)
    permissions: Dict = Field(default_factory=dict)
    config: Dict = Field(default_factory=dict)
    metadata: Dict = Field(default_factory=dict)
    blocked: bool | None = None
    expires: Annotated[str, AfterValidator(_utc)] | None = None
    budget_id: str | None = None
    team_id: str | None = None
    soft_budget: Number | None = None
    litellm_budget_table: BudgetRow | None = None
    status: str | None = None
    created_at: Told = None
    created_by: Told = None
    settings_updated_at: Told = None
    # What stands outside of the object: LiteLLM's counting, and whose the key is.
    spend: Counted = None
    budget_reset_at: Told = None
    user_id: Told = None
    org_id: Told = None  # in the list
    organization_id: Told = None  # in a single read
    project_id: Told = None
    agent_id: Told = None
    object_permission_id: Told = None
    budget_limits: Any = None
    model_max_budget: Any = None
    tpd_limit: Any = None
    policies: Any = None
    access_group_ids: Any = None
    allowed_cache_controls: Any = None
    auto_rotate: Any = None


class KeyPageReply(PageReply):
    keys: list[KeyRow]
    total_count: int
    total_pages: int

    @property
    def rows(self) -> Sequence[KeyRow]:
        return self.keys

    @property
    def total(self) -> int:
        return self.total_count


class KeyHashesReply(AddressesReply):
    keys: list[str]
    total_count: int

    @property
    def addresses(self) -> Sequence[str]:
        return self.keys

    @property
    def total(self) -> int:
        return self.total_count


class KeyReply(Reply):
    key: str
    info: JsonObject


class TeamReply(Reply):
    team_info: JsonObject
    team_memberships: list[JsonObject] = Field(default_factory=list)


class UserReply(Reply):
    user_info: JsonObject


# What a key that is to be adopted belongs to. Asked for those keys alone: the reply
# about a user holds all of the user's keys and teams.
TEAM = Endpoint("GET", "/team/info")
USER = Endpoint("GET", "/user/info")

_LIMITS: Final = (
    *("budget_limits", "model_max_budget", "tpd_limit", "project_id", "agent_id"),
    *("object_permission_id", "policies", "access_group_ids", "allowed_cache_controls"),
    "auto_rotate",
)
_WHOSE: Final = ("org_id", "organization_id", "user_id")
COUNTED: Final = frozenset({"spend", "budget_reset_at", *_LIMITS, *_WHOSE})
"""The parts of a key's row that are in no object; they say nothing of what we manage."""

# What LiteLLM keeps in the metadata of a key, a team or a user, and acts on.
_IN_METADATA: Final = frozenset(
    {"model_rpm_limit", "model_tpm_limit", "rpm_limit_type", "tpm_limit_type", "mcp_rpm_limit"}
    | {"tag_rpm_limit", "guardrails", "policies", "tags", "enforced_params", "prompts", "logging"}
    | {"throttle_on_budget_exceeded", "temp_budget_increase", "temp_budget_expiry"}
    | {"allowed_passthrough_routes", "denied_passthrough_routes", "team_member_budget_id"}
    | {"default_estimated_output_tokens", "default_estimated_output_tokens_per_model"}
    | {"model_itpm_limit", "model_otpm_limit", "end_user_budget_id"}
)
_HARMLESS: Final = frozenset(
    {"created_at", "updated_at", "spend", "model_spend", "soft_budget", "metadata"}
    # A period alone limits nothing.
    | {"budget_duration", "budget_reset_at", "model_max_budget_usage"}
)
_HARMLESS_TEAM: Final = _HARMLESS | {
    *("team_id", "team_alias", "admins", "members", "members_with_roles"),
    *("team_member_permissions", "caller_edit_access", "allow_team_guardrail_config"),
}
_HARMLESS_USER: Final = _HARMLESS | {
    *("user_id", "user_alias", "user_email", "sso_user_id", "user_role", "teams", "team_id"),
    *("password", "password_reset_required", "last_breach_check_at", "verified_subjects"),
    *("invitations_created", "invitations_updated", "invitations_user"),
}
_ROLES_THAT_CALL: Final = frozenset({None, "", "internal_user", "proxy_admin"})
_EVERY_MODEL: Final = "all-proxy-models"


def facts_of(row: object) -> KeyFacts:
    """Read what LiteLLM counts out of a row. Raises GatewayReplyInvalid."""
    found = parse(KeyRow, row)
    period = told(by=None, at=found.budget_reset_at)
    budget = found.max_budget
    return KeyFacts(
        spend=found.spend,
        max_budget=float(budget) if budget is not None else None,
        resets_at=period.at if period else None,
        blocked=found.blocked is True,
        expires=found.expires,
        limits=tuple(_limits_of_its_own(found)),
        team=Holder(found.team_id) if found.team_id else None,
        user=Holder(found.user_id) if found.user_id else None,
    )


def team_limits(reply: object, user: str | None) -> tuple[str, ...]:
    """Return what is set on a team, and on the membership of `user`. Raises GatewayReplyInvalid."""
    found = parse(TeamReply, reply)
    limits = [*_set(found.team_info, _HARMLESS_TEAM)]
    if any(
        row.get("user_id") == user and row.get("litellm_budget_table")
        for row in found.team_memberships
        if user is not None
    ):
        limits.append("team_member_budget")
    return tuple(limits)


def user_limits(reply: object) -> tuple[str, ...]:
    """Return what is set on a user. Raises GatewayReplyInvalid."""
    row = parse(UserReply, reply).user_info
    role = row.get("user_role")
    others = () if role in _ROLES_THAT_CALL else ("user_role",)
    return (*_set(row, _HARMLESS_USER), *others)


def _limits_of_its_own(row: KeyRow) -> Iterator[str]:
    values = {name: getattr(row, name) for name in _LIMITS}
    yield from sorted(name for name, value in values.items() if not is_unset(value))
    if row.org_id or row.organization_id:
        yield "organization_id"
    yield from _in_metadata(row.metadata)


def _set(row: Mapping[str, Any], harmless: frozenset[str]) -> Iterable[str]:
    found = {
        name
        for name, value in row.items()
        if name not in harmless and not is_unset(value) and not _is_every_model(name, value)
    }
    metadata = row.get("metadata")
    inner = _in_metadata(metadata) if isinstance(metadata, Mapping) else ()
    return (*sorted(found), *inner)


def _in_metadata(metadata: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(_IN_METADATA & metadata.keys()):
        if not is_unset(metadata[name]):
            yield f"metadata.{name}"


def _is_every_model(name: str, value: object) -> bool:
    return name == "models" and isinstance(value, list) and _EVERY_MODEL in value
