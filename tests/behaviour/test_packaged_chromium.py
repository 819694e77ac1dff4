"""The Chromium that comes from npm does what tests and pictures ask of a browser.

It runs here even where the machine has a browser: there nothing else would use it.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from support.browser import chromium
from support.packaged_chromium import packaged_chromium

pytestmark = pytest.mark.slow

PAGE = "<!doctype html><p id=text style='display: inline; font: 20px sans-serif'>Qwertz</p>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = packaged_chromium()
    if program is None:
        pytest.skip("npm has no Chromium for this processor; the machine's is tested elsewhere")
    with chromium(program) as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 3840])
def test_it_takes_a_colour_scheme_and_a_size(browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 300},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.set_content(PAGE)
    media = f"matchMedia('(prefers-color-scheme: {scheme})').matches"
    assert page.evaluate(f"[{media}, innerWidth]") == [True, width]
    context.close()


def test_it_has_a_typeface_of_its_own(browser: Browser) -> None:
    """A bare Debian has none, and text without one has no width."""
    page = browser.new_page()
    page.set_content(PAGE)
    box = page.locator("#text").bounding_box()
    assert box is not None
    assert box["width"] > 40
    assert page.screenshot().startswith(b"\x89PNG")
    page.close()
