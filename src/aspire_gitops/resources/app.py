"""What an app may call, what it may spend, and where its keys go: `kind: App`, `Budget` and `Delivery`."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, create_model

from aspire_gitops.delivery.base import DeliveryMethod, DeliveryTarget
from aspire_gitops.delivery.registry import METHODS
from aspire_gitops.resources.alias import Capability, Dimensions, Tokens
from aspire_gitops.vocabulary.spec import (
    Amount,
    Day,
    FilePath,
    OrAbsent,
    Owner,
    RequestsPerMinute,
    ResourceName,
    ResourceSpec,
    Sentence,
    Spec,
    TokensPerMinute,
    Unique,
    Whole,
    in_words,
)

AliasName = ResourceName
KeyAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._ /-]{0,99}$",
        examples=["agents/default"],
        json_schema_extra=in_words(
            "up to 100 letters, digits, spaces, dots, dashes, underscores and slashes, "
            "with a letter or digit first"
        ),
    ),
]
ParallelRequests = Annotated[int, Field(ge=1, le=100_000), Whole]

Percent = Annotated[int, Field(ge=1, le=100), Whole]


class AppLimitsSpec(Spec):
    """Limits of each key of the app. LiteLLM refuses calls above them with 429."""

    requests_per_minute: OrAbsent[RequestsPerMinute] = Field(
        default=None, description="Calls per minute."
    )
    tokens_per_minute: OrAbsent[TokensPerMinute] = Field(
        default=None, description="Tokens per minute."
    )
    parallel_requests: OrAbsent[ParallelRequests] = Field(
        default=None, description="Concurrent calls."
    )


class NeedSpec(Spec):
    """What an app relies on when it calls an alias, whatever model is behind it."""

    capabilities: Unique[Capability] = Field(
        default=(), description="Capabilities that the app uses."
    )
    context_window_tokens: OrAbsent[Tokens] = Field(
        default=None, description="Tokens in the app's longest call."
    )
    max_output_tokens: OrAbsent[Tokens] = Field(
        default=None, description="Tokens in the app's longest answer."
    )
    embedding_dimensions: OrAbsent[Dimensions] = Field(
        default=None, description="Length of the vectors that the app has stored."
    )


class DeliverSpec(Spec):
    """The long form of `deliver: file`. Another path is a Delivery, which the platform reviews."""

    file: FilePath = Field(
        description="`/var/lib/aspire-gitops/keys/<app>/<key>` and nothing else.",
        examples=["/var/lib/aspire-gitops/keys/agents/default"],
    )


class AdoptSpec(Spec):
    """How a key that was made by hand is taken over."""

    reset_spend: bool = Field(
        description="Set LiteLLM's own spend of the key to what the ledger has for it this month. "
        "A key that spent more than its new cap is refused without it.",
    )


class KeySpec(Spec):
    """One virtual key of an app."""

    name: ResourceName = Field(description="Name of the key within the app.")
    key_alias: OrAbsent[KeyAlias] = Field(
        default=None,
        description="The key's alias on the gateway. Without it: `<app>.<key>`.",
    )
    deliver: OrAbsent[Literal["file"] | DeliverSpec] = Field(
        default=None,
        description="`file` hands a new key's value over below the controller's folder of keys. Required unless the key is adopted, or a Delivery says where it goes.",
    )
    adopt: bool | AdoptSpec = Field(
        default=False,
        description="Take over a key of this alias that was made by hand. Its value stays the same.",
    )

    @property
    def is_adopted(self) -> bool:
        return self.adopt is not False

    @property
    def resets_spend(self) -> bool:
        return isinstance(self.adopt, AdoptSpec) and self.adopt.reset_spend


class UnknownParametersSpec(Spec):
    """Let unlisted parameters through for a while and count them, to learn what an app sends."""

    action: Literal["report"] = Field(
        description="Pass parameters that mean nothing to LiteLLM itself, and count them by app and name."
    )
    until: Day = Field(description="The last day; afterwards such calls are refused again.")


PROBE_APP = "aspire-gitops"
"""The app, and the budget, of the controller's own calls. `validation` reserves both names."""
PROBE_KEY_NAME = f"{PROBE_APP}.probe"


