"""Answers of a capable model with their proof, refusals, the server's overhead; a scripted server is the model.

.venv/bin/python -m benchmarks.answers --json docs/benchmarks/answers.json --markdown docs/benchmarks/answers.md
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.answer_cases.cases import Case, load, text_of
from benchmarks.answer_cases.home import build, opened, settings_of
from benchmarks.answer_cases.overhead import overhead
from benchmarks.answer_cases.scripted_server import Asked, ScriptedServer, scripted_server
from benchmarks.answer_cases.unanswerable import small_model
from benchmarks.ground.common import Row, finish, machine, parse, result, say, versions
from pipelines.answering.ask import Answered
from pipelines.answering.grounding.answer import CLAIMS, PROVEN
from pipelines.core.errors import GraftlineError
from resources.settings import Settings

MODES = ("native", "hybrid", "local", "global")
_ROWS = (
    "right_answers_kept", "right_sentences_unverified", "false_answers_caught", "honest_refusals_kept",
    "citations_valid", "unanswerable_refused_small", "first_token_overhead_ms",
)  # fmt: skip
_CASE_ROWS = _ROWS[:5]


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


def asked(home: Path, names: Sequence[str]) -> list[Cell]:
    """Ask every case of these sets in every mode."""
    cells = []
    with scripted_server(load(*names)) as served:
        settings = settings_of(home, served.address)
        (home / "cache" / "llm.sqlite").unlink(missing_ok=True)  # another text of a case would else not be asked for
        with opened(settings) as answerer:
            for case in served.cases:
                for mode in MODES:
                    answered = answerer.ask(case.question, mode)
                    cells.append(Cell(case, mode, _said(served, case), answered))
    return cells


def _said(served: ScriptedServer, case: Case) -> Asked:
    last = served.asked[-1]
    if last.case is not case:
        raise RuntimeError(f"the server was not asked {case.id}, but {last.prompt[-200:]!r}")
    return last


def right(cells: Sequence[Cell]) -> list[Row]:
    """Return the share of right answers that stay as they are, none contradicted, and of sentences unverified."""
    judged = [cell for cell in cells if cell.found]
    kept = [cell for cell in judged if cell.unchanged and _count(cell)["contradicted"] == 0]
    counts: Counter[str] = sum((_count(cell) for cell in judged), Counter())
    claims = sum(counts.values())
    note = (
        f"{len(judged)} of {len(cells)} questions and modes whose gold sentences all stood in the prompt (in the "
        f"others a model could not have known); unchanged {sum(cell.unchanged for cell in cells)} of {len(cells)}; "
        f"{_listed(counts)}"
    )
    unverified = counts["unverified"] / claims if claims else 0.0
    return [
        Row("right_answers_kept", "share", ">= 0.98", len(kept) / len(judged), note=note),
        Row("right_sentences_unverified", "share", "<= 0.05", unverified, note=f"of {claims} sentences that claim"),
    ]


def false(cells: Sequence[Cell]) -> Row:
    """Return the share of false answers with a false sentence marked."""
    caught = [cell for cell in cells if _caught(cell)]
    by_kind = Counter(cell.case.kind for cell in cells if cell not in caught)
    note = f"{len(cells)} questions and modes; missed by kind: {_listed(by_kind) or 'none'}"
    return Row("false_answers_caught", "share", ">= 0.9", len(caught) / len(cells), note=note)


def _caught(cell: Cell) -> bool:
    marked = [status for part in cell.case.false_parts for status in cell.statuses(part)]
    return any(status in CLAIMS and status not in PROVEN for status in marked)


def refusals(cells: Sequence[Cell]) -> Row:
    """Return the share of refusals that stay: full ones unsupported, of partial ones the sentence that refuses."""
    kept = [cell for cell in cells if cell.unchanged and _refused(cell)]
    note = f"{len(cells)} questions and modes; lost: {', '.join(sorted({c.case.id for c in cells if c not in kept}))}"
    return Row("honest_refusals_kept", "share", ">= 1.0", len(kept) / len(cells), note=note)


def _refused(cell: Cell) -> bool:
    if cell.case.kind == "full":
        return not cell.answered.answer.supported and not cell.claims
    return all(status not in CLAIMS for part in cell.case.refuses for status in cell.statuses(part))


def citations(cells: Sequence[Cell]) -> Row:
    """Return the share of citations whose quote stands at its span."""
    every = [citation for cell in cells for citation in cell.answered.answer.citations]
    valid = [one for one in every if text_of(one["document"])[one["start"] : one["end"]] == one["quote"] != ""]
    return Row("citations_valid", "share", ">= 1.0", len(valid) / len(every), note=f"{len(every)} citations")


def _count(cell: Cell) -> Counter[str]:
    return Counter(one["status"] for one in cell.claims)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    options = parse("answers", _ROWS, arguments, _add_options)
    home, host, found = Settings.load().home / "bench" / "answers", machine(), list[Row]()
    halves = ("open",) if options.quick else ("open", "closed")
    with scripted_server([]) as nobody:
        build(home, nobody.address)
    if set(options.rows) & set(_CASE_ROWS):
        say("asking the cases")
        rights = asked(home, [f"right_{half}" for half in halves])
        falses = asked(home, [f"false_{half}" for half in halves])
        refused = asked(home, ["refusals"])
        if options.failures:
            _show_failures(rights, falses, refused)
        rows = [*right(rights), false(falses), refusals(refused), citations([*rights, *falses, *refused])]
        found += [row for row in rows if row.id in options.rows]
    if "unanswerable_refused_small" in options.rows:
        found.append(small_model(home, 4 if options.quick else 1))
    if "first_token_overhead_ms" in options.rows:
        found.append(overhead(home))
    command = f"python -m benchmarks.answers {' '.join(arguments if arguments is not None else sys.argv[1:])}".strip()
    finish(options, result("answers", found, host, versions=versions(("fastapi", "spacy", "jieba"))), command)
    return 0


def _add_options(parser: Any) -> None:
    parser.add_argument("--failures", action="store_true", help="print each cell that counts against a row")


def _show_failures(rights: Sequence[Cell], falses: Sequence[Cell], refused: Sequence[Cell]) -> None:
    for cell in rights:
        for one in cell.claims:
            if one["status"] not in PROVEN and cell.found:
                _show("right", cell, one)
    for cell in falses:
        if not _caught(cell):
            for one in cell.claims:
                _show("false", cell, one)
    for cell in refused:
        if not (cell.unchanged and _refused(cell)):
            for one in cell.answered.answer.sentences:
                _show("refusal", cell, one)


def _show(kind: str, cell: Cell, sentence: Mapping[str, Any]) -> None:
    text = " ".join(cell.answered.answer.text[sentence["start"] : sentence["end"]].split())
    say(f"{kind} {cell.case.id} {cell.mode}: {sentence['status']}: {text} – {sentence['reason']}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:
        sys.exit(str(problem))
