"""The page of the graph in a real headless browser: search, entity, community, keyboard, a narrow screen, attacks."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.knowledge.graph.html_view import write_view
from pipelines.knowledge.graph.view_data import ViewLimits, view_data
from tests.contract.graphs import changed, graph
from tests.knowledge.graph.test_view import HOSTILE, tables

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
ATTACK = '</script><img src=x onerror="document.title=1"><script>document.title=2</script>'

TITLE_IS = "title => document.querySelector('#panel h2').innerText === title"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="needs a browser")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = graph()
    for number, name in enumerate([*HOSTILE, ATTACK]):
        said = changed(said, "entities", f"h{number}", name=name, type=name[:30], description=name, chunk_ids=["c1"])
    said = changed(said, "relations", "r1", description="Marek Dvorsky leads the Halden warehouse", chunk_ids=["c1"])
    said = changed(said, "communities", "m1", title=ATTACK, summary=ATTACK)
    path = tmp_path_factory.mktemp("view") / "view.html"
    write_view(view_data(tables(said), ViewLimits()), path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(params=[(1280, 800, "light"), (390, 844, "dark")], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, browser, file: Path) -> Iterator:
    width, height, scheme = request.param
    opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text))
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    opened.locator("html[data-ready=yes]").wait_for()
    yield opened
    assert opened.title() == "Knowledge graph" and not problems
    assert [address for address in asked if not address.startswith(file.as_uri())] == []
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.close()


def test_a_chinese_name_is_found_with_the_keyboard_and_shows_its_sentence_in_place(page):
    page.keyboard.press("/")
    page.keyboard.type("腾讯")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#panel h2", has_text="腾讯").wait_for()
    assert page.locator("#panel mark").first.inner_text() == "腾讯"
    assert "zh/b.md, character 301" in page.locator("#panel blockquote footer").first.inner_text()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="The whole graph").wait_for()


def test_an_alias_finds_its_entity_and_relations_lead_on_and_back(page):
    page.fill("#find", "ｍ． dvorsky")
    page.locator("#found button").first.click()
    page.locator("#panel h2", has_text="Marek Dvorsky").wait_for()
    assert "Marek Dvorsky leads the Halden warehouse" in page.locator("ul.relations blockquote").inner_text()
    page.locator("ul.relations").get_by_role("button", name="Halden warehouse").click()
    page.locator("#panel h2", has_text="Halden warehouse").wait_for()
    page.go_back()
    page.locator("#panel h2", has_text="Marek Dvorsky").wait_for()


def test_a_community_shows_its_report_and_hovering_it_its_summary(page):
    page.get_by_role("button", name="宁波 · 2").or_(page.locator("#panel button", has_text="· 4")).first.click()
    page.wait_for_function(TITLE_IS, arg=ATTACK)
    page.locator("#panel").get_by_role("button", name="宁波 · 2").click()
    assert "腾讯与宁波仓。" in page.locator("#panel").inner_text()
    page.keyboard.press("Escape")
    page.locator("#map").hover(position=disc_of(page, 0))
    page.locator("#hint b").wait_for()


def disc_of(page, community: int) -> dict[str, float]:
    """Return a place of a community's disc where no entity is: on its edge, inside."""
    x, y = page.evaluate(
        f"(() => {{ const [x, y, r] = communities[{community}].at; return toScreen(x - 0.97 * r, y); }})()"
    )
    return {"x": x, "y": y}


def test_types_are_switched_off_and_colours_changed(page):
    page.locator("#kinds summary").click()
    page.get_by_label("PERSON (1)").uncheck()
    page.keyboard.press("Escape")
    page.fill("#find", "Marek")
    assert page.locator("#found").inner_text().startswith("No name or alias holds this")
    page.select_option("#colours", "type")
    page.select_option("#level", "-1")
    page.locator("#map").focus()
    for key in ("ArrowLeft", "+", "-", "0"):
        page.keyboard.press(key)


def test_whatever_a_name_holds_is_shown_as_text(page):
    for name in (HOSTILE[2], HOSTILE[3], ATTACK):
        page.fill("#find", name)
        page.locator("#found button").first.click()
        page.wait_for_function(TITLE_IS, arg=name)
    page.fill("#find", "长长长")
    page.locator("#found button").first.click()
    page.wait_for_function(TITLE_IS, arg="长" * 10_000)
    assert page.locator("img").count() == 0


def test_in_a_sandboxed_frame_as_mlflow_shows_it_all_works_too(browser, file: Path):
    page = browser.new_page()
    page.set_content("<body></body>")
    page.evaluate(
        """html => {
          const frame = document.createElement("iframe");
          frame.sandbox = "allow-scripts";
          frame.src = URL.createObjectURL(new Blob([html], { type: "text/html" }));
          document.body.append(frame);
        }""",
        file.read_text(encoding="utf-8"),
    )
    frame = page.frame_locator("iframe")
    frame.locator("#find").fill("Tencent")
    frame.locator("#found button").first.click()
    frame.locator("#panel h2", has_text="腾讯").wait_for()
    frame.get_by_role("button", name="Back to the whole graph").click()
    frame.get_by_role("heading", name="The whole graph").wait_for()
    page.close()


def test_on_a_phone_what_is_chosen_far_down_is_shown_from_its_beginning(browser, file: Path):
    page = browser.new_page(viewport={"width": 390, "height": 400})
    page.goto(file.as_uri())
    page.locator("#panel .names button").last.scroll_into_view_if_needed()
    page.locator("#panel .names button").last.click()
    page.wait_for_function("document.querySelector('#panel h2').getBoundingClientRect().top >= 0")
    assert page.evaluate("document.querySelector('#panel h2').getBoundingClientRect().top") < 400
    assert page.evaluate("document.activeElement.id") == "panel"
    page.close()