class AppSpec(ResourceSpec):
    """A consumer of the gateway. It may call the listed aliases until its budget is spent."""

    kind: Literal["App"] = Field(description="The kind of this resource.")
    owner: Owner = Field(description="Who is responsible for the app, as an e-mail address.")
    aliases: Unique[ResourceName] = Field(
        min_length=1,
        description="The aliases that the app may call. An empty list would mean all of them to LiteLLM.",
    )
    budget: ResourceName = Field(description="Name of a declared budget.")
    needs: OrAbsent[dict[AliasName, NeedSpec]] = Field(
        default=None,
        description="What the app relies on, by alias. A swap that takes it away is refused.",
    )
    limits: OrAbsent[AppLimitsSpec] = Field(
        default=None, description="Limits of each key of the app."
    )
    unknown_parameters: OrAbsent[UnknownParametersSpec] = Field(
        default=None,
        description="Watch for some days what the app sends. Without it, unknown parameters are refused.",
    )
    keys: tuple[KeySpec, ...] = Field(
        min_length=1, strict=False, description="The app's keys; most apps have one."
    )
    description: OrAbsent[Sentence] = Field(default=None, description="What the app is.")


class UpliftSpec(Spec):
    """More money for a while, as data: who agreed, why, and until when."""

    aud: Amount = Field(description="Australian dollars on top of the cap, in quotes.")
    reason: Sentence = Field(description="Why it is needed.")
    owner: Owner = Field(description="Who agreed, as an e-mail address.")
    expires: Day = Field(description="The last day on which it counts, in the gateway's timezone.")


class BudgetSpec(ResourceSpec):
    """A cap for each calendar month of the gateway's timezone. Several apps may share one."""

    kind: Literal["Budget"] = Field(description="The kind of this resource.")
    monthly_aud: Amount = Field(
        description='The cap in Australian dollars, in quotes. `"0"` stops its apps.'
    )
    period: Literal["calendar-month"] = Field(
        default="calendar-month",
        description="Budgets are calendar months; nothing else turns over reliably.",
    )
    admission: Literal["fair", "strict"] = Field(
        default="fair",
        description="How the ledger admits calls near the cap: `fair` refuses nobody while money is left and may overshoot by one call; `strict` reserves the worst case and never exceeds the cap.",
    )
    uplift: OrAbsent[UpliftSpec] = Field(default=None, description="More money for a while.")
    warn_at_percent: Unique[Percent] = Field(
        default=(),
        description="Shares of the cap, in percent, at which the owner is notified.",
    )
    description: OrAbsent[Sentence] = Field(default=None, description="Who pays, and for what.")

    def cap_on(self, day: date) -> Decimal:
        """Return the cap in AUD on a day, with an uplift that still counts."""
        in_force = self.uplift is not None and day <= self.uplift.expires
        return self.monthly_aud + (self.uplift.aud if self.uplift and in_force else 0)


class DeliverySpec(ResourceSpec):
    """Where the value of one key of one app is delivered. It belongs to the platform alone."""

    # `delivery_resource` adds a field for each way to deliver a key.

    kind: Literal["Delivery"] = Field(description="The kind of this resource.")
    app: ResourceName = Field(description="Name of a declared app.")
    key: ResourceName = Field(description="Name of one of the app's keys.")
    description: OrAbsent[Sentence] = Field(
        default=None, description="Why the key goes there and not into the controller's folder."
    )

    @property
    def targets(self) -> tuple[DeliveryTarget, ...]:
        """Where the key goes, as far as the file says so. `validation` holds it to exactly one."""
        stated = ((method, getattr(self, tag, None)) for tag, method in METHODS.items())
        return tuple(_target(method, value) for method, value in stated if value is not None)


def _target(method: DeliveryMethod[Any], value: Any) -> DeliveryTarget:
    address = _adapter(method).dump_python(value, mode="json", exclude_none=True)
    return DeliveryTarget(method.tag, address)


@cache  # building one takes 0.7 ms, and each check asks every Delivery for its targets
def _adapter(method: DeliveryMethod[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(method.reviewed)


def delivery_resource(methods: Iterable[DeliveryMethod[Any]]) -> type[DeliverySpec]:
    """Return what a Delivery may say: one field for each way to deliver a key."""
    fields: dict[str, Any] = {method.tag: _field(method) for method in methods}
    doc = DeliverySpec.__doc__
    return create_model("DeliverySpec", __base__=DeliverySpec, __doc__=doc, **fields)


def _field(method: DeliveryMethod[Any]) -> tuple[Any, Any]:
    about = Field(default=None, description=method.description, examples=[*method.examples] or None)
    or_absent: Any = OrAbsent  # of a type that is known at run time alone
    return or_absent[method.reviewed], about
