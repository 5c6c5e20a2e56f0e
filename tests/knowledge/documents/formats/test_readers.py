"""Each format through its real library, from files that the same kind of library wrote."""

import datetime
import io
import json
import os
import signal
import threading
from pathlib import Path

import docx
import pptx
import pytest
from pptx.util import Inches

from pipelines.core.errors import InputError
from pipelines.knowledge.documents.formats.extracted import Extracted, iso_date
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.process import ReadingProcess
from pipelines.knowledge.documents.formats.readers import Reader, reader_of


def read(folder: Path, name: str, content: str | bytes, **limits) -> Extracted:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return reader_for(path.name).read(path, Limits(**limits))


def reader_for(name: str) -> Reader:
    found = reader_of(name)
    assert found is not None
    return found


def about(extracted: Extracted) -> tuple[str, str, str]:
    return extracted.title, extracted.author, extracted.date


def test_front_matter_names_title_author_and_day_and_a_broken_one_is_only_text(tmp_path: Path):
    text = "---\ntitle: Returns\nauthors: [Li Na, Ole Moe]\ndate: 2025-03-01\n---\n# Other\n"
    assert read(tmp_path, "a.md", text) == Extracted(text, "Returns", "Li Na, Ole Moe", "2025-03-01", encoding="utf-8")
    for broken in ("---\n: [\n---\nText", "---\n- list\n---\nText", "---\ndate: 2025-13-40\n---\nText"):
        assert about(read(tmp_path, "b.md", broken)) == ("", "", "")


def test_front_matter_may_say_the_day_in_words_and_authors_as_mappings(tmp_path: Path):
    text = "---\nauthors:\n- name: Li Na\n  email: x@y.z\n- Ole Moe\n- email: z@y.x\ndate: May 3, 2021\n---\nText"
    assert about(read(tmp_path, "a.md", text)) == ("", "Li Na, Ole Moe", "2021-05-03")
    text = "---\nauthor: {name: Ole Moe}\ndate: soon\nlastmod: 2024-02-01T10:00:00Z\n---\nText"
    assert about(read(tmp_path, "b.md", text)) == ("", "Ole Moe", "2024-02-01")


def test_html_names_its_author_and_day_in_its_head(tmp_path: Path):
    page = (
        '<html><head><meta charset="gb2312"><title>退货</title><meta name="Author" content="李娜">'
        '<meta property="article:published_time" content="2025-03-01T08:00:00Z"></head><body>正文</body></html>'
    )
    found = read(tmp_path, "a.html", page.encode("gb18030"))
    assert (found.text, found.encoding, about(found)) == ("正文", "gb18030", ("退货", "李娜", "2025-03-01"))


def test_a_pdfs_pages_tables_and_properties_are_kept(tmp_path: Path):
    found = read(tmp_path, "a.pdf", ruled_pdf())
    assert about(found) == ("Price list", "Ole Moe", "2025-01-31")
    first, second = (found.text[start:].split("\n\n")[0] for start in found.pages)
    assert first == "Prices of tents" and second == "Second page"
    assert "| Tent | Price |\n| Fjell | 4900 |" in found.text and found.text.count("Fjell") == 1
    assert found.text.index("Prices") < found.text.index("| Tent") < found.text.index("Valid in Oslo")


def ruled_pdf() -> bytes:
    """Two pages by matplotlib: a table with rules between two lines of text, then a line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    stream = io.BytesIO()
    made = datetime.datetime(2025, 1, 31, 12)
    with PdfPages(stream, metadata={"Title": "Price list", "Author": "Ole Moe", "CreationDate": made}) as pages:
        figure = Figure(figsize=(6, 4))
        figure.text(0.1, 0.9, "Prices of tents")
        axes = figure.add_axes((0.1, 0.4, 0.8, 0.3))
        axes.axis("off")
        axes.table([["Tent", "Price"], ["Fjell", "4900"], ["Tarn", "3100"]], loc="center")
        figure.text(0.1, 0.1, "Valid in Oslo")
        pages.savefig(figure)
        figure = Figure(figsize=(6, 4))
        figure.text(0.1, 0.9, "Second page")
        pages.savefig(figure)
    return stream.getvalue()


def text_pdf(pages: list[list[str]]) -> bytes:
    """Return pages by matplotlib, a line below the other."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    stream = io.BytesIO()
    with PdfPages(stream) as made:
        for lines in pages:
            figure = Figure(figsize=(8, 6))
            for number, line in enumerate(lines):
                figure.text(0.1, 0.95 - 0.05 * number, line)
            made.savefig(figure)
    return stream.getvalue()


