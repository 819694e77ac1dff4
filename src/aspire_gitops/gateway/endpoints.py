"""The admin API as a table: paths, methods, page sizes. Facts: verified against LiteLLM 1.106.2.

Values only. `wire` fills bodies in, `http` sends, `client` decides the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from aspire_gitops.state import Kind
from aspire_ledger.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of the admin API. `path` is a template: `/credentials/{name}`."""

    method: str
    path: str

    def at(self, values: Mapping[str, str]) -> str:
        """Return the path with `values` filled in, escaped so that a slash stays inside its part."""
        return self.path.format(**{name: quote(value, safe="") for name, value in values.items()})


@dataclass(frozen=True, slots=True)
class Call:
    """One request: where to, and what to send. `gone` are the statuses that say "no such object"."""

    endpoint: Endpoint
    values: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, JsonValue] | None = None
    gone: frozenset[int] = frozenset()

    @property
    def is_write(self) -> bool:
        return self.endpoint.method != "GET"

    def __str__(self) -> str:
        return f"{self.endpoint.method} {self.endpoint.path}"


READINESS = Endpoint("GET", "/health/readiness")  # answers without a key
READINESS_DETAILS = Endpoint("GET", "/health/readiness/details")
CREDENTIALS = Endpoint("GET", "/credentials")
# Not /v1/model/info, though it is three times cheaper: it hides, with a 200, every
# deployment that is not on the admin key's own model list, and pruning trusts the list.
DEPLOYMENTS = Endpoint("GET", "/v2/model/info")
KEYS = Endpoint("GET", "/key/list")
# Reads the fallbacks in force, all aliases in one call. It leaves out an alias whose
# deployments are all blocked; a call to such an alias is refused and never falls back.
FALLBACKS = Endpoint("GET", "/v1/models")
FALLBACK_KINDS = ("general", "context_window", "content_policy")

CREATE_CREDENTIAL = Endpoint("POST", "/credentials")
UPDATE_CREDENTIAL = Endpoint("PATCH", "/credentials/{name}")
DELETE_CREDENTIAL = Endpoint("DELETE", "/credentials/{name}")
CREATE_DEPLOYMENT = Endpoint("POST", "/model/new")
UPDATE_DEPLOYMENT = Endpoint(
    "PATCH", "/model/{id}/update"
)  # not POST /model/update: it drops fields
DELETE_DEPLOYMENT = Endpoint("POST", "/model/delete")
CREATE_KEY = Endpoint("POST", "/key/generate")
UPDATE_KEY = Endpoint("POST", "/key/update")
BLOCK_KEY = Endpoint("POST", "/key/block")
DELETE_KEY = Endpoint("POST", "/key/delete")
RESET_SPEND = Endpoint("POST", "/key/{hash}/reset_spend")
# What a key that is to be adopted belongs to. Asked for those keys alone: the reply
# about a user holds all of the user's keys and teams.
TEAM = Endpoint("GET", "/team/info")
USER = Endpoint("GET", "/user/info")

DEPLOYMENT_PAGE = 500  # no upper bound at the gateway; about 7.5 KB each
KEY_PAGE = 100  # 422 above


@dataclass(frozen=True, slots=True)
class KindEndpoints:
    """How objects of one kind are read and written, one at a time.

    `update_replaces`: an update replaces a whole mapping that other people may
    keep things in, so it must start from a fresh read. `create_leaves_row`: a
    create answered with 500 may leave a row that no list shows and that keeps
    its address taken.
    """

    read: Endpoint
    read_by: str  # the parameter that takes the address
    in_path: bool
    absent: frozenset[int]
    update_replaces: bool
    create_leaves_row: bool

    def reading(self, address: str) -> Call:
        named = {self.read_by: address}
        if self.in_path:
            return Call(self.read, values=named, gone=self.absent)
        return Call(self.read, params=named, gone=self.absent)


ENDPOINTS: Mapping[Kind, KindEndpoints] = {
    Kind.CREDENTIAL: KindEndpoints(
        read=Endpoint("GET", "/credentials/by_name/{name}"),
        read_by="name",
        in_path=True,
        absent=frozenset({404}),
        update_replaces=True,
        create_leaves_row=False,
    ),
    # Here /v1 is right: it reads the router, what is being served; /v2 with an id would
    # also find a row in the database that is not.
    Kind.DEPLOYMENT: KindEndpoints(
        read=Endpoint("GET", "/v1/model/info"),
        read_by="litellm_model_id",
        in_path=False,
        absent=frozenset({400}),
        update_replaces=False,
        create_leaves_row=True,
    ),
    Kind.KEY: KindEndpoints(
        read=Endpoint("GET", "/key/info"),
        read_by="key",
        in_path=False,
        absent=frozenset({404}),
        update_replaces=True,
        create_leaves_row=False,
    ),
}
