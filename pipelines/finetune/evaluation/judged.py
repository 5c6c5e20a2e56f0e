"""Base against adapter by a judge: the pairs of the held-out rows, and its verdicts as one more metric of a row."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.protocols import LanguageModel
from pipelines.finetune.conversation import messages_of
from pipelines.finetune.evaluation.scores import Scored
from pipelines.measuring.judge.pairwise import Judgement, Pair, judge_pairs, report
from pipelines.measuring.scores.metric import Metric

JUDGE = Metric(
    name="judge_win_rate",
    source="pairwise, in both orders (Zheng et al. 2023): 1 for a win, 0.5 for a tie, 0 for a loss",
    empty="as the judge says; two equal texts are a tie",
    rows=lambda answers: [None] * len(answers.references),
)
"""In no table by name: it needs a language model, so a setting asks for it."""
_POINTS = {"first": (1.0, 0.0), "second": (0.0, 1.0), "tie": (0.5, 0.5), "": (np.nan, np.nan)}
_GONE = Judgement("", "its row is no longer held out", (None, None))


def judge_predictions(
    predictions: pa.Table, rows: Sequence[Mapping[str, Any]], model: LanguageModel
) -> tuple[Scored, list[Judgement]]:
    """Return the judge's scores of PREDICTIONS and its judgements; `rows` are the held-out rows with their messages.

    A row that is not among them, since the dataset is newer than the predictions, is not judged.
    """
    asked = {row["row_id"]: _written(row) for row in rows}
    answered = predictions.select(("row_id", "reference", "base", "adapter")).to_pylist()
    known = [row for row in answered if row["row_id"] in asked]
    found = judge_pairs(
        [Pair(asked[row["row_id"]], row["reference"], row["base"], row["adapter"]) for row in known], model
    )
    by_row = {row["row_id"]: judgement for row, judgement in zip(known, found, strict=True)}
    judgements = [by_row.get(row["row_id"], _GONE) for row in answered]
    points = np.array([_POINTS[judgement.winner] for judgement in judgements]).reshape(-1, 2)
    named = np.ones(len(answered), bool)
    return Scored(JUDGE, named, {"base": points[:, 0], "adapter": points[:, 1]}, ~np.isnan(points[:, 0])), judgements


def judge_metadata(judgements: Sequence[Judgement], model: str) -> dict[str, Any]:
    """Return what is told of the judge: who it is, wins, ties and why, agreement with itself."""
    told = asdict(report(judgements))
    told |= {"base": told.pop("first"), "adapter": told.pop("second"), "model": model}
    return {f"judge_{name}": value for name, value in told.items() if value is not None}


def _written(row: Mapping[str, Any]) -> str:
    """Return the conversation up to the last answer, a turn a paragraph."""
    return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in messages_of(row)[:-1])
