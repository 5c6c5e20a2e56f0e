import io
from pathlib import Path

import docx
import pyarrow.compute as pc
import pypdf
import pytest

from pipelines.core.delta import Change
from pipelines.core.errors import InputError
from pipelines.core.identity import content_id, file_digest, table_digest
from pipelines.core.schemas import DOCUMENTS
from pipelines.knowledge.documents.loading import title_of
from resources.tables.tables import TableStore
from tests.knowledge.documents.loaded import Loaded, load


def pdf(text: str = "", password: str = "") -> bytes:
    """A one-page PDF in Helvetica, written by hand: one line of text for each line."""
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(595, 842)
    if text:
        from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

        shown = "".join(f"({line}) Tj T* " for line in text.splitlines())
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 11 Tf 14 TL 50 780 Td {shown} ET".encode())
        font = DictionaryObject(
            {
                NameObject(f"/{key}"): NameObject(f"/{value}")
                for key, value in (("Type", "Font"), ("Subtype", "Type1"), ("BaseFont", "Helvetica"))
            }
        )
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    return _bytes(writer.write)


def word(text: str = "Text.") -> bytes:
    document = docx.Document()
    document.add_heading("Recall procedure", level=1)
    document.add_paragraph(text)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Batch", "E24-40"
    document.add_paragraph("After the table", style="List Bullet")
    return _bytes(document.save)


def _bytes(save) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def folder(root: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def row(loaded: Loaded, path: str) -> dict:
    return next(row for row in loaded.table.to_pylist() if row["path"] == path)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path / "documents"


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path / "tables")


def test_markdown_and_text_keep_the_files_own_characters(documents: Path, tables: TableStore):
    raw = "\ufeff# 退货\r\n\r\nTwo  spaces.\r\n\tTab 😀\n"
    folder(documents, a__b_md=raw, c_txt="line\rline")
    loaded = load(documents, tables)
    for name in ("a/b.md", "c.txt"):
        with (documents / name).open(encoding="utf-8", newline="") as file:
            assert row(loaded, name)["text"] == file.read()
    found = row(loaded, "a/b.md")
    assert found["document_id"] == content_id("document", "a/b.md")
    assert found["version"] == file_digest(documents / "a/b.md")
    assert (found["title"], found["format"], found["bytes"]) == ("退货", "markdown", len(raw.encode()))


def test_every_format_becomes_text_with_title_and_language(documents: Path, tables: TableStore):
    html = (
        "<html><head><title>Trail &amp; Club</title><style>p{}</style></head><body><h2>Benefits</h2><ul><li>8 %\n back"
        "</li><li>60 days</li></ul><table><tr><th>Shop</th><td>Oslo</td></tr></table><script>x()</script></body></html>"
    )
    wrapped = "Privacy\nOrder data are kept for ten years, because the law of the land\ndemands it from us. Ask.\n"
    folder(documents, a_html=html, b_pdf=pdf(wrapped), c_docx=word("第一段。"), d_md="科凡户外的退货政策。\n")
    loaded = load(documents, tables)
    assert row(loaded, "a.html")["text"] == "## Benefits\n\n- 8 % back\n- 60 days\n\n| Shop | Oslo |"
    assert row(loaded, "a.html")["title"] == "Trail & Club"
    assert row(loaded, "b.pdf")["text"].splitlines() == [
        "Privacy",
        "Order data are kept for ten years, because the law of the land demands it from us. Ask.",
    ]
    text = row(loaded, "c.docx")["text"]
    assert text == "# Recall procedure\n\n第一段。\n\n| Batch | E24-40 |\n\n- After the table"
    assert [row(loaded, name)["title"] for name in ("b.pdf", "c.docx", "d.md")] == [
        "Privacy",
        "Recall procedure",
        "科凡户外的退货政策。",
    ]
    assert [row(loaded, name)["language"] for name in ("a.html", "d.md")] == ["en", "zh"]


BAD = {
    "wide.txt": (b"\xff\xfeR\x00e", "not UTF-16", "save it as UTF-8"),
    "nul.txt": (b"Returns\x00\x00\x01\x00\x00", "NUL bytes", "save it as UTF-8"),
    "noise.txt": (bytes(range(128, 256)) * 3, "no known encoding", "save it as UTF-8"),
    "noise.pdf": (b"%PDF-1.4 nothing", "damaged PDF", "print it"),
    "cut.pdf": (pdf("Some text")[:300], "PDF", ""),
    "locked.pdf": (pdf("Secret", password="x"), "password", "unprotected"),
    "scan.pdf": (pdf(), "without text", "ocrmypdf"),
    "noise.docx": (b"not a zip", "damaged Word document", ".docx"),
    "cut.docx": (word()[:2000], "damaged Word document", ".docx"),
    "empty.md": (b"", "no text", "remove it"),
    "blank.txt": (b"\xef\xbb\xbf \n", "no text", "remove it"),
    "noise.html": (b"\xff\xfe\xfa", "not UTF-16", "UTF-8"),
    "data.xls": (b"PK", 'ending in ".xls"', "convert"),
    "Makefile": (b"all:", "without an ending", "convert"),
}


