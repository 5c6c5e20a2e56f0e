"""Excel workbooks: each row says what its values are, and nothing depends on how the workbook was made."""

import datetime
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from pipelines.core.errors import InputError
from pipelines.core.formats import format_of
from pipelines.knowledge.documents.formats.extracted import Extracted
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.readers import reader_of


def workbook(sheets: dict[str, list[list]], **properties) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    for name, value in properties.items():
        setattr(made.properties, name, value)
    return made


def read(folder: Path, made: openpyxl.Workbook, limits: Limits | None = None) -> Extracted:
    path = folder / "a.xlsx"
    made.save(path)
    return read_file(path, limits)


def read_file(path: Path, limits: Limits | None = None) -> Extracted:
    reader = reader_of(path)
    assert reader is not None and reader.parsed and not reader.titled
    return reader.read(path, limits or Limits())


def repacked(path: Path, **changed: bytes | None) -> Path:
    """Change the parts whose name contains a key; None takes them out."""
    parts = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(parts, "w") as new:
        for name in old.namelist():
            key = next((key for key in changed if key in name), None)
            content = old.read(name) if key is None else changed[key]
            if content is not None:
                new.writestr(name, content)
    path.write_bytes(parts.getvalue())
    return path


def test_each_row_of_each_sheet_names_its_columns(tmp_path: Path):
    made = workbook(
        {
            "Ports": [["Port", "Berths"], ["Oslo", 7], [None, None], ["Ningbo", 12]],
            "价格": [["品名", "价格"], ["雨衣", 199.5]],
            "Empty": [],
            "Heads": [["Only", "names"]],
        }
    )
    assert read(tmp_path, made).text == (
        "## Ports\n\n| Port: Oslo | Berths: 7 |\n| Port: Ningbo | Berths: 12 |\n\n"
        "## 价格\n\n| 品名: 雨衣 | 价格: 199.5 |\n\n## Heads\n\n| Only | names |"
    )


def test_values_are_days_shares_and_numbers_as_the_sheet_means_them(tmp_path: Path):
    day, hour = datetime.datetime(2025, 1, 31), datetime.datetime(2025, 1, 31, 14, 30)
    made = workbook({"S": [["a", "b", "c", "d", "e", "f"], [day, hour, 0.15, 0.1 + 0.2, True, "two\nlines"]]})
    made["S"]["C2"].number_format = "0%"
    expected = "| a: 2025-01-31 | b: 2025-01-31 14:30:00 | c: 15% | d: 0.3 | e: true | f: two lines |"
    assert read(tmp_path, made).text.splitlines()[-1] == expected


def test_a_title_above_the_table_is_no_head_and_a_second_table_has_its_own(tmp_path: Path):
    rows = [["Price list 2025"], [], ["Item", "Price"], ["Lamp", 5], ["Tent", 9], [], ["Shop", "Staff"], ["Oslo", 3]]
    assert read(tmp_path, workbook({"S": rows})).text == (
        "## S\n\nPrice list 2025\n\n| Item: Lamp | Price: 5 |\n| Item: Tent | Price: 9 |\n| Shop: Oslo | Staff: 3 |"
    )
    gap = [["Item", "Price"], ["Lamp", 5], [], ["Tent", 9]]
    assert read(tmp_path, workbook({"S": gap})).text.endswith("| Item: Tent | Price: 9 |")


def test_formulas_are_their_values_and_without_values_the_file_says_what_to_do(tmp_path: Path):
    made = workbook({"S": [["a", "sum"], [1, "=A2+1"]]})
    with pytest.raises(InputError, match=r"1 formulas without their values.*LibreOffice"):
        read(tmp_path, made)
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<v />" in sheet or b"<v/>" in sheet or b"<v></v>" in sheet
    for empty in (b"<v />", b"<v/>", b"<v></v>"):
        sheet = sheet.replace(empty, b"<v>2</v>")
    assert read_file(repacked(tmp_path / "a.xlsx", sheet1=sheet)).text.endswith("| a: 1 | sum: 2 |")
    nothing = sheet.replace(b'<c r="B2">', b'<c r="B2" t="str">').replace(b"<v>2</v>", b"<v></v>")
    assert read_file(repacked(tmp_path / "a.xlsx", sheet1=nothing)).text.endswith("| a: 1 |")


def test_properties_are_the_files_own_and_never_todays_date(tmp_path: Path):
    made = workbook({"S": [["a", "b"], [1, 2]]}, title="Ports", creator="Nora Vik")
    made.properties.created = datetime.datetime(2024, 5, 6)
    found = read(tmp_path, made)
    assert (found.title, found.author, found.date) == ("Ports", "Nora Vik", "2024-05-06")
    assert read(tmp_path, workbook({"S": [["a", "b"], [1, 2]]})).author == ""
    bare = read_file(repacked(tmp_path / "a.xlsx", core=None))
    assert (bare.title, bare.author, bare.date) == ("", "", "")


def test_what_is_no_workbook_or_too_large_is_refused(tmp_path: Path):
    path = tmp_path / "b.xlsx"
    path.write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="damaged workbook"):
        read_file(path)
    with pytest.raises(InputError, match="zip bomb"):
        read(tmp_path, workbook({"S": [["a", "b"], [1, 2]]}), Limits(markup_bytes=10))
    assert format_of("Prices.XLSX") == format_of("macro.xlsm") == "xlsx"


def test_a_far_cell_or_a_size_that_is_only_declared_costs_nothing(tmp_path: Path):
    made = workbook({"S": [["a", "b"], [1, 2]]})
    made.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    wide = sheet.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
    assert wide != sheet
    assert read_file(repacked(tmp_path / "a.xlsx", sheet1=wide)).text.endswith("| a: 1 | b: 2 |")
