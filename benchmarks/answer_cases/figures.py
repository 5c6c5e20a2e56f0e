"""The benchmark's figures of right and false answers, over all sets and of each set apart."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.answer_cases.cases import STAGES, Case
from benchmarks.answer_cases.scripted_server import Asked
from benchmarks.ground.common import Row, number
from pipelines.answering.answered import Answered
from pipelines.answering.grounding.answer import CLAIMS, PROVEN


@dataclass(frozen=True)
class Cell:
    """One case in one mode: what the server said, and what became of it."""

    case: Case
    mode: str
    said: Asked
    answered: Answered

    @property
    def unchanged(self) -> bool:
        """Whether the model's words reached the user as they are."""
        return self.answered.answer.text == self.said.answer.strip()

    @property
    def claims(self) -> list[Mapping[str, Any]]:
        """The sentences that say something."""
        return [one for one in self.answered.answer.sentences if one["status"] in CLAIMS]

    @property
    def found(self) -> bool:
        """Whether every gold sentence stood in the prompt."""
        return self.said.resolved is not None and not self.said.resolved.missing

    def statuses(self, part: str) -> list[str]:
        """Return the statuses of the sentences that a part of the answer stands in."""
        text = self.answered.answer.text
        first = text.find(part)
        last = first + len(part)
        return [
            one["status"] for one in self.answered.answer.sentences if one["start"] < last and first < one["end"]
        ]  # fmt: skip


def of_each_set(cells: Sequence[Cell], figure: Callable[[Sequence[Cell]], float | None]) -> dict[str, float | None]:
    """Return a figure of each set apart, the closed one first: nobody who works on the checks has seen its cases."""
    sets = {stage: [cell for cell in cells if cell.case.stage == stage] for stage in STAGES}
    return {stage: figure(own) for stage, own in sets.items() if own}


def _row(
    name: str, target: str, cells: Sequence[Cell], figure: Callable[[Sequence[Cell]], float | None], note: str
) -> Row:
    """Return a row over all sets, whose note begins with the figure of each."""
    apart = ", ".join(f"{stage} {number(value)}" for stage, value in of_each_set(cells, figure).items())
    return Row(name, "share", target, figure(cells), note=f"{apart}; {note}")


def right(cells: Sequence[Cell]) -> list[Row]:
    """Return the share of right answers that stay as they are, none contradicted, and of sentences unverified."""
    judged, counts = [cell for cell in cells if cell.found], _counted(cells)
    note = (
        f"{len(judged)} of {len(cells)} questions and modes whose gold sentences all stood in the prompt (in the "
        f"others a model could not have known); unchanged {sum(cell.unchanged for cell in cells)} of {len(cells)}; "
        f"{_listed(counts)}"
    )
    of = f"of {counts.total()} sentences that claim"
    return [
        _row("right_answers_kept", ">= 0.98", cells, kept_share, note),
        _row("right_sentences_unverified", "<= 0.05", cells, unverified_share, of),
    ]


def kept_share(cells: Sequence[Cell]) -> float | None:
    """Return how many right answers stay as they are, none contradicted, of those whose gold stood in the prompt."""
    judged = [cell for cell in cells if cell.found]
    kept = [cell for cell in judged if cell.unchanged and _count(cell)["contradicted"] == 0]
    return _share(len(kept), len(judged))


def unverified_share(cells: Sequence[Cell]) -> float | None:
    """Return how many sentences of right answers come out unverified, of those that claim."""
    counts = _counted(cells)
    return _share(counts["unverified"], counts.total())


def false(cells: Sequence[Cell]) -> Row:
    """Return the share of false answers with a false sentence marked."""
    by_kind = Counter(cell.case.kind for cell in cells if not caught(cell))
    note = f"{len(cells)} questions and modes; missed by kind: {_listed(by_kind) or 'none'}"
    return _row("false_answers_caught", ">= 0.9", cells, caught_share, note)


def caught_share(cells: Sequence[Cell]) -> float | None:
    """Return how many false answers have a false sentence marked."""
    return _share(sum(map(caught, cells)), len(cells))


def details(rights: Sequence[Cell], falses: Sequence[Cell]) -> dict[str, str]:
    """Return what stands below the notes: each set's figures with what they are shares of."""
    lines = ["set     right kept     unverified     false caught"]
    for stage in STAGES:
        own, wrong = ([cell for cell in cells if cell.case.stage == stage] for cells in (rights, falses))
        if own or wrong:
            found, claims = sum(cell.found for cell in own), _counted(own).total()
            lines.append(
                f"{stage:<8}{_told(kept_share(own), found):<15}{_told(unverified_share(own), claims):<15}"
                f"{_told(caught_share(wrong), len(wrong))}"
            )
    return {"Each set apart": "\n".join(lines)}


def _told(share: float | None, whole: int) -> str:
    return f"{number(share)} of {whole}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _counted(cells: Sequence[Cell]) -> Counter[str]:
    return sum((_count(cell) for cell in cells if cell.found), Counter[str]())


def caught(cell: Cell) -> bool:
    """Say whether a sentence with a false part is marked."""
    marked = [status for part in cell.case.false_parts for status in cell.statuses(part)]
    return any(status in CLAIMS and status not in PROVEN for status in marked)


def _count(cell: Cell) -> Counter[str]:
    return Counter(one["status"] for one in cell.claims)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