def test_a_pdfs_running_heads_go_and_its_sentences_are_whole(tmp_path: Path):
    bodies = [
        ["The harbour sells con-", "tainers."],
        ["The master of the whole port of", "Oslo is Nora Vik."],
        ["Tolls are paid in May. Since last year the master of tolls"],
        ["has been Omar Said."],
        [],
        ["Nobody swims here."],
    ]
    pages = [["Confidential", *body, f"Page {n} of 6"] if body else [] for n, body in enumerate(bodies, start=1)]
    found = read(tmp_path, "a.pdf", text_pdf(pages))
    assert found.text == (
        "The harbour sells containers.\n\nThe master of the whole port of Oslo is Nora Vik.\n\n"
        "Tolls are paid in May. Since last year the master of tolls has been Omar Said.\n\n"
        "Nobody swims here."
    )
    assert found.left_out == {"running heads and page numbers": 10}  # a head and a foot on five pages
    starts = ("The harbour", "The master", "Tolls", "has been", "", "Nobody")
    assert [found.text[place:].startswith(start) for place, start in zip(found.pages, starts, strict=True)] == [
        True
    ] * 6


def test_word_properties_are_kept_and_those_of_the_template_are_not(tmp_path: Path):
    document = docx.Document()
    document.add_paragraph("Text.")
    document.save(tmp_path / "plain.docx")
    assert about(reader_for("x.docx").read(tmp_path / "plain.docx", Limits())) == ("", "", "")
    core = document.core_properties
    core.title, core.author, core.created = "Recall", "李娜", datetime.datetime(2025, 2, 3)
    document.save(tmp_path / "own.docx")
    assert about(reader_for("x.docx").read(tmp_path / "own.docx", Limits())) == ("Recall", "李娜", "2025-02-03")


def test_a_templates_times_are_no_dates_whoever_the_author_is(tmp_path: Path):
    for new, name in ((docx.Document, "a.docx"), (pptx.Presentation, "a.pptx")):
        document = new()
        document.core_properties.author = "Ole Moe"
        document.save(tmp_path / name)
        assert about(reader_for(f"x.{name[2:]}").read(tmp_path / name, Limits())) == ("", "Ole Moe", "")
        document.core_properties.modified = datetime.datetime(2024, 5, 6)
        document.save(tmp_path / name)
        assert reader_for(f"x.{name[2:]}").read(tmp_path / name, Limits()).date == "2024-05-06"
    document.core_properties.created = datetime.datetime(2013, 6, 7)
    document.save(tmp_path / name)
    assert reader_for("x.pptx").read(tmp_path / name, Limits()).date == "2013-06-07"


