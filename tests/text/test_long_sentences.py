"""Text without stops is cut where it can be, at exact places."""

import random

import pytest

from pipelines.text.sentences import sentences

FACTS = ["张伟负责宁波仓库", "仓库面积三千平方米", "李娜负责上海门店", "门店位于南京路", "王强负责广州工厂"]


def split(text: str) -> list[str]:
    found = sentences(text)
    kept = "".join(text[start:end] for start, end in found)
    assert "".join(kept.split()) == "".join(text.split())
    return [text[start:end] for start, end in found]


@pytest.mark.parametrize("mark", ["，", "、", "；", " ", "\u3000", ": "])
def test_chinese_without_full_stops_is_cut_at_its_weaker_marks_and_spaces(mark: str):
    parts = split(mark.join(FACTS * 12))
    assert len(parts) > 5 and all(len(part) <= 80 for part in parts)
    assert all(part.strip("，、；: ").endswith(tuple(FACTS)) for part in parts)


def test_a_stronger_mark_wins_over_a_later_weaker_one():
    text = ("，".join(FACTS[:4]) + "；" + "，".join(FACTS[:3]) + "，") * 6
    assert split(text)[0] == "，".join(FACTS[:4]) + "；"


def test_chinese_without_any_mark_is_cut_between_words():
    parts = split("宁波仓库面积" * 60)
    assert len(parts) > 3 and all(part.startswith(("宁波", "仓库", "面积")) for part in parts)


def test_a_line_of_69_kilobytes_is_cut_between_words_into_what_can_be_read():
    draw = random.Random(1)
    words = [draw.choice(("port", "berth", "draught", "warehouse", "x")) for _ in range(11_000)]
    parts = split(" ".join(words))
    assert len(parts) > 200 and all(len(part) <= 240 for part in parts)
    assert [word for part in parts for word in part.split()] == words
    assert all(len(part) <= 240 for part in split("A" * 69_000))


def test_commas_come_before_spaces_and_thousands_are_not_cut():
    parts = split("the harbour paid 1,200 euros for 3,400 bolts, " * 30)
    assert all(part.endswith("bolts,") and part.startswith("the harbour") for part in parts)


def test_a_long_sentence_that_is_one_stays_whole():
    english = "The harbour, " + "which was opened in 1912 and closed again, " * 13 + "is in Oslo."
    chinese = "宁波仓库的面积为三千平方米，" * 10 + "今年扩建。"
    assert 560 < len(english) < 600 and split(english) == [english]
    assert 140 < len(chinese) <= 150 and split(chinese) == [chinese]
    row = "| " + " | ".join(["a cell of a row"] * 60) + " |"
    assert split(row) == [row]


def test_a_part_of_a_long_sentence_cut_out_keeps_its_borders():
    text = "，".join(FACTS * 30)
    places = sentences(text)
    start = places[2][0]
    assert sentences(text[start:]) == [(first - start, last - start) for first, last in places[2:]]
