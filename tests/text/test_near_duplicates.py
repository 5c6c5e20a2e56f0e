"""What counts as alike, in English and in Chinese, and that the bands find it."""

import json

import numpy as np
import pytest

from pipelines.finetune.dataset.leakage import train_leaks
from pipelines.text.near_duplicates import band_keys, grams, jaccard, tokens
from pipelines.text.near_pairs import candidates, near_pairs
from tests.finetune.dataset.example_rows import read, write
from tests.finetune.dataset.rows.test_registry import SFT

ENGLISH = "Please explain to a new customer of ours, in three short sentences, how the water filter is to be cleaned "
ENGLISH += "before its first use, how often the cartridge must be changed, and where to buy another one."
CHINESE = "请用三句话向一位新顾客说明，滤水器在第一次使用之前应该怎样清洗，"
CHINESE += "滤芯需要多久更换一次，以及在哪里可以买到新的滤芯。"


def test_tokens_see_neither_case_nor_width_nor_marks():
    assert tokens("The Tent, ＯＫ!") == ["the", "tent", "ok"]
    assert tokens("退货tent") == ["退", "货", "tent"]


def test_similarity_is_counted_over_words_and_over_characters():
    assert jaccard(grams("i b c d"), grams("i b c e")) == pytest.approx(1 / 2)  # {ib, bc, cd} and {ib, bc, ce}
    assert jaccard(grams("一二三四"), grams("一二三五")) == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("如何申请退货退款？", "怎么申请退货退款？", True),
        ("请问能退货吗？", "可不可以退货", True),
        ("Can I pay with a gift card?", "Could I pay with the gift card, please?", True),
        ("I ordered two tents and one stove on your website last Monday but the parcel has not come yet, why?",
         "I ordered two tents and one stove on your website last Friday but the parcel has not come yet, why?", True),
        ("What is the capital of France?", "What is the capital of Spain?", False),
        ("帐篷多少钱？", "睡袋多少钱？", False),
        ("能退货吗？", "不能退货吗？", False),
        ("Please", "the", False),
    ],
)  # fmt: skip
def test_short_questions_are_alike_by_what_they_ask(tmp_path, one: str, other: str, alike: bool):
    bands = np.stack([band_keys(grams(each)) for each in (one, other)])
    assert bool(candidates(bands, np.array([True, True]))) or not alike
    assert (jaccard(grams(one), grams(other)) >= 0.8) == alike
    rows = [{"instruction": one, "output": "Yes, that is so."}, {"instruction": other, "output": "Yes, that is so!"}]
    write(tmp_path, "rows.json", rows)
    assert [problem.reason for problem in read(tmp_path).problems] == (["near-duplicate"] if alike else [])
    leaks = train_leaks([{"row_id": "a", "messages": _asks(one)}], [{"row_id": "b", "messages": _asks(other)}])
    assert [leak.kind for leak in leaks] == (["near"] if alike else [])


def _asks(question: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": "x"}]


def test_answers_of_marks_alone_are_not_the_same(tmp_path):
    rows = [{"instruction": "Which sign adds?", "output": "+"}, {"instruction": "Which sign adds?", "output": "-"}]
    write(tmp_path, "rows.json", rows)
    assert not read(tmp_path).problems


@pytest.mark.skipif(not SFT.exists(), reason="LLaMA-Factory's demo files are not here")
@pytest.mark.parametrize("name", ["alpaca_en_demo", "alpaca_zh_demo", "identity"])
def test_real_instructions_have_hardly_a_near_pair(name: str):
    rows = json.loads((SFT / f"{name}.json").read_text(encoding="utf-8"))
    asked = sorted({f"{row['instruction']}\n{row['input']}" for row in rows})
    bands = np.stack([band_keys(grams(each)) for each in asked])
    pairs = near_pairs(np.arange(1, len(asked) + 1, dtype=np.uint64), bands, asked.__getitem__, 0.8).pairs
    assert len(pairs) <= 2, [(asked[one - 1], asked[other - 1]) for one, other in pairs]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_changed_word_is_found_and_another_text_is_not(text: str):
    changed = text.replace("short", "brief").replace("三句话", "四句话")
    texts = [text, changed, "What does a tent cost?", "帐篷多少钱？"]
    bands = np.stack([band_keys(grams(each)) for each in texts])
    pairs = near_pairs(np.arange(1, 5, dtype=np.uint64), bands, texts.__getitem__, 0.8).pairs
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
    assert near_pairs(keys, bands, text, 0.8, few).pairs == whole.pairs
    read.clear()
    assert near_pairs(keys, bands, text, 0.8, whole).pairs == whole.pairs and not read


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
