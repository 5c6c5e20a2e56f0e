from typing import Any

import pyarrow as pa

from pipelines.answering.scoreboard.nights import changes_since, night_verdict, regressions
from pipelines.answering.scoreboard.scoring import score_rows
from pipelines.core.schemas import QUESTION_SCORES

QUESTION = {"question": "How long?", "answer": "45 days", "documents": ["a.md"], "type": "single-hop", "language": "en"}


def _scores(values: list[float], metric: str = "token_f1", **edited: Any) -> pa.Table:
    rows = [
        row
        for number, value in enumerate(values)
        for row in score_rows({**QUESTION, **edited, "id": f"q{number}"}, "local", {metric: value})
    ]
    return pa.Table.from_pylist(rows, schema=QUESTION_SCORES)


def test_a_fall_beyond_chance_is_named_with_both_means() -> None:
    lost = regressions(changes_since(_scores([0.5] * 5), _scores([1.0] * 5)))
    assert lost == ["local token_f1 1.00 → 0.50: −0.50 [−0.50, −0.50]"]


def test_a_fall_within_chance_is_none() -> None:
    changes = changes_since(_scores([1.0, 1.0, 1.0, 0.0]), _scores([1.0, 1.0, 1.0, 1.0]))
    assert changes["difference"].to_pylist() == [-0.25] and changes["high"].to_pylist() == [0.0]
    assert regressions(changes) == [] and night_verdict(changes, []) == "none of 1 figures fell"


def test_an_edited_question_is_another_one() -> None:
    for edited in ({"answer": "46 days"}, {"documents": ["b.md"]}, {"question": "How long now?"}):
        changes = changes_since(_scores([0.0] * 5, **edited), _scores([1.0] * 5))
        assert night_verdict(changes, regressions(changes)) == "nothing to compare with"


def test_more_tokens_or_seconds_are_no_fall() -> None:
    assert changes_since(_scores([1.0] * 5, "seconds"), _scores([2.0] * 5, "seconds")).num_rows == 0
