"""What counts as alike, in English and in Chinese, and that the bands find it."""

import numpy as np
import pytest

from pipelines.finetune.near_duplicates import band_keys, candidates, gram_length, grams, jaccard, near_pairs, tokens
from tests.finetune.rows import read, write

ENGLISH = "Please explain to a new customer of ours, in three short sentences, how the water filter is to be cleaned "
ENGLISH += "before its first use, how often the cartridge must be changed, and where to buy another one."
CHINESE = "请用三句话向一位新顾客说明，滤水器在第一次使用之前应该怎样清洗，"
CHINESE += "滤芯需要多久更换一次，以及在哪里可以买到新的滤芯。"


def test_tokens_see_neither_case_nor_width_nor_marks():
    assert tokens("The Tent, ＯＫ!") == ["the", "tent", "ok"]
    assert tokens("退货tent") == ["退", "货", "tent"]


def test_similarity_is_counted_over_words_and_over_characters():
    assert jaccard(grams("a b c d"), grams("a b c e")) == pytest.approx(1 / 3)  # {abc, bcd} and {abc, bce}
    assert gram_length(tokens("怎么退货")) == 5 and gram_length(tokens("how to")) == 3
    assert jaccard(grams("一二三四五六"), grams("一二三四五七")) == pytest.approx(1 / 3)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_changed_word_is_found_and_another_text_is_not(text: str):
    changed = text.replace("short", "brief").replace("三句话", "四句话")
    texts = [text, changed, "What does a tent cost?", "帐篷多少钱？"]
    bands = np.stack([band_keys(grams(each)) for each in texts])
    pairs = near_pairs(np.arange(1, 5, dtype=np.uint64), bands, texts.__getitem__, 0.8)
    assert list(pairs) == [(1, 2)] and 0.8 <= pairs[1, 2] < 1


def test_the_bands_find_nearly_all_pairs_above_the_threshold():
    random = np.random.default_rng(7)
    missed = 0
    for _ in range(200):
        one = np.unique(random.integers(1, 2**63, 100, dtype=np.uint64))
        other = np.unique(np.r_[one[:90], random.integers(1, 2**63, 10, dtype=np.uint64)])  # 90 of 110: 0.82
        missed += not candidates(np.stack([band_keys(one), band_keys(other)]), np.array([True, True]))
    assert missed <= 1


def test_candidates_share_a_whole_key_and_not_the_end_of_one():
    random = np.random.default_rng(5)
    bands = random.integers(1, 40, (60, 25), dtype=np.uint64) << np.uint64(16)  # all end on the same 16 bits
    bands += np.arange(1, 26, dtype=np.uint64)
    fresh = np.arange(60) % 7 == 0
    expected = {
        (i, j) for i in range(60) for j in range(i + 1, 60)
        if (fresh[i] or fresh[j]) and (bands[i] == bands[j]).any()
    }  # fmt: skip
    assert 0 < len(expected) < 60 * 59 // 2 and candidates(bands, fresh) == expected


def test_earlier_pairs_are_kept_and_not_compared_again():
    texts = [ENGLISH, ENGLISH + " Thanks.", ENGLISH + " Thank you."]
    keys, bands = np.array([5, 7, 9], dtype=np.uint64), np.stack([band_keys(grams(text)) for text in texts])
    whole = near_pairs(keys, bands, texts.__getitem__, 0.8)
    read: list[int] = []

    def text(place: int) -> str:
        read.append(place)
        return texts[place]

    few = near_pairs(keys[:2], bands[:2], texts.__getitem__, 0.8)
    assert near_pairs(keys, bands, text, 0.8, few, keys[:2]) == whole
    read.clear()
    assert near_pairs(keys, bands, text, 0.8, whole, keys) == whole and not read


def test_a_near_duplicate_is_alike_in_question_and_answer(tmp_path):
    answer = "Rinse it with clean water, then let it run for five minutes; change it after two hundred litres of use."
    rows = [
        {"instruction": ENGLISH, "output": answer},
        {"instruction": ENGLISH.replace("Please", "PLEASE").replace("short", "brief"), "output": answer},
        {"instruction": ENGLISH, "output": "Ask in the shop."},
        {"instruction": ENGLISH, "output": answer, "system": "You are a pirate."},
    ]
    write(tmp_path, "rows.json", rows)
    loaded = read(tmp_path)
    assert [row["row"] for row in loaded.rows] == [1, 3, 4]
    (problem,) = loaded.problems
    assert (problem.row, problem.reason) == (2, "near-duplicate") and "rows.json, row 1" in problem.found
