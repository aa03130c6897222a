"""The pages in a real browser: Debian's Chromium, where it is installed."""

import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from market_pipeline.monitor.rendering import PAGES
from market_pipeline_tests.monitor.conftest import Monitor

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: `apt-get install chromium`"),
]
PATHS = [path for _, path in PAGES] + ["/attempts?symbol=AAPL", "/vendors/yahoo"]
PATIENCE = 60_000  # milliseconds for something to appear, also on a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, monitor: Monitor) -> Iterator[Page]:
    """A tab on the monitor; whatever the browser complains about fails the test."""
    complaints: list[str] = []
    context = browser.new_context(base_url=str(monitor.client.base_url))
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert complaints == []


def test_every_page_opens_fits_a_phone_and_passes_the_accessibility_scan(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in PATHS:
            page.set_viewport_size({"width": 1280, "height": 900})
            page.goto(path)
            expect(page.locator("h1")).to_be_visible()
            found = Axe().run(page)
            assert found.violations_count == 0, f"{scheme} {path}: {found.generate_report()}"
            page.set_viewport_size({"width": 360, "height": 740})
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{path} is wider than a phone"


def test_dark_is_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="light")
    assert dark != page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_an_open_page_follows_what_happens(page: Page, monitor: Monitor) -> None:
    page.goto("/failures")
    expect(page.locator("#live")).to_have_text("live", timeout=PATIENCE)
    expect(page.get_by_role("cell", name="AAPL")).to_be_visible()
    with monitor.database.connect() as connection:
        connection.execute("DELETE FROM failed_symbols WHERE symbol = 'AAPL'")
    expect(page.get_by_role("cell", name="AAPL")).to_have_count(0, timeout=PATIENCE)


def test_the_retry_button_and_the_symbol_form_work_with_the_keyboard(page: Page, monitor: Monitor) -> None:
    page.goto("/failures")
    page.keyboard.press("Tab")
    expect(page.get_by_text("To the content")).to_be_focused()
    row = page.get_by_role("row").filter(has_text="stock quotes")
    row.get_by_role("button", name="Retry now").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The retry is scheduled")
    page.goto("/symbols")
    page.get_by_label("Track symbols").fill("NVDA")
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="NVDA", exact=True)).to_be_visible()
    with monitor.database.connect() as connection:
        assert connection.execute("SELECT active FROM tracked_symbols WHERE symbol = 'NVDA'").fetchone() == (True,)


def test_the_map_leads_to_the_calls(page: Page) -> None:
    page.goto("/freshness")
    page.get_by_role("row").filter(has_text="AAPL").get_by_role("link", name="stale").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Calls for AAPL")


def test_without_scripts_a_page_says_all_the_same(browser: Browser, monitor: Monitor) -> None:
    context = browser.new_context(base_url=str(monitor.client.base_url), java_script_enabled=False)
    tab = context.new_page()
    tab.goto("/failures")
    expect(tab.get_by_role("cell", name="AAPL")).to_be_visible()
    context.close()
