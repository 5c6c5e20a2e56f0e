"""A digest in Markdown and HTML: all of the record is in it, and whatever a name says is text."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from pipelines.orchestration.digest.markdown import digest_markdown
from pipelines.orchestration.digest.page import digest_page
from pipelines.orchestration.digest.record import (
    Cost,
    Finding,
    Judged,
    Made,
    Night,
    Picture,
    Rejected,
    Step,
    cost_in_all,
    headline,
)

EVIL = "<script>alert(1)</script>\"'|&\x1b[31m\n\u202e![x](http://evil/x.png) [y](javascript:z)"
NIGHT = Night(
    "2026-11-30T02:00", "failed", "", "2026-11-30T02:00:00.000+00:00", "2026-11-30T03:10:05.250+00:00", 4205.25,
    steps=(Step("knowledge", "done", "", 12.5, 11.0), Step("finetune[lora]", "FAILED", "out of memory", 300.0),
           Step("promotion", "skipped", "preparation failed", 0.0)),
    assets=(Made("documents", "", "as it was", 2.0, 3.0, {"new": 1200}), Made("adapter", "lora", "not made")),
    findings=(Finding("gated", "adapter", "lora", "loss_fell", "2.0 before, 2.1 after"),
              Finding("warned", "chunks", "", "few_are_short", "share 0.5")),
    costs=(Cost("answers", 30, 12345, 0.25, 8.0, 4, 2, 40, 20000, 0.4), Cost("extractions", 1, 10, None)),
    verdict="hold", why="lora stays champion", champion="lora (version 3)",
    recipes=(Judged("qlora", "hold", "token_f1 +0.001"),),
    rejected=(Rejected("documents", "政策/坏.pdf", "", "no page", "write it again"),),
    notes=("the webhook has not got this digest",),
)  # fmt: skip


class Tags(HTMLParser):
    """Elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def evil() -> Night:
    """Return a night in which every text is markup."""

    def worse(value: object) -> object:
        if isinstance(value, str):
            return EVIL
        if isinstance(value, dict):
            return {EVIL if name == "new" else name: worse(one) for name, one in value.items()}
        return [worse(one) for one in value] if isinstance(value, list | tuple) else value

    stored = worse(NIGHT.as_json())
    assert isinstance(stored, dict)
    return Night.from_json({**stored, "started": NIGHT.started, "ended": NIGHT.ended})


def test_both_hold_every_text_of_the_record():
    wanted = [
        "2026-11-30T02:00", "failed", "1 h 10 min", "12.5 s", "11.0 s", "out of memory", "preparation failed",
        "as it was", "1,200 new", "adapter[lora]", "loss_fell", "2.1 after", "30", "40", "12,345", "20,000", "0.25",
        "0.4", "not sent", "hold: lora stays champion", "lora (version 3)", "qlora", "token_f1 +0.001", "政策/坏.pdf",
        "write it again",
        "the webhook has not got this digest",
    ]  # fmt: skip
    for shown in (digest_markdown(NIGHT), Tags(digest_page(NIGHT, [])).text):
        assert not [text for text in wanted if text not in shown]


def test_columns_in_which_nothing_stands_are_left_out():
    told = digest_markdown(NIGHT)
    assert "| of | file | found | to do |" in told and "| of | file | row |" not in told


def test_no_text_of_a_page_is_markup_and_it_asks_nobody_for_anything():
    page, clean = digest_page(evil(), [Picture(EVIL, b"png")]), digest_page(NIGHT, [Picture("loss", b"png")])
    found, wanted = Tags(page), Tags(clean)
    assert set(found.tags) <= set(wanted.tags) | {"b"} and "script" not in found.tags
    addresses = [value for name, value in found.values if name in ("src", "href", "action", "xlink:href")]
    assert addresses == ["data:image/png;base64,cG5n"]
    assert not [name for name, _ in found.values if name.startswith("on") or name == "style"]
    policy = next(value for name, value in found.values if value.startswith("default-src"))
    assert (
        policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy and "http" not in policy
    )


def test_the_policys_digest_is_that_of_the_style_so_that_a_browser_applies_it():
    page = digest_page(NIGHT, [])
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"sha256-{digest}" in page and "light-dark(" in style and "color-scheme: light dark" in style
    assert "url(" not in style and "@import" not in style


def test_no_text_of_markdown_ends_its_cell_or_makes_a_picture_or_a_link():
    told = digest_markdown(evil().written_by(str))
    assert "<script" not in told and "\x1b" not in told and "\u202e" not in told and "](http" not in told
    tables = [line for line in told.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in tables if "loss" in line or "---" not in line}
    assert widths <= {len(re.findall(r"(?<!\\)\|", line)) for line in tables if "---" in line}


def test_the_headline_says_what_went_wrong_and_what_became_of_the_model():
    assert headline(NIGHT).splitlines() == [
        "Graftline night 2026-11-30T02:00: failed in 1 h 10 min",
        "FAILED: finetune[lora]: out of memory",
        "skipped: promotion: preparation failed",
        "gated: adapter[lora]: 2.0 before, 2.1 after",
        "Promotion: hold: lora stays champion",
        "Language model: 31 calls, 12,355 tokens, 0.25 in money; planned about 40 calls, 20,000 tokens, 0.4 in money; "
        "2 not sent: the budget",
        "Rejected input: 1",
    ]


def test_money_that_nobody_knows_is_not_called_nothing():
    night = Night("n", "done", "", "", "", 1.0, costs=(Cost("answers", 2, 30, None),))
    assert cost_in_all(night) == "2 calls, 30 tokens"


def test_a_record_of_another_release_is_read_without_what_this_one_does_not_know():
    stored = NIGHT.as_json()
    stored["steps"][0]["colour"] = "red"
    assert Night.from_json({**stored, "weather": "rain"}) == NIGHT
