"""HTML becomes what a browser shows of it, as simple Markdown."""

from pathlib import Path

import pytest

from pipelines.knowledge.documents.formats.html import read_html
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.text.sections import headings


def read(folder: Path, page: str) -> str:
    path = folder / "a.html"
    path.write_text(page)
    return read_html(path, Limits()).text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h1>Top</h1><p>One <b>two</b><br>three<br><br>four</p>five", "# Top\n\nOne two\nthree\n\nfour\n\nfive"),
        ("<p>a <span hidden>b</span><span style='color:red; DISPLAY : none'>c</span>d</p>", "a d"),
        ("<div style='visibility:hidden'>a</div><div style='display:block'>b</div>", "b"),
        ("<body style='display:none'>shown by a script</body>", "shown by a script"),
        (
            "<table><tr><th>a<th hidden>b<th>c<tr style='display:none'><td>d<tr><td>1<td>2</table>",
            "| a | c |\n| 1 | 2 |",
        ),
        ("<ul><li>a<li><p>b</p><li>c</ul>", "- a\n- b\n- c"),
        ("<ol><li>a<li value=5>b<li>c</ol><p>d<ol start=0><li>e</ol>", "1. a\n5. b\n6. c\n\nd\n\n0. e"),
        ("<ul><li>a<ol><li>b<ul><li>c</ul><li>d</ol><li>e</ul>", "- a\n  1. b\n     - c\n  2. d\n- e"),
        ("<ul><li><p>a</p><p>b</p></li><li>c</ul>", "- a\n\n  b\n\n- c"),
        ("<table><tr><td><pre>make</pre><td>builds</table>", "| make | builds |"),
        ("<pre></pre><h2> </h2><ul><li></ul>x", "x"),
    ],
)
def test_pages_are_read_as_a_browser_shows_them(tmp_path: Path, page: str, text: str):
    assert read(tmp_path, page) == text


CODE = "if x:\n    # no heading\n\n\n\trun()"


def test_code_keeps_its_lines_its_indentation_and_is_no_heading(tmp_path: Path):
    escaped = CODE.replace("\n", "\r\n", 1)
    text = read(tmp_path, f"<p>Run:</p><pre class=x>\n<code>{escaped}\n</code></pre><p>Done.")
    assert text == f"Run:\n\n```\n{CODE}\n```\n\nDone."
    assert headings(text) == []


def test_code_in_a_list_or_beside_line_numbers_is_a_block_too(tmp_path: Path):
    assert read(tmp_path, "<ol><li>Run<pre>a\n b</pre></ol>") == "1. Run\n\n   ```\n   a\n    b\n   ```"
    numbered = "<table><tr><td><pre>1\n2</pre><td><pre>a<br> b</pre></table>"
    assert read(tmp_path, numbered) == "```\n1\n2\n```\n\n```\na\n b\n```"


def test_a_fence_is_longer_than_those_in_the_code(tmp_path: Path):
    assert read(tmp_path, "<pre>```\nx\n```</pre>") == "````\n```\nx\n```\n````"


def test_navigation_and_reference_marks_are_no_text(tmp_path: Path):
    wiki = (
        "<nav><a href=/>Home</a></nav><div role=navigation>Menu</div><h1>Port</h1>"
        "<p>Oslo has 7 berths<sup class=reference><a href=#1>[24]</a></sup><sup><a href=#2>[note 2]</a></sup>, "
        "9 m<sup>2</sup>.</p><table class='navbox x'><tr><td>Ports of Norway</table>"
        "<h2>Tolls<span class=mw-editsection>[edit]</span></h2>"
        "<p>con\u00adtainers</p>"
    )
    assert read(tmp_path, wiki) == "# Port\n\nOslo has 7 berths, 9 m2.\n\n## Tolls\n\ncontainers"


def test_what_is_left_out_of_a_page_is_counted_once_and_only_where_it_shows(tmp_path: Path):
    page = (
        "<nav><ul><li>Home<li>Prices</ul><div role=navigation>Menu</div></nav><nav hidden>Phone menu</nav>"
        "<div style='display: none'><nav>Print menu</nav></div><p>Oslo<sup>[1]</sup><sup>[2]</sup></p>"
    )
    path = tmp_path / "a.html"
    path.write_text(page)
    assert dict(read_html(path, Limits()).left_out) == {"navigation": 3, "reference marks": 2}
    path.write_text("<nav><a href=/a>Prices</a></nav>")
    assert not read_html(path, Limits()).left_out


def test_a_page_of_navigation_alone_keeps_it(tmp_path: Path):
    assert read(tmp_path, "<nav><a href=/a>Prices</a></nav>") == "Prices"
