"""The page in a browser: an answer is judged, corrected, and there again after a reload."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.answering.chat.memory import conversations
from resources.feedback.store import feedback_store
from tests.serving.served import served
from tests.serving.test_server import QUESTION, SAID, House, Writing

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with served(House(Writing(lambda messages: SAID)), tmp_path) as found:
        yield found


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs a browser")
def test_an_answer_is_judged_corrected_and_there_after_a_reload(address: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.get_by_label("hybrid").wait_for()
        page.fill("#question", QUESTION)
        page.get_by_role("button", name="Ask").click()
        page.get_by_role("button", name="Good answer").click()
        page.get_by_text("kept").wait_for()
        page.reload()
        good = page.get_by_role("button", name="Good answer")
        good.wait_for()
        assert good.get_attribute("aria-pressed") == "true" and SAID in page.locator(".text").inner_text()
        page.get_by_role("button", name="Correct the answer").click()
        page.get_by_label("The answer that should have been given").fill("<b>45</b> days")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("kept").wait_for()
        assert [one.good_answer for one in feedback_store(tmp_path).latest()] == ["<b>45</b> days"]
        page.reload()
        page.fill("#question", "And who pays for it?")
        page.locator("[data-verdict=correct][aria-pressed=true]").wait_for()
        assert page.locator("#follow").is_checked()
        page.get_by_role("button", name="Ask").click()
        page.locator("[data-verdict=correct][aria-pressed=false]").wait_for()
        browser.close()
    assert not problems
    [heading] = conversations(tmp_path).headings()
    assert heading.turns == 2
