"""`kind: Approval`: a reviewed agreement to one dangerous change."""

from typing import Literal

from pydantic import Field

from aspire_gitops.resources.base import Day, Owner, ResourceSpec, Sentence, in_words


class ApprovalSpec(ResourceSpec):
    """Agreement to one dangerous change of one object, until a day."""

    kind: Literal["Approval"] = Field(description="The kind of this resource.")
    change: Literal["delete", "remove-alias-in-use", "delete-last-key", "lower-cap-below-spend"] = (
        Field(description="The dangerous change. A plan that needs an Approval says which.")
    )
    object: str = Field(
        pattern=r"^(credential|deployment|key)/[a-z0-9][a-z0-9._-]{0,126}$",
        description="The object as a plan writes it.",
        json_schema_extra=in_words(
            "an object as a plan writes it: credential/…, deployment/… or key/<app>.<key>"
        ),
        examples=["deployment/qwen-vision", "key/postiz.default"],
    )
    reason: Sentence = Field(description="Why the change is right.")
    owner: Owner = Field(description="Who agreed, as an e-mail address.")
    expires: Day = Field(description="The last day on which the agreement counts.")
