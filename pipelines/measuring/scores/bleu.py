"""BLEU of a corpus and of a sentence, as sacreBLEU counts it, in the tokens of the row's language."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from pipelines.measuring.scores.metric import Answers, Metric, by_pair
from pipelines.text.characters import HAN_CHARACTER

_ORDER = 4


def sentence_bleu(prediction: str, reference: str) -> float:
    """Return BLEU-4 of one answer (Papineni et al. 2002): orders that it is too short for don't count.

    sacreBLEU's `sentence_bleu` over 100, smoothed as mteval does, over `bleu_tokens`.
    """
    return min(1.0, float(_scored(prediction, reference).score) / 100.0)


def bleu_counts(answers: Answers) -> list[Sequence[float]]:
    """Return by row: tokens of prediction and reference, then for orders 1 to 4 the shared n-grams, then all."""
    scored = [_scored(*pair) for pair in answers.pairs()]
    return [[one.sys_len, one.ref_len, *one.counts, *one.totals] for one in scored]


def bleu_of_sums(sums: np.ndarray) -> np.ndarray:
    """Return the corpus's BLEU of summed counts (…, 10), with sacreBLEU's smoothing of orders without a match."""
    length, wanted = sums[..., 0], sums[..., 1]
    shared, every = sums[..., 2 : 2 + _ORDER], sums[..., 2 + _ORDER :]
    without = np.cumsum(shared == 0, axis=-1)
    smoothed = np.where(shared > 0, shared, 0.5 ** np.where(shared > 0, 0, without))
    known = (shared[..., 0] > 0) & (every > 0).all(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.log(smoothed / every).mean(axis=-1)
        brevity = np.where(length < wanted, 1 - wanted / length, 0.0)
        return np.where(known, np.minimum(1.0, np.exp(means + brevity)), 0.0)


def bleu_tokens(prediction: str, reference: str) -> tuple[str, str]:
    """Return both texts in sacreBLEU's tokens: `zh` where one of them has a Chinese character, else `13a`.

    sacreBLEU's own `zh` leaves Chinese characters beyond U+FFFF (𠮷, in names) in one word with their neighbours: here
    each of them stands alone, as all others do.
    """
    chinese = bool(HAN_CHARACTER.search(prediction) or HAN_CHARACTER.search(reference))
    tokenizer = _tokenizers()["zh" if chinese else "13a"]
    first, second = (tokenizer(HAN_CHARACTER.sub(r" \g<0> ", text) if chinese else text.rstrip())
                     for text in (prediction, reference))  # fmt: skip
    return first, second


@cache
def _tokenizers() -> dict[str, Any]:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

    return {"zh": TokenizerZh(), "13a": Tokenizer13a()}


@cache
def _scorer() -> Any:
    from sacrebleu.metrics import BLEU as Scorer

    return Scorer(tokenize="none", force=True, effective_order=True)


def _scored(prediction: str, reference: str) -> Any:
    predicted, expected = bleu_tokens(prediction, reference)
    return _scorer().sentence_score(predicted, [expected])


_SOURCE = "BLEU-4 (Papineni et al. 2002), sacreBLEU's / 100 (Post 2018), tokens 13a or zh, smoothing exp"
SENTENCE_BLEU = Metric(name="sentence_bleu", source=_SOURCE, empty="0", rows=by_pair(sentence_bleu))
BLEU = Metric(
    name="bleu",
    source=_SOURCE,
    empty="adds its reference's length alone, so that the brevity penalty grows",
    counts=bleu_counts,
    value=bleu_of_sums,
)
