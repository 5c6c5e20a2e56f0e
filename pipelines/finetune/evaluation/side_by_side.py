"""The answers side by side: prompt, reference, base, adapter and champion, who won, the most telling rows first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.finetune.conversation import messages_of
from pipelines.measuring.metrics import deciding_scores

WON, LOST, TIED = "won", "lost", "tied"
_BASE, _ADAPTER, _CHAMPION = "base", "adapter", "champion"
_LONGEST = 96
_GONE = "(its row is no longer held out)"


@dataclass(frozen=True)
class SideBySide:
    """A row a held-out prompt, the most telling first, and how many the adapter won, lost and tied.

    `against` is whom it met: the champion where that has answered every row, else the base.
    """

    rows: Sequence[Mapping[str, Any]]
    against: str
    metrics: Sequence[str]

    @property
    def counts(self) -> dict[str, int]:
        outcomes = [row["adapter_has"] for row in self.rows]
        return {outcome: outcomes.count(outcome) for outcome in (WON, LOST, TIED)}

    def told(self, shown: int) -> str:
        """Return the counts in words, and how many of the rows are shown."""
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items())
        by = " and ".join(self.metrics)
        return f"{counts} against the {self.against} by the mean of {by}; {min(shown, len(self.rows))} shown"

    def table(self) -> list[dict[str, Any]]:
        """Return all rows uncut, what was asked and the adapter's answer first: as MLflow lays them out."""
        first = ("prompt", _ADAPTER)
        return [
            {name: row[name] for name in (*first, *(name for name in row if name not in first))} for row in self.rows
        ]

    def shortened(self, shown: int) -> list[dict[str, Any]]:
        """Return the first rows with texts of at most 96 characters, what was cut of each counted behind it."""
        left_out = ("row_id", "adapter_has")
        return [{name: _cut(value) for name, value in row.items() if name not in left_out} for row in self.rows[:shown]]


def side_by_side(
    predictions: pa.Table, held_out: Sequence[Mapping[str, Any]], metrics: Sequence[str] = ("token_f1", "chrf")
) -> SideBySide:
    """Return the answers of PREDICTIONS beside each other; `held_out` are the rows with their messages.

    A score is the mean of the metrics. By turns come the clearest win, loss and tie of each language: a tie is told by
    how low it scores. A champion that has not answered every row, or is this adapter, is left out.
    """
    who = [_BASE, _ADAPTER, *([_CHAMPION] if _has_champion(predictions) else [])]
    against = who[-1] if len(who) > 2 else _BASE
    references = predictions["reference"].to_pylist()
    texts = {name: predictions[name].to_pylist() for name in who}
    scores = {name: _means(answers, references, metrics) for name, answers in texts.items()}
    gains = scores[_ADAPTER] - scores[against]
    asked = {row["row_id"]: _prompt(row) for row in held_out}
    labels = predictions.select(["row_id", "language"]).to_pylist()
    made = []
    for place, label in enumerate(labels):
        own = {name: round(float(scores[name][place]), 4) for name in who}
        row = {
            "won_by": _best(own),
            "gain": round(float(gains[place]), 3),
            "language": label["language"],
            "prompt": asked.get(label["row_id"], _GONE),
            "reference": references[place],
            **{name: texts[name][place] for name in who},
            "row_id": label["row_id"],
            "adapter_has": WON if gains[place] > 0 else LOST if gains[place] < 0 else TIED,
        }
        made.append((row, own[_ADAPTER]))
    return SideBySide(_by_turns(made), against, tuple(metrics))


def _has_champion(predictions: pa.Table) -> bool:
    if not {"champion", "champion_model", "model"} <= set(predictions.column_names) or not predictions.num_rows:
        return False
    return predictions["champion"].null_count == 0 and predictions["champion_model"][0] != predictions["model"][0]


def _means(texts: Sequence[str], references: Sequence[str], metrics: Sequence[str]) -> np.ndarray:
    found = deciding_scores(texts, references, metrics, "the metrics of the answers side by side")
    return np.mean([found[name] for name in metrics], axis=0) if texts else np.zeros(0)


def _best(scores: Mapping[str, float]) -> str:
    best = [name for name, score in scores.items() if score == max(scores.values())]
    return "tie" if len(best) == len(scores) else " = ".join(best)


def _by_turns(rows: Sequence[tuple[dict[str, Any], float]]) -> list[dict[str, Any]]:
    """Return the rows so that each outcome of each language has its turn, the clearest of them first."""
    groups: dict[tuple[int, str], list[tuple[float, str, dict[str, Any]]]] = {}
    for row, score in rows:
        outcome = (WON, LOST, TIED).index(row["adapter_has"])
        clear = -abs(row["gain"]) if row["gain"] else score
        groups.setdefault((outcome, row["language"]), []).append((clear, row["row_id"], row))
    turns = [
        (turn, group, row)
        for group, members in groups.items()
        for turn, (_, _, row) in enumerate(sorted(members, key=lambda member: member[:2]))
    ]
    return [row for _, _, row in sorted(turns, key=lambda one: one[:2])]


def _prompt(row: Mapping[str, Any]) -> str:
    """Return what was asked: the last turn, and the turns before it with their roles where there are any."""
    turns = messages_of(row)[:-1]
    return str(turns[-1]["content"]) if len(turns) == 1 else "\n".join(f"{t['role']}: {t['content']}" for t in turns)


def _cut(value: Any) -> Any:
    return shortened(value, _LONGEST) if isinstance(value, str) else value


def shortened(text: str, longest: int) -> str:
    """Return a text of at most so many characters, and behind it how many were cut.

    >>> shortened("abcdef", 4), shortened("abcd", 4)
    ('abcd… (+2)', 'abcd')
    """
    return text if len(text) <= longest else f"{text[:longest]}… (+{len(text) - longest})"
