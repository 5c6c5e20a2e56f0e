"""Answers of a capable model with their proof, refusals, what a prompt and the server take; a scripted server answers.

.venv/bin/python -m benchmarks.answers --json docs/benchmarks/answers.json --markdown docs/benchmarks/answers.md
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.answer_cases.cases import STAGES, Case, load, text_of
from benchmarks.answer_cases.context_latency import TARGETS, context_latency
from benchmarks.answer_cases.figures import Cell, caught, details, false, right
from benchmarks.answer_cases.home import build, settings_of
from benchmarks.answer_cases.overhead import overhead
from benchmarks.answer_cases.scripted_server import Asked, ScriptedServer, scripted_server
from benchmarks.answer_cases.unanswerable import small_model
from benchmarks.ground.common import Row, finish, machine, parse, result, say, versions
from pipelines.answering.grounding.answer import CLAIMS, PROVEN
from pipelines.core.errors import GraftlineError
from pipelines.opening import opened_answerer
from resources.settings import Settings

MODES = ("native", "hybrid", "local", "global")
_ROWS = (
    "right_answers_kept", "right_sentences_unverified", "false_answers_caught", "honest_refusals_kept",
    "citations_valid", "unanswerable_refused_small", "first_token_overhead_ms", "p95_native_ms", "p95_hybrid_ms",
)  # fmt: skip
_CASE_ROWS = _ROWS[:5]
_LATENCY_ROWS = {f"p95_{mode}_ms": mode for mode in TARGETS}


def asked(home: Path, names: Sequence[str]) -> list[Cell]:
    """Ask every case of these sets in every mode."""
    cells = []
    with scripted_server(load(*names)) as served:
        settings = settings_of(home, served.address)
        (home / "cache" / "llm.sqlite").unlink(missing_ok=True)  # another text of a case would else not be asked for
        with opened_answerer(settings) as answerer:
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    options = parse("answers", _ROWS, arguments, _add_options)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `graftline serve` does, before torch is there
    whole, host, found = Settings.load().home, machine(), list[Row]()
    home, stages = whole / "bench" / "answers", ("open",) if options.quick else STAGES
    apart: dict[str, str] = {}
    if set(options.rows) - set(_LATENCY_ROWS):
        with scripted_server([]) as nobody:
            build(home, nobody.address)
    if set(options.rows) & set(_CASE_ROWS):
        say("asking the cases")
        rights = asked(home, [f"right_{stage}" for stage in stages])
        falses = asked(home, [f"false_{stage}" for stage in stages])
        refused = asked(home, ["refusals"])
        if options.failures:
            _show_failures(rights, falses, refused)
        rows = [*right(rights), false(falses), refusals(refused), citations([*rights, *falses, *refused])]
        found += [row for row in rows if row.id in options.rows]
        apart = details(rights, falses)
    if "unanswerable_refused_small" in options.rows:
        found.append(small_model(home, 4 if options.quick else 1))
    if "first_token_overhead_ms" in options.rows:
        found.append(overhead(home))
    modes = [mode for row, mode in _LATENCY_ROWS.items() if row in options.rows]
    if modes:
        found += context_latency(whole, modes, options.seed, options.quick)
    command = f"python -m benchmarks.answers {' '.join(arguments if arguments is not None else sys.argv[1:])}".strip()
    more = {"details": apart} if apart else {}
    used = versions(("fastapi", "lancedb", "spacy", "jieba"))
    finish(options, result("answers", found, host, versions=used, **more), command)
    return 0


def _add_options(parser: Any) -> None:
    parser.add_argument(
        "--failures",
        action="store_true",
        help="print each cell that counts against a row, but none of the closed set: it is no longer closed then",
    )


def _show_failures(rights: Sequence[Cell], falses: Sequence[Cell], refused: Sequence[Cell]) -> None:
    for cell in rights:
        for one in cell.claims if cell.case.stage != "closed" else ():
            if one["status"] not in PROVEN and cell.found:
                _show("right", cell, one)
    for cell in falses:
        if not caught(cell) and cell.case.stage != "closed":
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
