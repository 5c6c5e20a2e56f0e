"""Rows of tables and the heads that say what their cells are."""

import pytest

from pipelines.text.tables import cells, chunk_tables, header_at, labelled_cells, tables

PORTS = "| Port | Berths |\n|---|---:|\n| Oslo | 7 |\n| Ningbo | 12 |\n"


def test_the_head_of_a_table_is_the_row_above_its_ruler():
    [found] = tables(f"Ports:\n\n{PORTS}\nEnd.")
    assert (found.head, found.sure, found.ruled) == ("| Port | Berths |", True, True)
    text = f"Ports:\n\n{PORTS}\nEnd."
    assert (
        text[found.start :].startswith("| Port") and text[found.rows : found.end] == "| Oslo | 7 |\n| Ningbo | 12 |\n"
    )


@pytest.mark.parametrize(
    ("rows", "head", "sure"),
    [
        ("| 商品 | 价格 | 件数 |\n| 头灯 | 49 | 3 |", "| 商品 | 价格 | 件数 |", True),
        ("| Name | Lumen |\n| Price | 49 |", "| Name | Lumen |", False),
        ("| Verano | 90,000 | June |\n| Halden | 12,000 | May |", "", False),
        ("| port: Oslo | berths: 7 |\n| port: Ningbo | berths: 12 |", "", False),
        ("| alone | it | is |", "", False),
        ("| one | two |\n| three | four | five |", "", False),
    ],
)
def test_without_a_ruler_words_above_cells_are_a_head_and_named_cells_are_none(rows: str, head: str, sure: bool):
    [found] = tables(rows)
    assert (found.head, found.sure) == (head, sure)


def test_rows_within_a_code_block_are_no_table():
    assert tables(f"```\n{PORTS}```\n") == []


def test_a_row_reads_under_the_names_of_its_columns():
    assert labelled_cells("| Oslo | | a \\| b |", "| Port | Berths | Note |") == "Port: Oslo, Note: a \\| b"
    assert labelled_cells("| Oslo | 7 | new |", "| Port |") == "Port: Oslo, 7, new"
    assert cells("| | Fjell 2 |") == ["", "Fjell 2"]


def test_a_chunk_within_a_table_has_its_head_from_its_header_also_after_a_row_that_was_cut():
    head = "| Port | Berths | Draught |"
    for text in ("| Oslo | 7 | 9 |\n| Ningbo | 12 | 4 |", "of a cut row |\n| Ningbo | 12 | 4 |"):
        assert [table.head for table in chunk_tables({"text": text, "header": f"Ports > A\n{head}"})] == [head]
    later = {"text": f"| Oslo | 7 | 9 |\n\nOther:\n\n{PORTS}", "header": head}
    assert [table.head for table in chunk_tables(later)] == [head, "| Port | Berths |"]
    assert chunk_tables({"text": "Prose alone.", "header": head}) == []


def test_what_begins_at_a_place_of_a_chunk_keeps_the_head_of_the_table_that_it_stands_in():
    chunk = {"text": f"Ports:\n\n{PORTS}\nEnd.", "header": "Shop"}
    assert header_at(chunk, chunk["text"].index("| Ningbo")) == "Shop\n| Port | Berths |"
    assert header_at(chunk, 0) == header_at(chunk, chunk["text"].index("End")) == "Shop"
    assert header_at({"text": "| Oslo | 7 |\n\nEnd.", "header": "Shop\n| Port | Berths |"}, 14) == "Shop"
