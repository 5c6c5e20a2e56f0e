"""chrF: characters that agree, the same for every language."""

from pipelines.measuring.scores.metric import Metric, by_pair

CHRF_ORDER, CHRF_BETA = 6, 2.0


def chrf(prediction: str, reference: str) -> float:
    """Return chrF2 (Popović 2015): F-beta over character n-grams of order 1 to 6, beta 2, white space left out.

    sacreBLEU's `sentence_chrf` over 100, without word n-grams and without epsilon smoothing.
    """
    from sacrebleu.metrics import CHRF as Scorer

    scorer = Scorer(char_order=CHRF_ORDER, word_order=0, beta=int(CHRF_BETA))
    return float(scorer.sentence_score(prediction, [reference]).score) / 100.0


CHRF = Metric(
    name="chrf", source="chrF2 (Popović 2015), sacreBLEU's sentence_chrf / 100", empty="0", rows=by_pair(chrf)
)