def test_a_table_within_a_cell_is_read_once_below_the_cells_row(tmp_path: Path):
    document = docx.Document()
    outer = document.add_table(2, 2)
    for place, words in enumerate(("Tent", "Sizes", "Fjell", "See below")):
        outer.cell(place // 2, place % 2).text = words
    inner = outer.cell(1, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "S", "L"
    document.save(tmp_path / "a.docx")
    found = reader_for("x.docx").read(tmp_path / "a.docx", Limits())
    assert found.text == "| Tent | Sizes |\n| Fjell | See below |\n| S | L |"


def test_what_every_slide_repeats_is_no_text(tmp_path: Path):
    made = pptx.Presentation()
    for number in range(1, 4):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = f"Berth {number}", f"Crane {number}"
        for place, text in ((10, "31 May 2025"), (11, "Confidential"), (12, str(number))):  # day, foot, number
            layout = next(one for one in slide.slide_layout.placeholders if one.placeholder_format.idx == place)
            slide.shapes.clone_placeholder(layout)
            next(one for one in slide.placeholders if one.placeholder_format.idx == place).text_frame.text = text
    made.save(str(tmp_path / "a.pptx"))
    found = reader_for("a.pptx").read(tmp_path / "a.pptx", Limits())
    assert found.text == "\n\n".join(f"## Berth {n}\n\nCrane {n}" for n in range(1, 4)) and len(found.pages) == 3


def test_slides_give_titles_text_tables_and_notes_with_a_page_each(tmp_path: Path):
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "退货 Returns"
    slide.placeholders[1].text_frame.text = "Seven days\nNo reason"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    presentation.slides.add_slide(presentation.slide_layouts[6])
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    table = slide.shapes.add_table(1, 2, 0, 0, Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Tent", "4900"
    presentation.core_properties.author = "Ole Moe"
    presentation.save(tmp_path / "a.pptx")
    found = reader_for("x.pptx").read(tmp_path / "a.pptx", Limits())
    assert found.text == "## 退货 Returns\n\n- Seven days\n- No reason\n\nNotes: Say it slowly.\n\n| Tent | 4900 |"
    assert found.author == "Ole Moe" and len(found.pages) == 3
    assert found.text[found.pages[2] :] == "| Tent | 4900 |"


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.csv", "Name;Role\nPetra;manager\n李娜;\n", "| Name: Petra | Role: manager |\n| Name: 李娜 |"),
        ("b.csv", 'a,b\n"x, y","two\nlines"\n1,2,3\n', "| a: x, y | b: two lines |\n| a: 1 | b: 2 | 3 |"),
        ("c.tsv", "\ufeffa\tb\n1\t2\n", "| a: 1 | b: 2 |"),
        ("d.csv", "only\n", "| only |"),
        ("d.csv", "\ufeffsep=;\r\na;b\r\n1,5;2,5\r\n", "| a: 1,5 | b: 2,5 |"),
        ("d.csv", "SEP=|\na|b,c\n1|2\n", "| a: 1 | b,c: 2 |"),
        ("e.json", '[{"a": {"b": 1, "c": [true, null, "x"]}}, "y"]', "a.b: 1\na.c: true\na.c: x\n\ny"),
        ("f.jsonl", '{"问": "几天？"}\n\n{"问": "七天"}\n', "问: 几天？\n\n问: 七天"),
        ("g.py", "def f():\n\treturn 1\r\n", "def f():\n\treturn 1\r\n"),
    ],
)
def test_data_says_what_each_value_is_and_code_is_kept(tmp_path: Path, name: str, content: str, text: str):
    assert read(tmp_path, name, content).text == text


@pytest.mark.parametrize(
    ("value", "day"),
    [("D:20250131120000+01'00'", "2025-01-31"), ("2025年1月3日", "2025-01-03"), ("2025/1/3 8:00", "2025-01-03"),
     (datetime.datetime(2025, 1, 3, 4), "2025-01-03"), ("20259999", ""), ("soon", ""), (None, ""),
     ("May 3, 2021", "2021-05-03"), ("Sat, 03 Sept 2021 10:00", "2021-09-03"), ("3rd of May, 2021", "2021-05-03"),
     ("Feb 30, 2021", ""), ("Mayor 3, 2021", ""), ("May 2021", "")],
)  # fmt: skip
def test_days_are_iso(value: object, day: str):
    assert iso_date(value) == day


def test_limits_are_named_in_the_reason(tmp_path: Path):
    with pytest.raises(InputError, match="2 pages"):
        read(tmp_path, "a.pdf", ruled_pdf(), pages=1)
    with pytest.raises(InputError, match="at most 3 levels"):
        read(tmp_path, "a.json", json.dumps([[[[1]]]]), depth=3)
    with pytest.raises(InputError, match="at most 5 levels"):
        read(tmp_path, "a.html", "<div>" * 9 + "x", depth=5)


def test_a_file_that_takes_too_long_or_kills_its_parser_is_a_reason_and_the_next_is_read(tmp_path: Path):
    (tmp_path / "a.html").write_text("<p>Good</p>")
    (tmp_path / "slow.html").write_text("<p>word</p>" * 300_000)
    with ReadingProcess(Limits(seconds=0.2)) as reading:
        assert reading.read(tmp_path / "a.html", "html").text == "Good"
        with pytest.raises(InputError, match="longer than"):
            reading.read(tmp_path / "slow.html", "html")
        assert reading.read(tmp_path / "a.html", "html").text == "Good"
        os.kill(reading._child.pid, signal.SIGKILL)
        reading._child.wait()
        assert reading.read(tmp_path / "a.html", "html").text == "Good"
    with ReadingProcess(Limits()) as reading:
        assert reading.read(tmp_path / "a.html", "html").text == "Good"
        child = reading._child
        threading.Timer(0.5, os.kill, (child.pid, signal.SIGSEGV)).start()
        with pytest.raises(InputError, match=r"ends its parser \(signal 11\)"):
            reading.read(tmp_path / "slow.html", "html")
        assert reading.read(tmp_path / "a.html", "html").text == "Good"
        child = reading._child
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_a_file_that_needs_too_much_memory_is_a_reason(tmp_path: Path):
    (tmp_path / "a.html").write_text("<p>Good</p>")
    (tmp_path / "large.html").write_text("<p>word</p>" * 400_000)
    with ReadingProcess(Limits(memory_bytes=200 << 20)) as reading:
        with pytest.raises(InputError, match=r"more memory|ends its parser"):
            reading.read(tmp_path / "large.html", "html")
        assert reading.read(tmp_path / "a.html", "html").text == "Good"


def test_why_llamaindex_readers_are_not_used(tmp_path: Path):
    """Its flat reader decodes UTF-8 only and drops what it cannot; its simple directory reader does the same."""
    from llama_index.core import SimpleDirectoryReader

    (tmp_path / "a.txt").write_bytes("退货政策：七天内可以退货。".encode("gb18030"))
    (theirs,) = SimpleDirectoryReader(str(tmp_path)).load_data()
    assert "退货" not in theirs.text
    assert reader_for("x.txt").read(tmp_path / "a.txt", Limits()).text == "退货政策：七天内可以退货。"
