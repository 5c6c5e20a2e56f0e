from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from matplotlib.text import Text

from pipelines.answering.scoreboard.board import best_modes, scoreboard_figures, scoreboard_of, verdicts_of
from pipelines.answering.scoreboard.picture import differences_figure, draw_scoreboard, scoreboard_figure
from pipelines.answering.scoreboard.scoring import measure, question_scores, retrieval_scores
from pipelines.core.schemas import ANSWERS, QUESTIONS
from pipelines.measuring.bootstrap import bootstrap

QUESTION = {
    "id": "q1",
    "question": "How long?",
    "answer": "45 days",
    "documents": ["a.md", "b.md"],
    "type": "single-hop",
    "language": "en",
}
HOPELESS = {"id": "q2", "question": "Who?", "answer": "", "documents": [], "type": "unanswerable", "language": "en"}


def _answer(
    question: str = "q1", mode: str = "native", supported: bool = True, text: str = "45 days [1]", cited: str = "a.md"
) -> dict[str, Any]:
    citation = {"document": cited, "chunk_id": "c1", "start": 0, "end": 1, "quote": "x"}
    return {
        "answer_id": f"{question}{mode}",
        "question_id": question,
        "mode": mode,
        "answer": text,
        "supported": supported,
        "citations": [citation] if supported else [],
        "retrieved": ["c1", "c9"],
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "model": "m",
        "seconds": 0.5,
    }


def test_the_figures_of_one_answer() -> None:
    found = measure(_answer(), QUESTION, {"c1": "a.md", "c9": "z.md"})
    assert found == {
        "exact_match": 1.0,
        "token_f1": 1.0,
        "contains": 1.0,
        "supported": 1.0,
        "prompt_tokens": 10.0,
        "seconds": 0.5,
        "recall_at_5": 0.5,
        "citation_precision": 1.0,
    }


def test_a_refusal_scores_no_f1_and_has_no_citation_precision() -> None:
    found = measure(_answer(supported=False, text="The sources do not hold it."), QUESTION, {})
    assert found["token_f1"] == 0.0 and "citation_precision" not in found


def test_an_answer_whose_time_is_not_known_has_no_seconds() -> None:
    assert "seconds" not in measure(_answer() | {"seconds": None}, QUESTION, {})


def test_a_sentence_around_the_gold_answer_is_no_exact_match_and_marks_do_not_count() -> None:
    assert measure(_answer(text="45 Days! [1]"), QUESTION, {})["exact_match"] == 1.0
    assert measure(_answer(text="It is 45 days."), QUESTION, {})["exact_match"] == 0.0


def test_refusing_is_right_for_what_cannot_be_answered() -> None:
    assert measure(_answer("q2", supported=False), HOPELESS, {})["refused"] == 1.0
    assert measure(_answer("q2"), HOPELESS, {})["refused"] == 0.0


def test_a_model_that_failed_neither_refused_rightly_nor_was_cheap() -> None:
    broken = {"model": "", "answer": "No answer was written.", "supported": False, "citations": [], "prompt_tokens": 0}
    assert measure(_answer("q2") | broken, HOPELESS, {}) == {"refused": 0.0}
    found = measure(_answer() | broken, QUESTION, {"c1": "a.md"})
    assert found == {name: 0.0 for name in ("exact_match", "token_f1", "contains", "supported")} | {"recall_at_5": 0.5}


def test_a_quotation_in_the_place_of_a_failed_model_is_scored_as_what_it_is() -> None:
    assert measure(_answer() | {"model": ""}, QUESTION, {})["token_f1"] == 1.0


def _board(*answers: dict[str, Any], level: float = 0.95) -> pa.Table:
    chunks = pa.table({"chunk_id": ["c1", "c9"], "path": ["a.md", "z.md"]})
    questions = pa.Table.from_pylist([QUESTION, QUESTION | {"id": "q3"}, HOPELESS], schema=QUESTIONS)
    scores = question_scores(pa.Table.from_pylist(list(answers), schema=ANSWERS), questions, chunks)
    return scoreboard_of(scores, level)


def test_the_best_mode_of_a_type_has_the_highest_f1() -> None:
    board = _board(_answer(mode="native", text="9 weeks [1]"), _answer(mode="local"))
    assert best_modes(board) == {"all": "local", "single-hop": "local"}
    assert scoreboard_figures(board)["local.single-hop.token_f1"] == 1.0


def test_a_figure_stands_with_the_bootstrap_interval_that_every_other_figure_has_and_its_level() -> None:
    answers = [_answer(), _answer("q3", text="9 weeks [1]")]
    for level in (0.95, 0.99):
        rows = {(row["metric"], row["type"]): row for row in _board(*answers, level=level).to_pylist()}
        mean = bootstrap([1.0, 0.0], level=level)
        row = rows["token_f1", "all"]
        assert (row["value"], row["low"], row["high"], row["level"]) == (0.5, mean.low, mean.high, level)
        assert (rows["supported", "all"]["low"], rows["supported", "all"]["high"]) == (1.0, 1.0)


def test_the_picture_names_the_level_of_its_intervals_and_no_other() -> None:
    texts = [text.get_text() for text in scoreboard_figure(_board(_answer(), level=0.99)).findobj(Text)]
    assert "mean, 99 % interval" in texts and not any("95" in text for text in texts)


@pytest.mark.parametrize("text", ["45 days", "Within 45 days of delivery. [1]"])
def test_a_gold_answer_inside_a_sentence_counts_as_contained(text: str) -> None:
    assert measure(_answer(text=text), QUESTION, {})["contains"] == 1.0


def test_the_picture_is_a_png(tmp_path: Path) -> None:
    assert (
        draw_scoreboard(_board(_answer(), _answer("q2", supported=False)), tmp_path / "a" / "b.png").read_bytes()[1:4]
        == b"PNG"
    )


def test_the_picture_of_differences_names_native_the_level_and_each_mode_but_native() -> None:
    board = _board(_answer(), _answer(mode="local"), level=0.99)
    texts = [text.get_text() for text in differences_figure(board).findobj(Text)]
    assert "difference to native, 99 % interval" in texts and "local" in texts and "native" not in texts
    assert differences_figure(_board(_answer())).axes


def test_retrieval_alone_has_recall_and_seconds_and_its_verdicts_are_about_recall() -> None:
    found = {"native": ["c9", "c9", "c1"], "local": ["c9"]}
    questions = pa.Table.from_pylist([QUESTION, HOPELESS], schema=QUESTIONS)
    scores = retrieval_scores(questions, ("native", "local"), lambda _, mode: found[mode], {"c1": "a.md", "c9": "z.md"})
    assert {row["metric"] for row in scores.to_pylist()} == {"recall_at_5", "seconds"}
    board = scoreboard_of(scores)
    assert scoreboard_figures(board)["native.all.recall_at_5"] == 0.5
    (line,) = verdicts_of(board)["all"]
    assert line.startswith("local: −0.50 [−0.50, −0.50] recall@5 for ") and line.endswith(": worse")


def test_in_the_picture_each_of_many_modes_has_a_line_of_its_own() -> None:
    modes = [f"mode-{number:02}" for number in range(16)]
    axis = scoreboard_figure(_board(*(_answer(mode=mode) for mode in modes))).axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == modes
    heights = sorted(float(place) for bars in axis.containers for place in bars.lines[0].get_ydata())
    assert heights == [float(place) for place in range(16)]
