"""An answer's proof as the terminal shows it: citations, the sentences without proof, and the note."""

import itertools
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.answering.search.trace import Step


def step_printer(with_trace: bool = False) -> "Callable[[Step], None]":
    """Return what prints each step when it is done: as part of the output, else as progress where a person looks on."""
    from pipelines.answering.search.trace import printed_step

    numbers, file = itertools.count(1), sys.stdout if with_trace else sys.stderr

    def shown(step: "Step") -> None:
        if with_trace or file.isatty():
            print(f"{next(numbers)}. {printed_step(step.as_dict())}", file=file, flush=True)

    return shown


def print_proof(answer: Mapping[str, Any]) -> None:
    """Print what stands below an answer (`Answered.as_dict`)."""
    for citation in answer["citations"]:
        place = f"{citation['document']} ({citation['start']}–{citation['end']})"
        print(f"  [{citation['number']}] {place}: “{citation['quote']}”")
    for sentence in answer["sentences"]:
        if sentence["status"] in ("unverified", "contradicted"):
            said = " ".join(answer["answer"][sentence["start"] : sentence["end"]].split())
            print(f"  {sentence['status']}: “{said}” – {sentence['reason']}")
    if answer["note"] and answer["answer"]:
        print(f"  note: {answer['note']}")
