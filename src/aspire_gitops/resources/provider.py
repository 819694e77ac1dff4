"""`kind: Provider`: an upstream that we hold a credential for."""

from typing import Literal

from pydantic import Field

from aspire_gitops.vocabulary.spec import (
    FilePath,
    HttpUrl,
    OrAbsent,
    ResourceSpec,
    Sentence,
    Spec,
    VariableName,
    in_words,
)


class EnvCredentialSpec(Spec):
    """The credential is in an environment variable of the controller."""

    env: VariableName = Field(description="Name of the variable. Never the value.")


class FileCredentialSpec(Spec):
    """The credential is in a file on the controller's host."""

    file: FilePath = Field(description="Absolute path of a file that holds only the credential.")


class PrivateNetworkSpec(Spec):
    """Agreement that a provider may be on this machine or in a private network."""

    reason: Sentence = Field(description="What runs there, and why our secret may be sent to it.")


class ProviderSpec(ResourceSpec):
    """An upstream, the company behind it, and a reference to its credential."""

    kind: Literal["Provider"] = Field(description="The kind of this resource.")
    vendor: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$",
        description="The company that sees the traffic.",
        examples=["cloud-first.ai"],
        json_schema_extra=in_words(
            "up to 63 letters, digits, spaces, dots, dashes and underscores"
        ),
    )
    api: Literal["openai", "anthropic", "mistral"] = Field(
        description="The wire protocol that LiteLLM speaks to it."
    )
    base_url: HttpUrl = Field(description="Where the provider's API is.")
    private_network: OrAbsent[PrivateNetworkSpec] = Field(
        default=None,
        description="Required when `base_url` is on this machine or in a private network.",
    )
    credential: EnvCredentialSpec | FileCredentialSpec = Field(
        description="Where the controller finds the credential: `{env: NAME}` or `{file: /path}`."
    )
    billing: Literal["metered", "subscription"] = Field(
        description="`metered` is paid by use. `subscription` has a flat fee; its aliases carry a notional price."
    )
    deferred: OrAbsent[Sentence] = Field(
        default=None,
        description="Why this provider is not in use yet. It is not put on the gateway, and no alias may name it.",
    )
    adopt: bool = Field(
        default=False,
        description="Take over a credential of the same name that was made by hand on the gateway.",
    )
    description: OrAbsent[Sentence] = Field(
        default=None, description="What people should know about it."
    )
