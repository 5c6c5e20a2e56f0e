"""What each answer scores, question by question: retrieval, text, refusal, citations and cost."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.answering.grounding.answer import CLAIMS, PROVEN
from pipelines.core.identity import content_id, json_digest
from pipelines.core.schemas import QUESTION_SCORES
from pipelines.measuring.scores.answer_match import exact_match, token_f1
from pipelines.measuring.scores.tokens import answer_tokens

UNANSWERABLE = "unanswerable"


QUALITY = (
    "recall_at_5",
    "exact_match",
    "token_f1",
    "contains",
    "supported",
    "refused",
    "citation_precision",
    "grounded",
)
"""0 to 1, higher is better."""
COST = ("prompt_tokens", "seconds")
"""Lower is better."""
METRICS = (*QUALITY, *COST)


_MARKS = re.compile(r" ?\[\d+\]")


def measure(answer: Mapping[str, Any], question: Mapping[str, Any], document_of: Mapping[str, str]) -> dict[str, float]:
    """Return the metrics that apply to one answer.

    Where the model failed and nothing was quoted in its place, nothing is right and nothing was saved: a refusal by
    breakdown is no refusal, and its cost is none that could be compared.
    Unanswerable questions have `refused` and the cost only; citation precision needs a citation, `grounded` (the share
    of claims that the sources bear out) a claim of a model, `seconds` an answer that was not kept from before.
    """
    failed = not answer["model"] and not answer["supported"]
    cost = {} if failed else {"prompt_tokens": float(answer["prompt_tokens"])}
    if not failed and answer.get("seconds") is not None:
        cost["seconds"] = float(answer["seconds"])
    if question["type"] == UNANSWERABLE:
        return {"refused": float(not answer["supported"] and not failed), **cost}
    text = _MARKS.sub("", answer["answer"])
    wanted, got = "".join(answer_tokens(question["answer"])), "".join(answer_tokens(text))
    figures = {
        "exact_match": exact_match(text, question["answer"]) if answer["supported"] else 0.0,
        "token_f1": token_f1(text, question["answer"]) if answer["supported"] else 0.0,
        "contains": float(bool(wanted) and wanted in got),
        "supported": float(answer["supported"]),
        **recall(answer["retrieved"], question, document_of),
        **cost,
    }
    gold = set(question["documents"])
    if gold and answer["citations"]:
        figures["citation_precision"] = float(
            np.mean([citation["document"] in gold for citation in answer["citations"]])
        )
    claims = [one["status"] for one in answer.get("sentences") or [] if one["status"] in CLAIMS]
    if claims:
        figures["grounded"] = sum(status in PROVEN for status in claims) / len(claims)
    return figures


def recall(
    retrieved: Sequence[str], question: Mapping[str, Any], document_of: Mapping[str, str], k: int = 5
) -> dict[str, float]:
    """Return the share of gold documents among those of the first k chunks; nothing where there is no gold."""
    gold = set(question["documents"])
    found = {document_of[chunk] for chunk in retrieved[:k] if chunk in document_of}
    return {f"recall_at_{k}": len(gold & found) / len(gold)} if gold else {}


def question_scores(answers: pa.Table, questions: pa.Table, chunks: pa.Table) -> pa.Table:
    """Return QUESTION_SCORES of ANSWERS to QUESTIONS; `chunks` say which document a retrieved chunk belongs to."""
    document_of = dict(zip(chunks["chunk_id"].to_pylist(), chunks["path"].to_pylist(), strict=True))
    asked = {row["id"]: row for row in questions.to_pylist()}
    rows: list[dict[str, Any]] = []
    for answer in answers.to_pylist():
        question = asked.get(answer["question_id"])
        if question is not None:
            rows += score_rows(question, answer["mode"], measure(answer, question, document_of))
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["score_id"]), schema=QUESTION_SCORES)


def retrieval_scores(
    questions: pa.Table,
    modes: Sequence[str],
    retrieve: Callable[[str, str], Sequence[str]],
    document_of: Mapping[str, str],
) -> pa.Table:
    """Return QUESTION_SCORES of what is retrieved alone: no answer is written.

    `retrieve` takes a question and a mode and gives chunk ids, best first. Each mode is asked once before its
    time is taken, so that no question pays for opening it.
    """
    rows: list[dict[str, Any]] = []
    asked = [row for row in questions.to_pylist() if row["documents"]]
    for mode in modes if asked else ():
        retrieve(asked[0]["question"], mode)
        for question in asked:
            started = time.perf_counter()
            found = list(dict.fromkeys(retrieve(question["question"], mode)))
            figures = {"seconds": time.perf_counter() - started, **recall(found, question, document_of)}
            rows += score_rows(question, mode, figures)
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["score_id"]), schema=QUESTION_SCORES)


def score_rows(question: Mapping[str, Any], mode: str, figures: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return a row of QUESTION_SCORES for each figure."""
    key = question["id"]
    same = json_digest([question["question"], question["answer"], sorted(question["documents"]), question["type"]])
    shared = {"question_id": key, "asked": same, "type": question["type"], "language": question["language"]}
    return [
        {"score_id": content_id("score", key, mode, metric), **shared, "mode": mode, "metric": metric, "value": value}
        for metric, value in figures.items()
    ]
