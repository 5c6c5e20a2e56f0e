"""LLaMA-Factory's `predict`: the same names and values on the same texts, by the libraries that it uses."""

import logging
import random

import pytest

from pipelines.measuring.metrics import metrics

NAMES = ("bleu-4", "rouge-1", "rouge-2", "rouge-l")
MEASURED = [
    ("您可以在七天内退货，运费由我们承担。", "七天无理由退货，运费由我们承担。", (61.1905, 72.7273, 60.0, 72.7273)),
    ("退货", "退货", (59.4604, 100.0, 0.0, 100.0)),
    ("The tent costs 389 euros.", "It costs 389 euros.", (70.1306, 72.7273, 66.6667, 72.7273)),
    ("他说：“好的。”然后走了。", "他说好的，然后离开了。", (12.3562, 52.6316, 11.1111, 50.0)),
    ("你好！\n\n世界。……真的？？是", "你好，世界。真的是", (14.866, 66.6667, 12.5, 55.5556)),
    ("😀😀 hello 世界", "hello 世界 😀", (71.7585, 100.0, 40.0, 57.1429)),
    ("", "七天", (0.0, 0.0, 0.0, 0.0)),
    ("  \n", "七天", (0.0, 0.0, 0.0, 0.0)),
    ("七天", "", (0.0, 0.0, 0.0, 0.0)),
    ("the the the the", "the cat is on the mat", (29.0464, 33.3333, 0.0, 40.0)),
    ("wait...... what?! ok", "wait. what? ok", (52.8505, 72.7273, 22.2222, 72.7273)),
    ("订单 Fjell 2 的帐篷要 1,234.5 元", "Fjell 2 帐篷：1,234.5 元。", (61.5144, 73.6842, 47.0588, 73.6842)),
]
"""Prediction, label and what jieba 0.42.1, rouge_chinese 1.0.3 and nltk 3.10.4 give for them."""


@pytest.mark.parametrize(("prediction", "label", "expected"), MEASURED, ids=range(len(MEASURED)))
def test_values_are_those_of_llama_factorys_libraries(prediction: str, label: str, expected: tuple[float, ...]) -> None:
    assert tuple(metrics()[name](prediction, label) for name in NAMES) == expected


def test_bleu_4_of_two_characters_by_hand() -> None:
    # Orders 1 and 2 match whole; 3 and 4 have no n-gram and are smoothed to 1/2 and 1/4: (1 * 1 * 1/2 * 1/4) ** 0.25.
    assert metrics()["bleu-4"]("退货", "退货") == round(100 * (1 / 8) ** 0.25, 4)


def test_rouge_counts_a_repeated_word_once_as_rouge_chinese_does() -> None:
    # {the} against {the, cat, is, on, mat}: P 1/1, R 1/5, and F = 2 * 0.2 / 1.2.
    assert metrics()["rouge-1"]("the the the the", "the cat is on the mat") == pytest.approx(100 / 3, abs=1e-3)


def test_random_texts_of_both_languages_are_as_in_the_libraries() -> None:
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    rouge = pytest.importorskip("rouge_chinese")
    import jieba

    jieba.setLogLevel(logging.CRITICAL)

    def measured(prediction: str, label: str) -> dict[str, float]:
        found, wanted = (" ".join(jieba.cut(text)) for text in (prediction, label))
        both = found.split() and wanted.split()
        scores = rouge.Rouge().get_scores(found, wanted)[0] if both else {name: {"f": 0.0} for name in NAMES[1:]}
        bleu = nltk.sentence_bleu([list(label)], list(prediction), smoothing_function=nltk.SmoothingFunction().method3)
        return {name: round(score["f"] * 100, 4) for name, score in scores.items()} | {"bleu-4": round(bleu * 100, 4)}

    letters, generator = "的一是。！？?.… ’”“，\n\tabAB1天退货七世界😀", random.Random(0)
    for _ in range(300):
        one, other = ("".join(generator.choices(letters, k=generator.randint(0, 25))) for _ in range(2))
        assert {name: metrics()[name](one, other) for name in NAMES} == measured(one, other), (one, other)


def test_bleu_4_of_random_texts_is_nltks() -> None:
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    generator, smoothing = random.Random(1), nltk.SmoothingFunction().method3
    for _ in range(300):
        one, other = ("".join(generator.choices("退货天abc 1", k=generator.randint(0, 12))) for _ in range(2))
        expected = round(100 * nltk.sentence_bleu([list(other)], list(one), smoothing_function=smoothing), 4)
        assert metrics()["bleu-4"](one, other) == expected, (one, other)
