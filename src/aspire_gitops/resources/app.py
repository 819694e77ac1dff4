"""`kind: App`: a consumer of the gateway, its budget and its keys."""

from typing import Annotated, Literal

from pydantic import Field

from aspire_gitops.resources.base import (
    FilePath,
    Owner,
    ResourceName,
    ResourceSpec,
    Sentence,
    Spec,
    WholeNumber,
)


class AppLimitsSpec(Spec):
    """What each key of the app may do at once. LiteLLM refuses what is above with 429."""

    requests_per_minute: WholeNumber | None = Field(
        default=None, gt=0, le=1_000_000, description="Calls a minute."
    )
    tokens_per_minute: WholeNumber | None = Field(
        default=None, gt=0, le=1_000_000_000, description="Tokens a minute."
    )
    parallel_requests: WholeNumber | None = Field(
        default=None, gt=0, le=100_000, description="Calls at the same time."
    )


class DeliverSpec(Spec):
    """Where the key's value is handed over. It is in no other place that we know."""

    file: FilePath = Field(
        description="Absolute path of a file on the controller's host, written with mode 0600.",
        examples=["/var/lib/aspire-gitops/keys/agents/default"],
    )


class KeySpec(Spec):
    """One virtual key of an app."""

    name: ResourceName = Field(description="Name of the key within the app.")
    key_alias: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ /-]{0,99}$")] | None = Field(
        default=None,
        description="The key's alias on the gateway. Without it: `<app>.<key>`.",
    )
    deliver: DeliverSpec | None = Field(
        default=None,
        description="Where a new key's value goes. Required unless the key is adopted.",
    )
    adopt: bool = Field(
        default=False,
        description="Take over a key of this alias that somebody made by hand. Its value stays as it is.",
    )


class AppSpec(ResourceSpec):
    """A consumer of the gateway. It may call the listed aliases until its budget is spent."""

    kind: Literal["App"] = Field(description="The kind of this resource.")
    owner: Owner = Field(description="Who answers for the app, as an e-mail address.")
    aliases: tuple[ResourceName, ...] = Field(
        min_length=1,
        strict=False,
        json_schema_extra={"uniqueItems": True},
        description="The aliases that the app may call. An empty list would mean all of them to LiteLLM.",
    )
    budget: ResourceName = Field(description="Name of a declared budget.")
    limits: AppLimitsSpec | None = Field(default=None, description="Limits of each key of the app.")
    keys: tuple[KeySpec, ...] = Field(
        min_length=1, strict=False, description="The app's keys; most apps have one."
    )
    description: Sentence | None = Field(default=None, description="What the app is.")
