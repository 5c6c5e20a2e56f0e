"""Reading a sentence ends, whatever its root is."""

import subprocess
import sys

import pytest

from resources.settings import CHECKOUT

VERBLESS = (
    "More ships than before, north of the old bridge.",
    "No larger vessel after the flood.",
    "Fewer visitors than last year, not more.",
    "Depth: greater than 14 m before dredging.",
    "Not north of the lock.",
)


@pytest.mark.parametrize("text", VERBLESS)
def test_a_sentence_without_a_verb_is_read_to_its_end(text: str) -> None:
    # In a process of its own: what does not end is stopped.
    code = f"from pipelines.answering.grounding.citations.reading.sentence import read; read({text!r})"
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True, timeout=60)
