import pyarrow as pa
import pytest

from benchmarks.corpora.board_page import board_page
from benchmarks.scoreboard import made
from pipelines.answering.scoreboard.board import scoreboard_of
from pipelines.answering.scoreboard.scoring import score_rows
from pipelines.core.errors import NotMaterializedError
from pipelines.core.schemas import QUESTION_SCORES

QUESTION = {"question": "q", "answer": "a", "documents": [], "language": "en"}


def _board() -> pa.Table:
    rows = []
    for number, kind in enumerate(["single-hop", "single-hop", "multi-hop"]):
        asked = QUESTION | {"id": f"q{number}", "type": kind}
        shared = {"supported": 1.0, "contains": 1.0, "recall_at_5": 0.5, "prompt_tokens": 100.0}
        rows += score_rows(asked, "native", shared | {"token_f1": 0.5})
        rows += score_rows(asked, "local", shared | {"token_f1": 0.75, "prompt_tokens": 150.0})
    hopeless = QUESTION | {"id": "q9", "type": "unanswerable"}
    rows += score_rows(hopeless, "native", {"refused": 1.0}) + score_rows(hopeless, "local", {"refused": 0.0})
    return scoreboard_of(pa.Table.from_pylist(rows, schema=QUESTION_SCORES))


def test_the_page_has_each_mode_its_difference_its_cost_and_its_refusals() -> None:
    lines = board_page(_board()).splitlines()
    assert "| `native` | 0.50 | 1.00 | 1.00 | 0.50 | – | – | 1.00 | 100 | – |" in lines
    assert "| `local` | 0.50 | 1.00 | 1.00 | 0.75 | +0.25 [+0.25, +0.25] | – | 0.00 | 150 | – |" in lines
    assert "| `local` | 0.50 / 1.00 / 1.00 / 0.75 | 0.50 / 1.00 / 1.00 / 0.75 |" in lines
    assert lines.index("- local: +0.25 [+0.25, +0.25] token F1 for 1.5× the tokens: better") < lines.index(
        "By kind, where a difference is sure:"
    )
    assert any(line.startswith("**The graph is worth its cost") for line in lines)
    assert any(line.startswith("Not in this run's") and "`cypher`" in line for line in lines)


def test_a_home_without_a_board_says_what_makes_one(tmp_path) -> None:
    with pytest.raises(NotMaterializedError, match="graftline run"):
        made(tmp_path, None)
