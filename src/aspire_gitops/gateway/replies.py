"""The shapes of the admin API's replies that we read, as far as we read them.

pydantic at the border: a reply that does not fit is `GatewayReplyInvalid`. No
message repeats a value of the reply, since it may be a secret.
"""

import math
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aspire_gitops.vocabulary.errors import GatewayReplyInvalid

JsonObject: TypeAlias = dict[str, Any]


class Reply(BaseModel):
    """Unknown fields are LiteLLM's own business; types are not coerced."""

    model_config = ConfigDict(
        extra="ignore",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        ser_json_inf_nan="constants",
    )


def _utc(text: str) -> str:
    # The list ends a timestamp in Z, the single read in +00:00.
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


# A dict field that somebody set to null comes back as null.
Dict: TypeAlias = Annotated[
    JsonObject, BeforeValidator(lambda value: {} if value is None else value)
]
List: TypeAlias = Annotated[list[str], BeforeValidator(lambda value: value or [])]


Number: TypeAlias = int | float


def _amount(value: object) -> float | None:
    # A JSON reader takes NaN and 1e999, and what a client made of spend may be anything.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) else None


# An amount that others count up. What is none is not known, and no reason to read nothing.
Counted: TypeAlias = Annotated[float | None, BeforeValidator(_amount)]

# For people only, so a shape that we do not know is no reason to read nothing.
Told: TypeAlias = Annotated[
    str | None, BeforeValidator(lambda value: value if isinstance(value, str) else None)
]


class ReadinessReply(Reply):
    litellm_version: str | None = None


class CredentialRow(Reply):
    credential_name: str
    credential_values: Dict = Field(default_factory=dict)
    credential_info: Dict = Field(default_factory=dict)
    source: str = "db"


class CredentialListReply(Reply):
    credentials: list[CredentialRow]


class DeploymentRow(Reply):
    model_name: str
    litellm_params: Dict = Field(default_factory=dict)
    model_info: Dict = Field(default_factory=dict)


class DeploymentPageReply(Reply):
    data: list[DeploymentRow]
    total_count: int
    total_pages: int


class DeploymentReply(Reply):
    data: list[JsonObject] = Field(max_length=1)


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


class TeamReply(Reply):
    team_info: JsonObject
    team_memberships: list[JsonObject] = Field(default_factory=list)


class UserReply(Reply):
    user_info: JsonObject


class KeyPageReply(Reply):
    keys: list[KeyRow]
    total_count: int
    total_pages: int


class KeyHashesReply(Reply):
    keys: list[str]
    total_count: int


class KeyReply(Reply):
    key: str
    info: JsonObject


class ModelMetadata(Reply):
    fallbacks: list[str | JsonObject] = Field(default_factory=list)

    @property
    def answers(self) -> tuple[str, ...]:
        """The names that may answer; an entry with parameters of its own counts by its model."""
        return tuple(
            name if isinstance(name, str) else str(name.get("model", "?"))
            for name in self.fallbacks
        )


class ModelRow(Reply):
    id: str
    metadata: ModelMetadata = ModelMetadata()


class ModelListReply(Reply):
    data: list[ModelRow]


ReplyT = TypeVar("ReplyT", bound=Reply)


def parse(shape: type[ReplyT], reply: object) -> ReplyT:
    """Read a decoded JSON reply.

    Raises:
        GatewayReplyInvalid: It has another shape. Names the places, never the values.
    """
    try:
        return shape.model_validate(reply)
    except ValidationError as error:
        problems = [f"{_place(row['loc'])}: {row['msg']}" for row in error.errors()[:3]]
    raise GatewayReplyInvalid(
        f"the gateway's reply is not a {shape.__name__} as LiteLLM 1.106 sends it "
        f"({'; '.join(problems)}); is the URL right, and the gateway's version supported?"
    )


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "the reply"
