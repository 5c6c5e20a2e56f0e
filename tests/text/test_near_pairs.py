"""What many texts share is no likeness; work grows with the texts, not with their square."""

import random

import numpy as np
import pytest

from pipelines.text import near_pairs as module
from pipelines.text.near_duplicates import band_keys, grams
from pipelines.text.near_pairs import NearPairs, near_pairs

ENGLISH = """Read the message of a customer below and say what it is about. Consider first what the customer wants to
have and then which of our four departments can give it: the shop, the workshop, the store or the office. A message may
name several things; then the first decides. Anger, praise and jokes don't count, nor do names, dates and numbers. If
nothing fits, the office takes it. Answer with a single word, written small, without a full stop, and never explain your
choice."""
CHINESE = """请阅读下面的顾客留言，判断它属于哪一类。首先想一想顾客想要得到什么，然后看四个部门中的哪一个能够提供：
商店、维修部、仓库还是办公室。一条留言可能提到好几件事情，这时以第一件为准。生气、表扬和玩笑都不算，人名、日期和
数字也不算。如果都不合适，就交给办公室处理。只用一个词回答，不要标点符号，也绝对不要说明理由。"""
WORDS = "tent stove rope lamp boot map axe sledge flask kayak rain snow river hill cup mug pan lid bag net".split()
SIGNS = list("山水火土木金石田禾竹米鱼鸟马牛羊风雨雪云")


def templated(template: str, count: int, seed: int = 1) -> list[str]:
    """Return texts of one template, each with a message of its own at its end."""
    draw = random.Random(seed)
    own, joint = (SIGNS, "") if template == CHINESE else (WORDS, " ")
    return [f"{template}\n{joint.join(draw.sample(own, 8))} {seed}{n}" for n in range(count)]


def pairs_of(texts: list[str], earlier: NearPairs | None = None) -> NearPairs:
    keys = np.arange(1, len(texts) + 1, dtype=np.uint64)
    bands = np.stack([band_keys(grams(text)) for text in texts])
    return near_pairs(keys, bands, texts.__getitem__, 0.8, earlier)


@pytest.mark.parametrize("template", [ENGLISH, CHINESE])
@pytest.mark.parametrize("count", [12, 300])
def test_texts_of_one_template_are_alike_only_by_their_own_part(template: str, count: int):
    texts = templated(template, count)
    assert not pairs_of(texts).pairs
    long = " ".join(WORDS) if template == ENGLISH else "".join(SIGNS)
    again = [*texts, f"{template}\n{long} gone", f"{template}\n{long} lost"]
    assert list(pairs_of(again).pairs) == [(count + 1, count + 2)]


def test_two_templates_in_one_dataset_and_one_that_most_rows_have_not(tmp_path):
    others = [f"{' '.join(random.Random(n).choices(WORDS, k=14))} {n}?" for n in range(400)]
    texts = [*templated(ENGLISH, 60), *templated(CHINESE, 60), *others]
    assert not pairs_of(texts).pairs


def test_few_texts_that_differ_by_a_word_are_still_near_duplicates():
    few = [f"{ENGLISH}\n{word}" for word in WORDS[:3]]
    assert sorted(pairs_of(few).pairs) == [(1, 2), (1, 3), (2, 3)]


def test_many_ways_to_ask_the_same_are_still_one():
    asked = ["Can I pay the bill by card at the counter today", "Could I pay a bill by card at the counter today"]
    texts = [f"{one}{mark}" for one in asked for mark in ("", ", please", " please?")] * 4
    texts = [f"{text}{'!' * n}" for n, text in enumerate(texts)]
    assert len(pairs_of(texts).pairs) == 24 * 23 // 2 and set(pairs_of(texts).pairs.values()) == {1.0}


@pytest.mark.parametrize("template", [ENGLISH, CHINESE])
def test_the_number_of_comparisons_grows_with_the_texts(template: str, monkeypatch: pytest.MonkeyPatch):
    compared: list[int] = []
    real = module.likeness
    monkeypatch.setattr(module, "likeness", lambda *parts: compared.append(1) or real(*parts))
    counts = []
    for count in (250, 1000):
        compared.clear()
        pairs_of(templated(template, count))
        counts.append(len(compared))
    assert counts[1] <= 30 * 1000 and counts[1] < 6 * max(counts[0], 250)  # all pairs: 499,500, and 16 times as many


def test_a_delta_among_texts_of_a_template_gives_what_a_rebuild_gives():
    texts = templated(ENGLISH, 40)
    for count in (8, 10, 11, 12, 30, 40):
        before = pairs_of(texts[: max(count - 3, 5)])
        assert pairs_of(texts[:count], before).pairs == pairs_of(texts[:count]).pairs
