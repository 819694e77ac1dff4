"""A real browser on the status page: the machine's Chromium, or a packaged one, through Playwright.

`python -m support.browser` takes the pictures that the documentation shows.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from aspire_gitops.sandbox.packaged import machine_counts, node_folder
from aspire_gitops.server.options import ServerOptions
from support.packaged_chromium import Chromium, packaged_chromium
from support.serving import serving
from support.statuses import STATUSES, StandIn

NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = Path(__file__).parents[2] / "docs" / "images"


def find_chromium() -> Chromium | None:
    """Return the machine's browser, or else the packaged one; None when neither is to be had."""
    found = filter(None, map(shutil.which, NAMES)) if machine_counts() else iter(())
    installed = next(found, None)
    return Chromium(Path(installed)) if installed else packaged_chromium()


@contextmanager
def chromium(program: Chromium | None = None) -> Iterator[Browser]:
    """Run a browser; skip the test where there is none, unless real things are required."""
    program = program or find_chromium()
    if program is None:
        reason = f"no browser is installed: none of {', '.join(NAMES)} is on PATH"
        if os.environ.get("ASPIRE_GITOPS_REQUIRE_REAL"):
            pytest.fail(reason)
        pytest.skip(reason)
    with mock.patch.dict(os.environ, _drivers_node()), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program.program,
            args=list(_ARGUMENTS),
            env={**os.environ, **program.variables},
        )
        try:
            yield browser
        finally:
            browser.close()


def _drivers_node() -> dict[str, str]:
    # The Node.js in Playwright needs libatomic, which a bare Debian lacks; the packaged one does not.
    root = node_folder()
    return {"PLAYWRIGHT_NODEJS_PATH": str(root / "bin" / "node")} if root else {}


def take(
    browser: Browser, url: str, to: Path, *, scheme: str, width: int, height: int | None
) -> None:
    """Save a picture of the page; the whole of it without a `height`."""
    context = browser.new_context(
        viewport={"width": width, "height": height or 800},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=False,
    )
    try:
        page = context.new_page()
        page.goto(f"{url}/?refresh=off")
        page.screenshot(path=to, full_page=height is None)
    finally:
        context.close()


def main(folder: Path = PICTURES, names: tuple[str, ...] = ()) -> None:
    """Take the two pictures of the documentation, or pictures of every status in `names`."""
    with chromium() as browser, tempfile.TemporaryDirectory() as state:
        for name in names or ("ready",):
            with serving(StandIn(STATUSES[name]), ServerOptions(Path(state), "127.0.0.1:0")) as url:
                for scheme in ("light", "dark"):
                    to = folder / f"{'status' if not names else name}-{scheme}.png"
                    take(
                        browser, url, to, scheme=scheme, width=1280, height=None if names else 1000
                    )
                if names:
                    take(
                        browser,
                        url,
                        folder / f"{name}-phone.png",
                        scheme="light",
                        width=390,
                        height=None,
                    )


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if sys.argv[1:] else PICTURES, tuple(sys.argv[2:]))
    except Error as error:
        sys.exit(f"the browser failed: {error}")
