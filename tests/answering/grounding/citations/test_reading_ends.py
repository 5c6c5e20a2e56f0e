"""Reading a sentence ends, whatever its root is."""

import subprocess
import sys

import pytest

from pipelines.answering.grounding.citations import verify
from pipelines.answering.grounding.citations.checks import Verdict
from pipelines.answering.grounding.citations.checks import check as CHECK
from pipelines.answering.grounding.citations.claims import Claim
from pipelines.answering.grounding.citations.records import Passage, Source, Status
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


def test_a_sentence_that_the_checks_fail_on_is_unverified_and_the_others_are_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(claim: Claim, *others: object) -> Verdict:
        if "12" in claim.words:
            raise ValueError("no number")
        return CHECK(claim, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(verify, "check", failing)
    source = Source(1, (Passage("c", "d", "1", "The lock is 12 m deep. It was dug in 1911."),))
    answer = verify.verify("The lock is 12 m deep [1]. It was dug in 1911 [1].", [source])
    assert [one.status for one in answer.sentences] == [Status.UNVERIFIED, Status.SUPPORTED]
    assert "could not be checked (ValueError)" in answer.sentences[0].reason


def test_amounts_in_a_calculation_are_read_without_their_currency() -> None:
    source = Source(1, (Passage("c", "d", "1", "A ticket costs $50. A family card costs $120."),))
    answer = verify.verify("Three tickets cost 3 × $50 = $150 [1].", [source])
    assert answer.sentences[0].status is not None and "could not" not in answer.sentences[0].reason
