import math

import pytest
from sacrebleu import sentence_chrf

from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import METRICS, add
from pipelines.measuring.metrics import deciding_scores, default_metrics, known_metrics, metrics, score_texts
from pipelines.measuring.scores.answer_match import exact_match, token_f1
from pipelines.measuring.scores.chrf import chrf
from pipelines.measuring.scores.metric import LOG_PROBABILITIES, PREDICTION, Answers
from pipelines.measuring.scores.rouge import rouge_l
from pipelines.measuring.scores.tokens import answer_tokens
from resources.settings import CHECKOUT


def test_exact_match_ignores_case_punctuation_and_articles() -> None:
    assert exact_match("The Tent.", "tent") == 1.0
    assert exact_match("the tents", "tent") == 0.0


def test_token_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    # 2 shared tokens of 3 predicted and 4 expected: 2 * 2 / (3 + 4).
    assert token_f1("return tents today", "return all tents unused") == pytest.approx(4 / 7)


def test_token_f1_counts_a_repeated_token_as_often_as_both_hold_it() -> None:
    assert token_f1("tent tent tent", "tent") == pytest.approx(2 * 1 / (3 + 1))


def test_token_f1_compares_chinese_by_character() -> None:
    # 七天退货 against 七天无理由退货: 4 shared of 4 and of 7.
    assert token_f1("七天退货。", "七天无理由退货") == pytest.approx(8 / 11)


def test_full_width_and_ordinary_forms_are_the_same() -> None:
    assert exact_match("４５天，免运费！", "45天免运费") == 1.0
    assert answer_tokens("订单 Fjell 2 的帐篷") == ["订", "单", "fjell", "2", "的", "帐", "篷"]


def test_rouge_l_follows_the_order_of_words() -> None:
    # Lin 2004's example: LCS "police the gunman" is 3 of 4 and 4 tokens, "the gunman" only 2.
    assert rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(3 / 4)
    assert rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(2 / 4)


def test_rouge_l_compares_chinese_by_character() -> None:
    assert rouge_l("退货七天", "七天退货") == pytest.approx(2 / 4)


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("the cat sat on the mat", "the cat is on the mat"),
        ("您可以在七天内退货", "七天无理由退货"),
        ("The Fjell 2 tent: 389 euros.", "It costs 389 euros."),
        ("a", "abc"),
    ],
)
def test_chrf_is_sacrebleus(prediction: str, reference: str) -> None:
    assert chrf(prediction, reference) == pytest.approx(sentence_chrf(prediction, [reference]).score / 100)


def test_chrf_by_hand_for_one_character_order() -> None:
    # One character each: orders 2 to 6 have no n-grams and do not count.
    assert chrf("a", "a") == pytest.approx(1.0)
    assert chrf("退", "货") == 0.0
    # Order 1: P 2/2, R 2/3; order 2: P 1/1, R 1/2; sacreBLEU averages P and R over the orders both sides have.
    precision, recall = 1.0, (2 / 3 + 1 / 2) / 2
    assert chrf("ab", "abc") == pytest.approx(5 * precision * recall / (4 * precision + recall))


OVERLAP = ("exact_match", "token_f1", "rouge_1", "rouge_2", "rouge_l", "bleu", "sentence_bleu", "chrf", "bleu-4",
           "rouge-1", "rouge-2", "rouge-l")  # fmt: skip


@pytest.mark.parametrize("metric", OVERLAP)
def test_nothing_generated_scores_nothing(metric: str) -> None:
    assert metrics()[metric]("", "some text") == metrics()[metric](" \n", "七天") == 0.0


@pytest.mark.parametrize("metric", OVERLAP)
def test_every_metric_gives_a_perfect_answer_its_best(metric: str) -> None:
    perfect = ["七天无理由退货，运费由我们承担。", "You have 45 days."]
    assert metrics()[metric].of(Answers(perfect, perfect)) == pytest.approx(metrics()[metric].high)


