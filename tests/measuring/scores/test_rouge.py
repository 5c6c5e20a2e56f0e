import random

import pytest

from pipelines.measuring.scores.rouge import rouge_1, rouge_2, rouge_l
from pipelines.measuring.scores.tokens import common_subsequence


def test_rouge_n_by_hand_in_both_languages() -> None:
    # Lin 2004: "police kill the gunman" shares 3 words of 4 and 4, and one pair of 3 and 3.
    assert rouge_1("police kill the gunman", "police killed the gunman") == pytest.approx(3 / 4)
    assert rouge_2("police kill the gunman", "police killed the gunman") == pytest.approx(1 / 3)
    # 退货七天 against 七天退货: all characters, and the pairs 退货 and 七天 of 3 and 3.
    assert rouge_1("退货七天", "七天退货") == 1.0 and rouge_2("退货七天", "七天退货") == pytest.approx(2 / 3)
    assert rouge_1("the the the", "the") == pytest.approx(2 / 4)


def test_one_word_that_is_right_has_no_pair_and_is_right() -> None:
    assert (rouge_2("tent", "Tent."), rouge_2("是", "是"), rouge_2("是", "否")) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("text", ["七天无理由退货", "สวัสดี", "тест привет", "पूर्व प्रधानमन्त्री"])
def test_equal_texts_of_any_script_are_equal(text: str) -> None:
    """Reported as huggingface/evaluate#256, datasets#851 and google/adk-python#3111: 0 for all but ASCII letters."""
    assert rouge_1(text, text) == rouge_2(text, text) == rouge_l(text, text) == 1.0


def test_chinese_with_a_few_latin_words_is_not_measured_by_those_alone() -> None:
    """Reported as open-compass/opencompass#459: only English words and numbers counted, all Chinese was left out."""
    assert rouge_l("Fjell 2 可以退货", "Fjell 2 不能换新") < 0.5


def test_rouge_is_rouge_scores_on_english() -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rouge1", "rouge2", "rougeL"])
    generator = random.Random(0)
    for _ in range(200):
        one, other = (" ".join(generator.choices("the tent, costs 389 Euros don't".split(), k=9)) for _ in range(2))
        expected = [score.fmeasure for score in scorer.score(other, one).values()]
        assert [rouge_1(one, other), rouge_2(one, other), rouge_l(one, other)] == pytest.approx(expected)


def test_the_longest_common_subsequence_is_that_of_the_table() -> None:
    def by_table(first: str, second: str) -> int:
        rows = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
        for i, one in enumerate(first):
            for j, other in enumerate(second):
                rows[i + 1][j + 1] = rows[i][j] + 1 if one == other else max(rows[i][j + 1], rows[i + 1][j])
        return rows[-1][-1]

    generator = random.Random(0)
    for _ in range(300):
        one, other = ("".join(generator.choices("abc退货", k=generator.randint(0, 40))) for _ in range(2))
        assert common_subsequence(one, other) == by_table(one, other)
