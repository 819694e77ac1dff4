"""A review as a forge shows it: Markdown to HTML, in a comment's frame, in a real browser.

`python -m support.review_picture` takes the picture that the README shows;
with a folder it takes one of every golden case, with all parts unfolded.
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import Browser

from aspire_gitops.review.markdown import review_markdown
from support.browser import PICTURES, chromium
from support.forge_markdown import forge
from support.reviews import ORDER, review_of

_STYLE = """
body { margin: 0; padding: 24px; background: #fff; color: #1f2328;
  font: 14px/1.5 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }
.comment { max-width: 860px; margin: auto; border: 1px solid #d1d9e0; border-radius: 6px; }
.who { padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0;
  border-radius: 6px 6px 0 0; color: #59636e; }
.who b { color: #1f2328; }
.text { padding: 16px; }
.text > :first-child { margin-top: 0; } .text > :last-child { margin-bottom: 0; }
p, ul, table, details, blockquote { margin: 0 0 16px; }
ul { padding-left: 2em; } li + li { margin-top: 4px; }
code { font: 85% ui-monospace, "DejaVu Sans Mono", monospace; padding: .2em .4em;
  background: #818b981f; border-radius: 6px; white-space: break-spaces; }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; }
th, td { padding: 6px 13px; border: 1px solid #d1d9e0; } th { font-weight: 600; }
tr { background: #fff; } tr:nth-child(2n) { background: #f6f8fa; }
summary { cursor: pointer; } details[open] > summary { margin-bottom: 8px; }
sub { font-size: 75%; line-height: 0; }
.alert { padding: 8px 16px; border-left: .25em solid; } .alert > :last-child { margin-bottom: 0; }
.alert .kind { font-weight: 500; margin-bottom: 8px; }
.warning { border-color: #9a6700; } .warning .kind { color: #9a6700; }
.caution { border-color: #cf222e; } .caution .kind { color: #d1242f; }
.important { border-color: #8250df; } .important .kind { color: #8250df; }
"""


_ALERT = re.compile(r"<blockquote>\s*<p>\[!(WARNING|CAUTION|IMPORTANT)\](\n|</p>)")


def page(markdown: str, *, unfolded: bool = False) -> str:
    """Return the whole page that shows one comment."""
    shown = forge().render(markdown)
    shown = _ALERT.sub(
        lambda found: (
            f'<blockquote class="alert {found[1].lower()}">'
            f'<p class="kind">{found[1].capitalize()}</p>' + ("<p>" if found[2] == "\n" else "")
        ),
        shown,
    )
    if unfolded:
        shown = shown.replace("<details>", "<details open>")
    who = '<div class="who"><b>aspire-gitops</b> commented</div>'
    return (
        f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>"
        f'<div class="comment">{who}<div class="text">{shown}</div></div>'
    )


def take(browser: Browser, html: str, to: Path, *, scale: float = 1) -> None:
    """Save a picture of the whole page."""
    context = browser.new_context(
        viewport={"width": 920, "height": 200}, java_script_enabled=False, device_scale_factor=scale
    )
    try:
        shown = context.new_page()
        shown.set_content(html)
        shown.screenshot(path=to, full_page=True)
    finally:
        context.close()


def main(folder: Path | None = None) -> None:
    with chromium() as browser:
        if folder is None:
            html = page(review_markdown(review_of("alias-swap")))
            take(browser, html, PICTURES / "review.png", scale=1.5)
            return
        for case in ORDER:
            html = page(review_markdown(review_of(case)), unfolded=True)
            take(browser, html, folder / f"{case}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
