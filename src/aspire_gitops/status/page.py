"""The status as a page for people: one HTML document that needs nothing else.

No scripts, so that the content policy can forbid all of them. The style is inside
the page, and the policy allows it by its hash. jinja2 escapes all text, and control
characters were escaped before that.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from aspire_gitops.planning import Action
from aspire_gitops.rendering.plan_wording import SIGNS
from aspire_gitops.status import figures, wording
from aspire_gitops.status.document import StatusDocument, TurnDocument
from aspire_gitops.vocabulary import plural, time_words

REFRESH_S = 15
_BAR_WIDTH = 120

_ICONS: Mapping[str, str] = {  # the same shapes as on the page
    "ready": '<circle cx="8" cy="8" r="7" fill="#1f8a55"/>',
    "waiting": '<circle cx="8" cy="8" r="6" fill="none" stroke="#c07a00" stroke-width="2"/>'
    '<path d="M8 2a6 6 0 0 0 0 12z" fill="#c07a00"/>',
    "held": '<circle cx="8" cy="8" r="7" fill="#2b7cb3"/>'
    '<path d="M6 5v6M10 5v6" stroke="#fff" stroke-width="2"/>',
    "unsure": '<circle cx="8" cy="8" r="6" fill="none" stroke="#6b675f" stroke-width="2"/>',
    "stalled": '<rect x="1" y="1" width="14" height="14" rx="2" fill="#c92a2f"/>',
}


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


_STYLE = _read("page.css")
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
"""What the content policy says to let exactly this style in."""


def status_page(status: StatusDocument, *, refreshing: bool = True) -> str:
    """Return the whole page. `refreshing` makes the browser ask again every `REFRESH_S` seconds."""
    headline = wording.headline(status)
    return _PAGE.render(
        status=status,
        headline=headline,
        now=status.at,
        zone=wording.there(status) or UTC,
        style=Markup(_STYLE),  # noqa: S704 (our own file)
        icon=_icon(headline.tone),
        refresh_s=REFRESH_S if refreshing else None,
    )


def _icon(tone: str) -> str:
    shape = _ICONS[tone]
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{shape}</svg>'
    return f"data:image/svg+xml,{quote(svg)}"


def _bar(turn: TurnDocument) -> tuple[tuple[str, float, float], ...]:
    """Return the parts of a turn's time as `(class, x, width)`, in the order in which they are listed."""
    parts = (("gateway", turn.gateway_s), ("git", turn.source_s), ("own", turn.own_s))
    whole = max(turn.duration_s, sum(seconds for _, seconds in parts), 1e-9)
    bars, x = [], 0.0
    for name, seconds in parts:
        width = _BAR_WIDTH * max(seconds, 0.0) / whole
        bars.append((name, round(x, 1), round(width, 1)))
        x += width
    return tuple(bars)


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {
        "words": wording,
        "times": time_words,
        "figures": figures,
        "plural": plural,
        "bar": _bar,
        "signs": {action.value: SIGNS[action] for action in Action},
    }
    return environment


_PAGE = _environment().from_string(_read("page.html"))
