"""Cells that reach over rows or columns: each row says all that it holds, under the right column, nothing twice."""

import io
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from pptx.util import Inches

from pipelines.text.page_lines import cell_in_a_line
from tests.knowledge.documents.formats.test_readers import read

ROWS = (
    "| team | lead | place |\n| Team A | Nora Vik | Oslo |\n| Team A | Omar Said | Hull |\n| Team B | Li Na | Bergen |"
)


def test_html_rows_under_a_cell_over_several_rows_say_it_again(tmp_path: Path):
    page = (
        "<table><tr><th>team<th>lead<th>place<tr><td rowspan=2>Team A<td>Nora Vik<td>Oslo"
        "<tr><td>Omar Said<td>Hull<tr><td>Team B<td>Li Na<td>Bergen</table>"
    )
    assert read(tmp_path, "a.html", page).text == ROWS


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("<tr><th colspan=2>name<th>age<tr><td>Li<td>Na<td>7", "| name |  | age |\n| Li | Na | 7 |"),
        ("<tr><td rowspan=2 colspan=2>q<td>1<tr><td>2", "| q |  | 1 |\n| q |  | 2 |"),
        ("<tr><td>1<td rowspan=2>x<td rowspan=2>y<tr><td>2", "| 1 | x | y |\n| 2 | x | y |"),
        ("<tr><td rowspan=9999999>q<td colspan=0>1", "| q | 1 |"),
    ],
)
def test_html_columns_behind_a_wide_cell_stay_where_they_are(tmp_path: Path, table: str, rows: str):
    assert read(tmp_path, "a.html", f"<table>{table}</table>").text == rows


def test_word_cells_over_rows_and_columns(tmp_path: Path):
    document = docx.Document()
    table = document.add_table(rows=5, cols=3)
    values = [
        ("team", "lead", "place"),
        ("Team A", "Nora Vik", "Oslo"),
        ("", "Omar Said", "Hull"),
        ("Team B", "Li Na", "Bergen"),
    ]
    for line, texts in zip(table.rows, values, strict=False):
        for cell, text in zip(line.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    wide = table.cell(4, 0).merge(table.cell(4, 1))
    wide.text, table.cell(4, 2).text = "all", "2"
    stream = io.BytesIO()
    document.save(stream)
    assert read(tmp_path, "a.docx", stream.getvalue()).text == ROWS + "\n| all |  | 2 |"


def test_excel_rows_under_a_cell_over_several_rows_say_it_again(tmp_path: Path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (["team", "lead", "age"], ["Team A", "Nora Vik", 1], [None, "Omar Said", 2], ["Team B", "Li Na", 3]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    stream = io.BytesIO()
    workbook.save(stream)
    assert read(tmp_path, "a.xlsx", stream.getvalue()).text.splitlines()[2:] == [
        "| team: Team A | lead: Nora Vik | age: 1 |",
        "| team: Team A | lead: Omar Said | age: 2 |",
        "| team: Team B | lead: Li Na | age: 3 |",
    ]


def test_excel_a_blank_cell_changes_no_other_and_a_title_is_no_head(tmp_path: Path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (
        ["PROGRESS"],
        [],
        ["Task", None, "Owner", "Units"],
        ["Design", None, "Ana", 1],
        ["Build", None, None, None],
        ["Ship", None, "Bo", 2],
    ):
        sheet.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    text = read(tmp_path, "a.xlsx", stream.getvalue()).text
    assert "PROGRESS" in text and "NaN" not in text and "1.0" not in text
    assert "| Task: Design | Owner: Ana | Units: 1 |\n| Task: Build |\n| Task: Ship | Owner: Bo | Units: 2 |" in text


def test_a_pdfs_cell_over_two_rows_stands_in_both(tmp_path: Path):
    found = read(tmp_path, "a.pdf", merged_pdf()).text
    assert "| Team A | Nora Vik | Oslo |\n| Team A | Omar Said | Hull |" in found


def merged_pdf() -> bytes:
    """Return a page with a grid of three columns and three rows, of whose first column the lower two cells are one."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    stream, figure = io.BytesIO(), Figure(figsize=(6, 4))
    xs, ys = (0.1, 0.35, 0.6, 0.85), (0.8, 0.65, 0.5, 0.35)
    flat = [((0.35 if y == 0.5 else 0.1, 0.85), (y, y)) for y in ys]
    for across, down in [*flat, *(((x, x), (0.35, 0.8)) for x in xs)]:
        figure.add_artist(Line2D(across, down, color="black", linewidth=1))
    texts = [(0, 0.7, "team"), (1, 0.7, "lead"), (2, 0.7, "place"), (0, 0.48, "Team A")]
    texts += [(1, 0.55, "Nora Vik"), (2, 0.55, "Oslo"), (1, 0.4, "Omar Said"), (2, 0.4, "Hull")]
    for column, y, text in texts:
        figure.text(xs[column] + 0.02, y, text)
    with PdfPages(stream) as made:
        made.savefig(figure)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("持股比\n例 (%)", "持股比例 (%)"),
        ("王强\n李明", "王强 李明"),
        ("con-\ntainers\nof steel", "containers of steel"),
        ("E24-\n40", "E24- 40"),
        ("\n Oslo \n\n", "Oslo"),
    ],
)
def test_a_word_that_was_broken_to_fit_its_cell_is_whole(cell: str, line: str):
    assert cell_in_a_line(cell) == line


def test_powerpoint_text_in_groups_is_read(tmp_path: Path):
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    group = slide.shapes.add_group_shape().shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1)).text_frame.text = "Nora Vik leads Team A."
    stream = io.BytesIO()
    presentation.save(stream)
    assert read(tmp_path, "a.pptx", stream.getvalue()).text == "Nora Vik leads Team A."
