"""What repeats on every page is no text; words and sentences go on over the ends of lines and pages."""

import pytest

from pipelines.text.page_lines import (
    join_pair,
    leads_on,
    leads_over_page,
    vocabulary_of,
    with_whole_words,
    without_furniture,
)

BODY = [
    "The crane of berth 7 was built in 1912.",
    "Nora Vik has led the crew.",
    "Tolls are paid in May.",
    "Nobody swims.",
]


def pages(head: str, foot: str) -> list[list[str]]:
    return [[head.format(n + 1), "", f"{line} {'x' * n}", "", foot.format(n + 1)] for n, line in enumerate(BODY)]


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        ("Confidential", "Page {} of 4"),
        ("Page {}", "Acme Harbour Report {}"),
        ("机密", "第 {} 页 共 4 页"),
        ("- {} -", "www.harbour.example"),
    ],
)
def test_running_heads_and_page_numbers_go(head: str, foot: str):
    kept = without_furniture(pages(head, foot))
    assert [[line for line in page if line] for page in kept] == [[f"{line} {'x' * n}"] for n, line in enumerate(BODY)]


def test_left_and_right_heads_go_and_what_a_few_pages_share_stays():
    sides = [["Harbour", body, "end"] if n % 2 else ["Report", body, f"{n}"] for n, body in enumerate(BODY + BODY[:2])]
    assert [line for page in without_furniture(sides) for line in page if line in ("Harbour", "Report")] == []
    two = [["Same", "a"], ["Same", "b"]]
    assert without_furniture(two) == two


def test_titles_with_numbers_figures_and_heads_of_tables_are_text():
    days = [[f"Day {n}", f"We walk {7 * n * n} km.", "x" * n] for n in range(1, 7)]
    assert without_furniture(days) == days
    sums = [[f"{n * n + 3}.50", f"text {chr(97 + n)}", f"{n * 7 % 5}.20"] for n in range(6)]
    assert without_furniture(sums) == sums
    rows = [["| Port | Berths |", f"| Oslo{n} | {n} |"] for n in range(6)]
    assert without_furniture(rows) == rows
    alike = [["Ticket"], ["Ticket"], ["Ticket"]]
    assert without_furniture(alike) == alike


def test_a_hyphen_at_a_lines_end_goes_where_it_parts_a_word():
    words = vocabulary_of([["a well-known port", "all con-", "tainers are containers"]])
    assert "con" not in words
    assert join_pair("all con-", "tainers came", words) == "all containers came"
    assert join_pair("a well-", "known port", words) == "a well-known port"
    assert join_pair("the har\u00ad", "bour", words) == "the harbour"
    assert join_pair("the quay-", "side", words) == "the quayside"
    assert join_pair("from 2024-", "2025", words) == "from 2024- 2025"
    assert join_pair("宁波仓库的", "面积", words) == "宁波仓库的面积"


def test_a_word_that_two_pages_part_is_whole_on_the_first():
    assert with_whole_words([["They sell con-", ""], ["", "tainers in Oslo."]]) == [
        ["They sell containers", ""],
        ["", "in Oslo."],
    ]


@pytest.mark.parametrize(
    ("line", "following", "goes_on"),
    [
        ("The master of the whole port of", "Oslo is Nora Vik.", True),
        ("The port is closed in winter, spring,", "May and June.", True),
        ("They sell con-", "tainers.", True),
        ("港口负责人的姓名和电话号码都写在入口处，", "Nora Vik也在。", True),
        ("Who we are", "Nora Vik leads.", False),
        ("The port of Oslo was opened in 1912", "Staff", False),
        ("The master of the whole port of", "- Oslo", False),
        ("# The master of the whole port of", "Oslo", False),
    ],
)
def test_a_line_that_ends_on_a_word_that_binds_goes_on(line: str, following: str, goes_on: bool):
    assert leads_on(line, following) is goes_on


@pytest.mark.parametrize(
    ("line", "following", "goes_on"),
    [
        ("Since last year the master of the port has", "been Nora Vik.", True),
        ("宁波仓库的负责人从去年开始已经换成了新来的", "王强先生。", True),
        ("Since last year the master has been Nora Vik.", "been", False),
        ("宁波仓库的负责人从去年开始是王强。", "王强先生", False),
        ("Since last year the master of the port", "# Tolls", False),
        ("Since last year the master of the port", "Tolls", False),
    ],
)
def test_a_sentence_goes_on_over_the_end_of_a_page(line: str, following: str, goes_on: bool):
    assert leads_over_page(line, following) is goes_on
