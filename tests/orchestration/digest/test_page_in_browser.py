"""The page in a real headless browser, wide and light, narrow and dark: styled, within its width, asking nobody."""

import shutil
from pathlib import Path

import pytest

from pipelines.orchestration.digest.page import digest_page
from pipelines.orchestration.digest.record import Night, Picture
from tests.orchestration.digest.night_world import PNG
from tests.orchestration.digest.test_rendering import NIGHT, evil

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="needs a browser")]


@pytest.mark.parametrize("night", [NIGHT, evil()], ids=["plain", "hostile"])
def test_the_page_fits_its_width_follows_the_scheme_and_loads_nothing(night: Night, tmp_path: Path):
    playwright = pytest.importorskip("playwright.sync_api")
    file = tmp_path / "night.html"
    file.write_text(digest_page(night, [Picture("loss", PNG)]), encoding="utf-8")
    colours = set()
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        for width, scheme in ((1280, "light"), (390, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url.partition(":")[0]))
            page.on("console", lambda message, said=said: said.append(message.text))
            page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.images[0].naturalWidth") == 1
            colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert set(asked) <= {"file", "data"} and said == []
        browser.close()
    assert len(colours) == 2