HOSTILE = {
    "empty": "", "spaces": " \t\n ", "emoji": "😀👩‍👩‍👧" * 50, "marks": "。！？……" * 50,
    "controls": "\x00\u202e\ufeff" * 50,
    "lone surrogate": "\ud800 a", "long Chinese": "您可以在七天内退货，" * 1000,
    "long English": "return it in days. " * 550,
    "braces": '{"a":' * 2000, "brackets": "[" * 10_000, "digits": "9" * 10_000, "one word": "a" * 10_000,
    "regret": "sorry " * 1700,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_leaves_a_metrics_range(text: str) -> None:
    for metric in metrics().values():
        for reference in (text, "七天无理由退货 in 45 days", ""):
            value = metric(text, reference)
            assert math.isnan(value) or metric.low <= value <= metric.high, (metric.name, value)


@pytest.mark.parametrize("name", metrics())
def test_every_metric_says_what_it_is(name: str) -> None:
    metric = metrics()[name]
    assert metric.name == name and metric.source and metric.empty and metric.low < metric.high
    assert (metric.rows is None) != (metric.counts is None) and (metric.counts is None) == (metric.value is None)


def test_what_needs_something_that_is_not_there_says_nothing() -> None:
    needing = [name for name, metric in metrics().items() if LOG_PROBABILITIES in metric.needs]
    assert needing == ["perplexity"] and metrics()["perplexity"].of(Answers(["a"], ["b"])) is None


def test_four_are_measured_unless_others_are_named_and_a_packages_beside_them() -> None:
    assert default_metrics() == ("exact_match", "token_f1", "rouge_l", "chrf")
    assert list(score_texts(["a"], ["a"])) == list(default_metrics())
    assert score_texts(["305"], ["三百零五"], ["number_match"]) == {"number_match": [1.0]}


def test_a_misspelt_metric_is_told_with_the_one_that_is_meant() -> None:
    with pytest.raises(ConfigurationError, match="rouge_l") as caught:
        known_metrics(["rogue_l"], "metrics of recipe lora")
    assert "metrics of recipe lora" in str(caught.value)
    assert known_metrics(["chrf", "bleu", "chrf"], "x") == ("chrf", "bleu")


def test_a_metric_of_the_corpus_has_no_rows() -> None:
    with pytest.raises(TypeError, match="of the corpus"):
        score_texts(["a"], ["a"], ["bleu"])


def test_a_function_from_outside_is_a_metric_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.core.extensions._added", {})
    monkeypatch.setattr("pipelines.core.extensions._tables", {})
    add(METRICS, "same_length", lambda prediction, reference: float(len(prediction) == len(reference)))
    assert default_metrics()[-1] == "same_length" and metrics()["same_length"]("七天", "ab") == 1.0
    assert metrics()["same_length"].per_row and metrics()["same_length"].high == 1.0


def test_the_docs_say_of_each_metric_what_it_says_of_itself() -> None:
    page = (CHECKOUT / "docs" / "finetuning" / "metrics.md").read_text(encoding="utf-8")
    table = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`") for row in table} == set(metrics())
    for name, reach, better, of_a, needs, _, empty, source in table:
        metric = metrics()[name.strip("`")]
        high = "∞" if metric.high == math.inf else f"{metric.high:g}"
        assert (reach, better) == (f"{metric.low:g} … {high}", "higher" if metric.higher_is_better else "lower")
        assert (of_a, needs) == ("row" if metric.per_row else "corpus", ", ".join(metric.needs))
        assert (empty, source) == (metric.empty, metric.source)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("refusal_rate", "better the lower"), ("bleu", "of the corpus"), ("number_match", "nothing of 1 of 2 rows"),
        ("chrff", "the metric 'chrff'"),
    ],
)  # fmt: skip
def test_what_cannot_decide_is_refused_and_told(name: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        deciding_scores(["305", "no"], ["三百零五", "none"], [name], "the metrics of a promotion")


def test_what_decides_sees_all_rows_together() -> None:
    # Of two labels an answer that names both is wrong; alone, beside its own reference, it would name one.
    scores = deciding_scores(["positive or negative", "negative"], ["positive", "negative"], ["label_accuracy"], "x")
    assert scores == {"label_accuracy": [0.0, 1.0]}
    assert deciding_scores(["a"], ["a"], ["token_f1", "chrf"], "x") == {"token_f1": [1.0], "chrf": [1.0]}


@pytest.mark.parametrize("name", [name for name, metric in metrics().items() if PREDICTION in metric.needs])
def test_no_metric_leaves_a_row_out_because_of_what_was_answered(name: str) -> None:
    references = ["#### 42", "", "I cannot help with that.", '{"name": "f", "arguments": {}}', "发货要三天。"]
    answers = ["42", "", "no idea", "抱歉，我无法回答。", "{", "x" * 3000, "\x00"]
    metric = metrics()[name]
    score = metric.rows or metric.row_counts
    measured = {tuple(one is None for one in score(Answers([text] * len(references), references))) for text in answers}
    assert len(measured) == 1, "who answers worse would be measured on fewer rows"