def test_a_bad_file_is_listed_with_what_to_do_and_the_others_go_on(documents: Path, tables: TableStore):
    for name, (content, _, _) in BAD.items():
        (documents / name).write_bytes(content)
    folder(documents, good_md="# Good\n", z_html="<p>Good</p>")
    loaded = load(documents, tables)
    assert sorted(loaded.table["path"].to_pylist()) == ["good.md", "z.html"]
    problems = {problem["file"]: problem for problem in loaded.problems.to_pylist()}
    assert problems.keys() == BAD.keys()
    for name, (_, found, fix) in BAD.items():
        assert found in problems[name]["found"] and fix in problems[name]["fix"] and problems[name]["expected"], name


def test_a_bad_file_stays_listed_while_it_is_bad(documents: Path, tables: TableStore):
    folder(documents, a_md="Good.", b_pdf=b"noise")
    first = load(documents, tables)
    second = load(documents, tables)
    assert second.problems.equals(first.problems) and len(second.problems) == 1
    assert second.work.computed == {"parsed": 0}


def test_a_dangling_link_is_listed(documents: Path, tables: TableStore):
    folder(documents, a_md="Good.")
    (documents / "gone.md").symlink_to(documents / "nowhere.md")
    assert load(documents, tables).problems["file"].to_pylist() == ["gone.md"]


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, lambda path: path.write_text("x")])
def test_a_missing_or_empty_folder_says_which_variable_to_set(tmp_path: Path, make):
    make(tmp_path / "documents")
    with pytest.raises(InputError, match="GRAFTLINE_DOCUMENTS"):
        load(tmp_path / "documents", TableStore(tmp_path / "tables"))


def test_hidden_files_and_word_locks_are_no_documents(documents: Path, tables: TableStore):
    folder(documents, a_md="Good.", _hidden="x")
    (documents / ".git").mkdir()
    (documents / ".git" / "x.md").write_text("x")
    (documents / "~$a.docx").write_text("x")
    loaded = load(documents, tables)
    assert loaded.table["path"].to_pylist() == ["a.md"] and not len(loaded.problems)


def test_only_new_and_changed_files_are_parsed_and_the_result_is_that_of_a_clean_run(
    documents: Path, tables: TableStore, tmp_path: Path
):
    folder(documents, a_md="One.", b_txt="Two.", c_html="<p>Three.</p>")
    load(documents, tables)
    folder(documents, b_txt="Two and more.", d_md="Four.")
    (documents / "c.html").unlink()
    second = load(documents, tables)
    assert (second.work.new, second.work.changed, second.work.gone, second.work.same) == (1, 1, 1, 1)
    assert second.work.computed == {"parsed": 2}
    clean = load(documents, TableStore(tmp_path / "clean"))
    assert table_digest(second.table) == table_digest(clean.table) and second.stored.digest == clean.stored.digest


def test_a_new_reader_reads_its_format_again(documents: Path, tables: TableStore):
    folder(documents, a_md="One.", b_html="<p>Two.</p>")
    rows = load(documents, tables).table.filter(pc.equal(pc.field("path"), "b.html"))
    older = rows.set_column(rows.schema.get_field_index("reader"), rows.schema.field("reader"), [["html-0"]])
    tables.amend("documents", DOCUMENTS, Change("path", ["b.html"], [older]))
    again = load(documents, tables)
    assert again.work.computed == {"parsed": 1} and again.work.changed == 1
    assert row(again, "b.html") == rows.to_pylist()[0]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# A *b*\n\n## C", "A *b*"),
        ("## C\n# A", "C"),
        ("Intro.\n\n# A\n", "A"),
        ("**Bold line**\nx", "Bold line"),
        ("---\ntitle: 'Front'\n---\n# A", "Front"),
        ("```\n# no\n```\nFirst\n", "First"),
        ("Title\n=====\n", "Title"),
    ],
)
def test_the_title_is_what_the_text_says_of_itself(text: str, title: str):
    assert title_of(text) == title
