"""Cells of a table's row, and fields of a form, are no sentence; facts that a row states stay."""

import pytest

from tests.knowledge.extraction.test_extraction import extract_text

INVOICE = """# Invoice 2024-117

| Bill to | Ship to | Invoice date | Due date |
| --- | --- | --- | --- |
| Harbour Foods Ltd | Dock Street 5, Hull | 2024-03-01 | 2024-03-31 |

| Item | Description | Quantity | Unit Price | Amount |
| --- | --- | --- | --- | --- |
| 1 | Falk Tent | 2 | 120.00 | 240.00 |
| | | | Subtotal | 320.00 |
| | | | Total Due | USD 384.00 |

| Bank | IBAN | Account Name |
| --- | --- | --- |
| Barclays | GB29 NWBK 6016 1331 9268 19 | Northfield Supplies Ltd |
"""
CHINESE_INVOICE = """# 发票

| 购买方 | 地址 | 金额 |
| --- | --- | --- |
| 深圳远航贸易有限公司 | 深圳市南山区科技路5号 | 3,200.00 |
"""
WITHOUT_TABLE = (
    "Invoice No: 117\nBill To: Harbour Foods Ltd Ship To: Dock Street 5\nItem Description Quantity Unit Price Amount\n"
    "Falk Tent 2 120.00 240.00\nArctic Stove 1 80.00 80.00\nSubtotal 320.00\nTotal Due USD 384.00\n"
)
LAYOUT = "| Bill To: Harbour Foods Ltd Dock Street 5 Hull HU1 2AB | Ship To: Erik Lund, Kaigata 7 |\n"


@pytest.mark.parametrize("invoice", [INVOICE, CHINESE_INVOICE, WITHOUT_TABLE, LAYOUT])
def test_cells_of_an_invoice_are_no_relations(invoice: str):
    assert extract_text(invoice).relations == ()


def test_what_an_invoice_calls_its_fields_and_its_numbers_are_no_names():
    names = {entity.name for text in (INVOICE, WITHOUT_TABLE, LAYOUT) for entity in extract_text(text).entities}
    labels = {"Bill", "Ship", "Invoice", "Unit", "Subtotal", "Total Due", "Account Name", "GB29 NWBK"}
    assert not names & (labels | {"Item Description Quantity Unit Price Amount", "Harbour Foods Ltd Dock"})
    assert {"Harbour Foods Ltd", "Northfield Supplies Ltd"} <= names


@pytest.mark.parametrize(
    "table",
    [
        "| team | lead | place |\n| --- | --- | --- |\n| Team A | Nora Vik | Oslo |\n",
        "| team: Team A | lead: Nora Vik | place: Oslo |\n",
        "| Team A | Nora Vik, since 2019 | Oslo |\n",
    ],
)
def test_a_row_that_states_a_fact_still_relates_its_names(table: str):
    pairs = {frozenset((one.source, one.target)) for one in extract_text(table).relations}
    assert frozenset(("Team A", "Nora Vik")) in pairs


def test_the_label_of_a_cell_is_no_entity_of_each_row():
    rows = (
        "| Account Owner: Nora Vik | Home City: Oslo | Berth Count: 7 |\n"
        "| Account Owner: Omar Said | Home City: Hull |\n"
    )
    assert {entity.name for entity in extract_text(rows).entities} <= {"Nora Vik", "Omar Said", "Oslo", "Hull"}


def test_a_sentence_with_figures_or_an_address_still_relates_what_it_names():
    text = (
        "In 2023 Nora Berg of Alder Systems sold 3,200 headlamps from the shop at 5 Dock Street in Oslo to people who "
        "came from Turin, she said."
    )
    pairs = {frozenset((one.source, one.target)) for one in extract_text(text).relations}
    assert frozenset(("Nora Berg", "Alder Systems")) in pairs
