import math

import numpy as np
import pytest
import sacrebleu

from pipelines.measuring.metrics import metrics
from pipelines.measuring.scores.bleu import bleu_of_sums, bleu_tokens, sentence_bleu
from pipelines.measuring.scores.metric import Answers

ENGLISH = [
    ("the cat sat on the mat today", "the cat is on the mat today"),
    ("The tent: 389 euros &amp; more.", "It costs 389 euros & more."),
    ("yes", "no"),
    ("", "You have 45 days to return it."),
]
CHINESE = [
    ("您可以在七天内退货。", "七天无理由退货。"),
    ("帐篷 Fjell 2 要 389 欧元。", "Fjell 2 帐篷 389 欧元"),
    ("是", "否"),
    ("", "七天无理由退货"),
]


@pytest.mark.parametrize(("pairs", "tokens"), [(ENGLISH, "13a"), (CHINESE, "zh")], ids=["en", "zh"])
def test_bleu_is_sacrebleus_in_the_tokens_of_the_language(pairs: list[tuple[str, str]], tokens: str) -> None:
    predictions, references = ([pair[side] for pair in pairs] for side in (0, 1))
    corpus = sacrebleu.corpus_bleu(predictions, [references], tokenize=tokens).score / 100
    assert corpus > 0 and metrics()["bleu"].of(Answers(predictions, references)) == pytest.approx(corpus)
    for prediction, reference in pairs:
        score = sacrebleu.sentence_bleu(prediction, [reference], tokenize=tokens, use_effective_order=True).score
        assert sentence_bleu(prediction, reference) == pytest.approx(score / 100)


def test_corpus_bleu_by_hand() -> None:
    # Shared of all n-grams: 4/5, 3/4, 2/3 and 1/2; five tokens for five wanted, so no brevity penalty.
    bleu = metrics()["bleu"].of(Answers(["a b c d x"], ["a b c d e"]))
    assert bleu == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    # 退货七天 against 退货七天内: every n-gram is shared, four tokens for five: exp(1 - 5/4).
    assert metrics()["bleu"].of(Answers(["退货七天"], ["退货七天内"])) == pytest.approx(math.exp(-1 / 4))


def test_an_order_without_a_match_is_smoothed_as_sacrebleu_does() -> None:
    for counts in ([5, 5, 3, 1, 0, 0, 5, 4, 3, 2], [9, 12, 4, 0, 0, 0, 9, 8, 7, 6], [3, 3, 3, 2, 1, 0, 3, 2, 1, 0]):
        expected = sacrebleu.BLEU.compute_bleu(counts[2:6], counts[6:], counts[0], counts[1], "exp").score / 100
        assert bleu_of_sums(np.array(counts, dtype=float)) == pytest.approx(expected)


def test_a_corpus_is_not_the_mean_of_its_sentences() -> None:
    pairs = [("a b c d e", "a b c d e"), ("x", "y")]
    answers = Answers(*([pair[side] for pair in pairs] for side in (0, 1)))
    assert metrics()["sentence_bleu"].of(answers) == pytest.approx(0.5)
    assert metrics()["bleu"].of(answers) == pytest.approx((5 / 6) ** 0.25)  # only order 1 has one token more


@pytest.mark.parametrize("text", ["Zhongjian Plaza", "yes", "happy", "ant", "退货", "是"])
def test_a_right_answer_of_few_words_is_right(text: str) -> None:
    """Reported as mjpost/sacrebleu#114 and #278 and nltk/nltk#2217: equal short texts got 0, or far below 1."""
    assert sentence_bleu(text, text) == 1.0


@pytest.mark.parametrize(("prediction", "reference"), [("yes", "no"), ("this is a cat", "okay thanks"), ("是", "否")])
def test_a_wrong_answer_of_few_words_is_wrong(prediction: str, reference: str) -> None:
    """Reported as mjpost/sacrebleu#141: smoothing gave "yes" for "no" 0.5."""
    assert sentence_bleu(prediction, reference) == 0.0


def test_equal_chinese_texts_are_equal_whatever_their_length() -> None:
    """Reported as vibrantlabsai/ragas#2101 and facebookresearch/fairseq#4689: with `13a` they got 0."""
    for text in ("七天无理由退货", "您可以在七天内退货，运费由我们承担。"):
        assert metrics()["bleu"].of(Answers([text], [text])) == 1.0
        assert sacrebleu.corpus_bleu([text], [[text]], tokenize="13a").score < 100


def test_chinese_characters_beyond_the_basic_plane_are_characters_too() -> None:
    # sacreBLEU's `zh` alone makes one word of two of them, which shares nothing with one.
    assert bleu_tokens("去𠮷𠮶店", "去")[0].split() == ["去", "𠮷", "𠮶", "店"]
    assert sentence_bleu("去𠮷𠮶店", "去𠮷店") > sentence_bleu("去𠀀𠀁店", "去𠮷店")


def test_a_row_in_two_languages_is_cut_alike_on_both_sides() -> None:
    assert bleu_tokens("Fjell帐篷", "the Fjell tent") == ("Fjell 帐 篷", "the Fjell tent")
    assert sentence_bleu("Fjell帐篷", "the Fjell tent") > 0
