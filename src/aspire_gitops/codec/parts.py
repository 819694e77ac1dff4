"""Parts that several stored files share, as pydantic reads them: an object, a revision.

Files of before held both as text, `deployment/chat` and `main@sha1:4f2c9d1…`; that
is read too.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from aspire_gitops.codec.values import object_json, written_revision_json
from aspire_gitops.kinds import parse_key
from aspire_gitops.state import ObjectKey
from aspire_gitops.vocabulary import Revision


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ObjectPart(Part):
    kind: str
    name: str

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        return object_json(value) if isinstance(value, str) else value

    @classmethod
    def of(cls, key: ObjectKey | str) -> "ObjectPart":
        return cls.model_validate(object_json(key))

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def key(self) -> ObjectKey:
        """Return the object's key. Raises ValueError for a kind that we do not manage."""
        return parse_key(str(self))


class RevisionPart(Part):
    reference: str
    commit: str | None
    dirty: bool
    author: str | None
    subject: str | None
    approvers: list[str]

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        return written_revision_json(value) if isinstance(value, str) else value

    @classmethod
    def of(cls, text: str) -> "RevisionPart":
        return cls.model_validate(text)

    def __str__(self) -> str:
        return str(Revision(self.reference, self.commit, self.dirty))
