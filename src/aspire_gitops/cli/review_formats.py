"""The formats of a review by the name that `--format` takes; each is imported when it is asked for."""

from typing import TYPE_CHECKING

from aspire_gitops.impact.review import Review

if TYPE_CHECKING:
    from rich.text import Text

FORMATS = ("text", "markdown", "summary", "markdown-full", "json", "sarif", "github")


def rendered(format_: str, review: Review, full_report: str = "") -> "Text | str":
    """Return the review in one of `FORMATS`."""
    match format_:
        case "text":
            from aspire_gitops.rendering.review.text import review_text  # noqa: PLC0415 (rich)

            return review_text(review)
        case "json":
            from aspire_gitops.rendering.review.as_json import review_json  # noqa: PLC0415

            return review_json(review)
        case "sarif" | "github":
            from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS  # noqa: PLC0415

            return DIAGNOSTIC_RENDERERS[format_](review.findings)
        case _:
            return _markdown(format_, review, full_report)


def _markdown(format_: str, review: Review, full_report: str) -> str:
    from aspire_gitops.rendering.review.markdown import (  # noqa: PLC0415
        COMMENT_BYTES,
        SUMMARY_BYTES,
        Place,
        review_markdown,
    )

    rooms = {"markdown": COMMENT_BYTES, "summary": SUMMARY_BYTES, "markdown-full": None}
    return review_markdown(review, Place(rooms[format_], full_report))
