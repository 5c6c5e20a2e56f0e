"""The answers side by side: who won, what comes first, what is cut, and a champion that has not answered."""

from typing import Any

import pyarrow as pa

from pipelines.finetune.evaluation.side_by_side import side_by_side
from tests.finetune.evaluation.predicting import predictions, row


def with_champion(table: pa.Table, texts: list[str | None], model: str = "m0") -> pa.Table:
    table = table.drop_columns(["champion", "champion_model"])
    table = table.append_column("champion", pa.array(texts, pa.string()))
    return table.append_column("champion_model", pa.array([model] * table.num_rows, pa.string()))


def test_who_won_is_said_row_by_row_and_counted() -> None:
    table = predictions(["red tent", "七天", "no"], ["x", "七天", "no"], ["red tent", "三月", "no"],
                        languages=["en", "zh", "en"])  # fmt: skip
    found = side_by_side(table, [row(number) for number in range(3)])
    assert {one["row_id"]: one["won_by"] for one in found.rows} == {"r000": "adapter", "r001": "base", "r002": "tie"}
    assert found.told(2) == "1 won, 1 lost, 1 tied against the base by the mean of token_f1 and chrf; 2 shown"
    assert [one["prompt"] for one in found.rows] == ["question 0", "question 1", "question 2"]


def test_each_outcome_of_each_language_has_its_turn_the_clearest_first() -> None:
    references = ["one two three four"] * 6
    adapter = ["one two three four", "one two", "one", "x", "one two three four", "x"]
    base = ["x", "x", "x", "one two three four", "x", "x"]
    languages = ["en", "en", "en", "en", "zh", "zh"]
    table = predictions(references, base, adapter, languages=languages)
    found = [one["row_id"] for one in side_by_side(table, []).rows]
    # The clearest win of en and of zh, the loss of en, the tie of zh; then the next win, then the last.
    assert found == ["r000", "r004", "r003", "r005", "r001", "r002"]


def test_the_champion_stands_beside_them_and_is_whom_the_adapter_meets() -> None:
    table = predictions(["red tent"], ["x"], ["red tent"])
    found = side_by_side(with_champion(table, ["red tent"]), [])
    assert found.against == "champion" and found.counts == {"won": 0, "lost": 0, "tied": 1}
    assert found.rows[0]["won_by"] == "adapter = champion"
    assert list(found.shortened(1)[0]) == [
        "won_by", "gain", "language", "prompt", "reference", "base", "adapter", "champion",
    ]  # fmt: skip


def test_a_champion_that_has_not_answered_or_is_the_adapter_is_left_out() -> None:
    table = predictions(["a", "b"], ["x", "x"], ["a", "b"])
    for other in (with_champion(table, ["a", None]), with_champion(table, ["a", "b"], "m1"), table):
        found = side_by_side(other, [])
        assert found.against == "base" and "champion" not in found.rows[0]


def test_long_texts_are_cut_with_a_count_in_the_short_table_alone() -> None:
    long = "很" * 100
    found = side_by_side(predictions(["a"], [long], ["a"]), [row(0) | {"messages": _turns(long)}])
    shown = found.shortened(1)[0]
    assert shown["base"] == "很" * 96 + "… (+4)" and found.rows[0]["base"] == long
    assert list(found.table()[0])[:2] == ["prompt", "adapter"] and found.table()[0]["base"] == long
    assert found.rows[0]["prompt"] == f"user: first\nassistant: {long}\nuser: second"


def test_a_row_that_is_gone_is_told_and_nothing_predicted_is_an_empty_table() -> None:
    assert side_by_side(predictions(["a"], ["a"], ["a"]), []).rows[0]["prompt"] == "(its row is no longer held out)"
    empty = side_by_side(predictions([], [], []), [])
    assert empty.rows == [] and empty.told(12).startswith("0 won, 0 lost, 0 tied") and "; 0 shown" in empty.told(12)


def _turns(answer: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "first"}, {"role": "assistant", "content": answer},
        {"role": "user", "content": "second"}, {"role": "assistant", "content": "a"},
    ]  # fmt: skip
