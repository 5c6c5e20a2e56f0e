"""What the checks beneath the answers look at: quotes at their spans, unproven sentences, what went unanswered."""

from collections import Counter

import pyarrow as pa

from pipelines.answering.grounding.answer import CLAIMS, PROVEN
from pipelines.answering.grounding.second_pass import is_unread


def broken_citations(answers: pa.Table, documents: pa.Table) -> list[str]:
    """Return a line for each citation whose quote is not its document's text at its span."""
    texts = dict(zip(documents["path"].to_pylist(), documents["text"].to_pylist(), strict=True))
    broken = []
    for answer in answers.to_pylist():
        for citation in answer["citations"]:
            place = f"{citation['document']} {citation['start']}–{citation['end']}"
            text = texts.get(citation["document"], "")[citation["start"] : citation["end"]]
            if not citation["quote"] or text != citation["quote"]:
                broken.append(f"question {answer['question_id']} ({answer['mode']}): {place}")
    return broken


def unanswered_share(answers: pa.Table) -> float:
    """Return the share of answers that say that the sources do not hold one."""
    return answers["supported"].to_pylist().count(False) / answers.num_rows if answers.num_rows else 0.0


def failed_share(answers: pa.Table) -> float:
    """Return the share of answers that the model wrote nothing for: errors, time-outs, empty or unusable replies."""
    return answers["model"].to_pylist().count("") / answers.num_rows if answers.num_rows else 0.0


def status_counts(answers: pa.Table) -> dict[str, int]:
    """Return how many sentences of all answers have each status."""
    rows = answers["sentences"].to_pylist()
    return dict(sorted(Counter(sentence["status"] for sentences in rows for sentence in sentences or []).items()))


def unread_verdicts(answers: pa.Table) -> int:
    """Return of how many sentences the model's verdict could not be read, so that the rules' stands."""
    traces = answers["trace"].to_pylist()
    return sum(is_unread(step["action"], step["result"]) for trace in traces for step in trace or [])


def unproven_share(answers: pa.Table) -> float:
    """Return the share of unverified and contradicted sentences among those that say something."""
    counts = status_counts(answers)
    claims = sum(counts.get(status, 0) for status in CLAIMS)
    return sum(counts.get(status, 0) for status in CLAIMS if status not in PROVEN) / claims if claims else 0.0
