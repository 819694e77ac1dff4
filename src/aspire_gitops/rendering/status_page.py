"""The status as a page for people: one HTML document that needs nothing else.

No script at all, so that the content policy can forbid every one. The style is
inside the page, and the policy names it by its hash. Text of others is escaped
by jinja2, and what acts instead of showing was escaped before that.
"""

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from aspire_gitops.rendering.status_document import StatusDocument

REFRESH_S = 15


def _read(name: str) -> str:
    return files("aspire_gitops.rendering").joinpath(name).read_text(encoding="utf-8")


_STYLE = _read("status_page.css")
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
"""What the content policy says to let exactly this style in."""

_ENVIRONMENT = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_PAGE = _ENVIRONMENT.from_string(_read("status_page.html"))


def status_page(status: StatusDocument, *, refreshing: bool = True) -> str:
    """Return the whole page. `refreshing` makes the browser ask again every `REFRESH_S` seconds."""
    return _PAGE.render(
        status=status,
        style=Markup(_STYLE),  # noqa: S704 (our own file)
        refresh_s=REFRESH_S if refreshing else None,
    )
