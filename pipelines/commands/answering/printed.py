"""An answer's proof as the terminal shows it: citations, the sentences without proof, and the note."""

from collections.abc import Mapping
from typing import Any


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
