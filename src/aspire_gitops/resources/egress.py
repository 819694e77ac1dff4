"""The reviewed exceptions of egress, kept in an app's own repository.

Not a resource of the gateway: the file has no kind and no name, and is never in
`gateway.d`.
"""

from typing import Annotated

from pydantic import Field

from aspire_gitops.vocabulary.spec import Day, OrAbsent, Owner, Sentence, Spec, in_words

PathGlob = Annotated[
    str,
    Field(
        pattern=r"^[^/\u0000-\u001F\u007F][^\u0000-\u001F\u007F]{0,499}$",
        examples=["src/legacy/*.py"],
        json_schema_extra=in_words("a path below the scanned folder, without a slash in front"),
    ),
]
EgressCode = Annotated[
    str,
    Field(
        pattern=r"^AG60[1-7]$",
        examples=["AG601"],
        json_schema_extra=in_words("one of the codes AG601 to AG607"),
    ),
]


class EgressExceptionSpec(Spec):
    """One agreement: these findings are known, have an owner, and are accepted until a day."""

    path: PathGlob = Field(
        description="Which files. `*` stands for a part of a name, `**` for folders, a final slash for everything below."
    )
    code: EgressCode = Field(description="Which finding.")
    line: OrAbsent[Sentence] = Field(
        default=None, description="Text that the line must contain. Without it every line matches."
    )
    reason: Sentence = Field(description="Why this is right for now.")
    owner: Owner = Field(description="Who is responsible for it.")
    expires: Day = Field(description="The last day on which it counts.")


class EgressExceptionsSpec(Spec):
    """Findings that `aspire-gitops egress scan` does not report, each until a day."""

    exceptions: tuple[EgressExceptionSpec, ...] = Field(
        strict=False, description="The agreements, in any order."
    )
