"""The status page in a real browser: Chromium, with JavaScript off, as the policy demands anyway."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from aspire_gitops.server.options import ServerOptions
from aspire_gitops.status.value import Status
from support.browser import chromium
from support.serving import serving
from support.statuses import STATUSES, StandIn, hostile, ready

pytestmark = pytest.mark.slow

SECTIONS = (
    "Revisions",
    "Mistakes",
    "Pending plan",
    "Holds",
    "Drift",
    "Flapping",
    "Last turns",
    "Probes",
    "Aliases",
    "Apps",
    "Spend this month",
    "Calls",
    "Unmanaged",
    "Settings",
    "Controller",
)
PHONE, DESK, WALL = 360, 1280, 3840
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@dataclass
class Site:
    """The page of one controller, whose status a test may change."""

    url: str
    controller: StandIn


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    controller = StandIn()
    options = ServerOptions(tmp_path_factory.mktemp("state"), "127.0.0.1:0")
    with serving(controller, options) as url:
        yield Site(url, controller)


class Look:
    """Opens the page in windows that it keeps, and collects what the browser complains about."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser = browser
        self._site = site
        self._windows: dict[tuple[int, Scheme], Page] = {}
        self.complaints: list[str] = []

    def at(self, status: Status, *, width: int = DESK, scheme: Scheme = "light") -> Page:
        self._site.controller.now = status
        page = self._windows.get((width, scheme)) or self._window(width, scheme)
        page.goto(self._site.url)
        return page

    def _window(self, width: int, scheme: Scheme) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=False,
        )
        page = self._windows[width, scheme] = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(request.url))
        return page

    def close(self) -> None:
        for page in self._windows.values():
            page.context.close()


@pytest.fixture(scope="module")
def windows(browser: Browser, site: Site) -> Iterator[Look]:
    looking = Look(browser, site)
    yield looking
    looking.close()


@pytest.fixture
def look(windows: Look) -> Iterator[Look]:
    """Give a look at the page, and hold that the browser had nothing to complain about."""
    windows.complaints.clear()
    yield windows
    assert windows.complaints == []


@pytest.mark.parametrize("name", STATUSES)
def test_all_sections_are_there_whatever_there_is_to_say(look: Look, name: str) -> None:
    page = look.at(STATUSES[name])
    on_top = ["Needs a person"] if STATUSES[name].troubles else []
    assert page.locator("h2").all_inner_texts() == [*on_top, *SECTIONS]


@pytest.mark.parametrize(
    ("name", "title", "word"),
    [
        ("ready", "Ready · aspire", "Ready"),
        ("waiting", "Waiting · aspire", "Waiting"),
        ("stalled", "Stalled · aspire", "Stalled"),
        ("frozen", "Frozen · aspire", "Frozen"),
        ("standby", "Standby · aspire-gitops", "Standby"),
        ("degraded", "Degraded · aspire", "Degraded"),
        (
            "silent",
            "Gateway not answering · aspire",
            "Gateway not answering since 03:10 UTC (4 min)",
        ),
    ],
)
def test_the_standing_is_the_first_thing_to_read(
    look: Look, name: str, title: str, word: str
) -> None:
    page = look.at(STATUSES[name])
    assert page.title() == title
    assert page.locator("h1").inner_text().startswith(word)
    assert page.locator("h1").bounding_box()["y"] < 200  # type: ignore[index]  # it is on screen


def test_a_person_sees_why_and_what_to_do_without_scrolling(look: Look) -> None:
    page = look.at(STATUSES["stalled"])
    for text in ("is refused: it would delete deployment/gpt-35", "Remove the alias from the app"):
        box = page.get_by_text(text).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900


def test_a_hostile_subject_is_only_text(look: Look) -> None:
    text = '<script>document.title="taken"</script><img src=x onerror=alert(1)>'
    page = look.at(hostile(text))
    assert page.locator(".subject").first.inner_text() == text
    assert page.locator("script, img").count() == 0
    assert "taken" not in page.title().replace(text, "")


def test_a_script_would_not_run_even_with_javascript_on(browser: Browser, site: Site) -> None:
    """The policy alone stops it: the page of a browser that does run scripts."""
    site.controller.now = ready()
    context = browser.new_context()
    try:
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        page.goto(site.url)
        page.evaluate(
            "const s = document.createElement('script'); s.textContent = 'window.ran = true';"
            "document.body.append(s); document.body.setAttribute('onclick', 'window.ran = true');"
            "document.body.click()"
        )
        assert page.evaluate("window.ran") is None
        assert any("Content Security Policy" in text for text in refused)
    finally:
        context.close()


