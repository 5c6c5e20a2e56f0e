"""The noise floor: how far two runs of the same weights score apart, by metric, on the rows answered twice."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.measuring.metrics import metrics, row_scores
from pipelines.measuring.paired import noise_between
from pipelines.measuring.scores.metric import Answers


def noise_floor(predictions: pa.Table, names: Sequence[str]) -> dict[str, float]:
    """Return by metric the mean absolute difference of the scores of the adapter's two runs (PREDICTIONS).

    A metric of the corpus, one that says nothing of any of these rows, and predictions of an earlier release have none.
    """
    if "adapter_again" not in predictions.column_names:
        return {}
    twice = predictions.filter(pc.is_valid(predictions["adapter_again"]))
    references, found = twice["reference"].to_pylist(), {}
    for name in names:
        metric = metrics().get(name)
        if metric is None or not metric.per_row:
            continue
        runs = [row_scores(metric, Answers(twice[run].to_pylist(), references)) for run in ("adapter", "adapter_again")]
        pairs = [(one, two) for one, two in zip(*runs, strict=True) if one is not None and two is not None]
        if pairs:
            found[name] = noise_between(*zip(*pairs, strict=True))
    return found
