"""What the checks beneath the answers look at: quotes at their spans, and how much went unanswered."""

import pyarrow as pa


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