@pytest.mark.parametrize("width", [PHONE, 768, DESK, WALL])
@pytest.mark.parametrize("name", ["ready", "stalled", "frozen", "fresh"])
def test_nothing_is_wider_than_the_screen(look: Look, name: str, width: int) -> None:
    page = look.at(STATUSES[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_even_a_very_long_word_is_not_wider_than_the_screen(look: Look, width: int) -> None:
    page = look.at(hostile("w" * 400), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark_follow_the_reader(look: Look) -> None:
    paper = {
        scheme: look.at(ready(), scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert brightness(paper["light"]) > 0.8
    assert brightness(paper["dark"]) < 0.05


_CONTRAST = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    let behind = element, paper;
    do { paper = getComputedStyle(behind).backgroundColor; behind = behind.parentElement; }
    while (/, 0\\)$/.test(paper) && behind);
    const style = getComputedStyle(element);
    found.push([walker.currentNode.data.trim(), style.color, paper,
                parseFloat(style.fontSize), parseInt(style.fontWeight)]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", STATUSES)
def test_every_text_has_enough_contrast(look: Look, name: str, scheme: Scheme) -> None:
    """WCAG AA: 4.5 to 1, and 3 to 1 for large text."""
    texts = look.at(STATUSES[name], scheme=scheme).evaluate(_CONTRAST)
    assert len(texts) > 40
    weak = [
        (text, round(ratio, 2))
        for text, ink, paper, size, weight in texts
        if (ratio := contrast(ink, paper))
        < (3 if size >= 24 or (size >= 18.7 and weight >= 700) else 4.5)
    ]
    assert weak == []


@pytest.mark.parametrize("name", STATUSES)
def test_headings_come_in_order(look: Look, name: str) -> None:
    page = look.at(STATUSES[name])
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("name", ["ready", "stalled", "frozen"])
def test_every_table_says_what_it_is_and_what_its_headers_are_for(look: Look, name: str) -> None:
    page = look.at(STATUSES[name])
    tables = page.locator("table").count()
    assert tables >= 3
    assert page.locator("table > caption:first-child").count() == tables
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("tbody tr:not(:has(> th[scope=row]))").count() == 0


def test_every_link_and_landmark_has_a_name_and_leads_somewhere(look: Look) -> None:
    page = look.at(STATUSES["stalled"])
    assert page.locator("html").get_attribute("lang") == "en"
    assert [page.locator(tag).count() for tag in ("header", "main", "footer", "nav")] == [1] * 4
    links = page.locator("a").evaluate_all(
        "all => all.map(a => [a.innerText, a.getAttribute('href')])"
    )
    assert all(text.strip() for text, _ in links)
    anchors = [href for _, href in links if href.startswith("#")]
    assert len(anchors) == 8
    assert all(page.locator(href).count() == 1 for href in anchors)


def test_a_colour_is_never_the_only_sign(look: Look) -> None:
    """The words say it, too: of a standing, of an alias, of what a plan does to a value."""
    text = look.at(STATUSES["stalled"]).locator("main").inner_text()
    for word in ("stalled:", "ready:", "✓ live", "≠ differs from git", "→", "delete", "drift"):
        assert word in text


def test_on_a_phone_each_value_keeps_its_label(look: Look) -> None:
    page = look.at(STATUSES["stalled"], width=PHONE)
    label = (
        page.locator("#apps td").nth(1).evaluate("td => getComputedStyle(td, '::before').content")
    )
    assert label == '"Cap a month"'


def test_it_asks_again_by_itself_until_it_is_held_still(look: Look) -> None:
    page = look.at(ready())
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content") == "15"
    page.get_by_role("link", name="hold still").click()
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    page.get_by_role("link", name="refresh every 15 s").click()
    assert page.locator("meta[http-equiv=refresh]").count() == 1


def test_a_browser_asks_for_the_token(browser: Browser, tmp_path: Path) -> None:
    options = ServerOptions(tmp_path, "127.0.0.1:0", token="t0ken")
    with serving(StandIn(), options) as url:
        context = browser.new_context(http_credentials={"username": "any", "password": "t0ken"})
        try:
            page = context.new_page()
            answer = page.goto(url)
            assert answer is not None
            assert answer.status == 200
        finally:
            context.close()


def contrast(one: str, other: str) -> float:
    light, dark = sorted((brightness(one), brightness(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def brightness(colour: str) -> float:
    """Return WCAG's relative luminance of `rgb(…)`, 0 to 1."""
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def test_a_process_with_other_settings_is_red_on_top_with_what_brings_them(look: Look) -> None:
    text = look.at(STATUSES["restart"]).locator("main").inner_text()
    assert "Restart needed" in text
    assert "aspire-gitops compile --revision 4f2c9d1a0b3c -o build" in text
    assert "≠ other settings" in text
    assert "✓ verified" in text


def test_settings_that_are_not_verified_are_not_green(look: Look) -> None:
    page = look.at(STATUSES["unverified"])
    assert page.locator("body.is-unsure").count() == 1
    text = page.locator("main").inner_text()
    assert "the gateway's settings are not verified" in text
    assert "? unconfirmed" in text
