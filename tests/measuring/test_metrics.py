import pytest
from sacrebleu import sentence_chrf

from pipelines.measuring.metrics import answer_tokens, chrf, exact_match, metrics, rouge_l, score_texts, token_f1


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


@pytest.mark.parametrize("metric", metrics())
def test_nothing_generated_scores_nothing(metric: str) -> None:
    assert score_texts([""], ["some text"])[metric] == [0.0]


@pytest.mark.parametrize("metric", metrics())
def test_every_metric_gives_a_perfect_answer_one(metric: str) -> None:
    perfect = ["七天无理由退货，运费由我们承担。", "You have 45 days."]
    assert score_texts(perfect, perfect)[metric] == pytest.approx([1.0, 1.0])
