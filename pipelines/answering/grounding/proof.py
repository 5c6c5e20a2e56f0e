"""The proof of what a model wrote: its sentences checked against the numbered sources, as an answer's record has it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.answering.grounding.answer import Answer
from pipelines.answering.grounding.citations.coverage import Similar
from pipelines.answering.grounding.citations.policy import Policy, apply_policy
from pipelines.answering.grounding.citations.records import CheckedSentence, Passage, Source
from pipelines.answering.grounding.citations.verify import verify
from pipelines.answering.grounding.context import Context
from pipelines.answering.search.search import Row
from pipelines.answering.settings import AnswerSettings

_NO_CLAIM = "none"


def proven_answer(
    text: str, context: Context, settings: AnswerSettings, similar: Similar | None = None, notes: Sequence[str] = (),
    question: str = "",
) -> Answer:  # fmt: skip
    """Return the answer with a status for each sentence; what is unproven stays, goes or stops it by the settings.

    The text is the model's, to the letter, unless sentences are dropped or the answer is refused. It is `supported`
    where a sentence of it is borne out: a refusal is not, nor what the sources say nothing of.
    """
    verified = verify(text.strip(), sources_of(context), similar, question)
    shown = apply_policy(verified, Policy(settings.unproven))
    places, citations = _citations(shown.sentences, context)
    sentences, end = list[Mapping[str, Any]](), 0
    for one in shown.sentences:
        # Where sentences were dropped, the others stand elsewhere in what is shown.
        start = max(shown.text.find(one.text, end), end)
        end = min(start + len(one.text), len(shown.text))
        sentences.append(_sentence(one, start, end, places))
    told = [*notes, *([shown.note] if shown.note else [])]
    supported = any(one.status is not None and one.status.holds for one in shown.sentences)
    return Answer(shown.text, supported, citations, tuple(sentences), "model", context.left_out, "; ".join(told))


def sources_of(context: Context) -> tuple[Source, ...]:
    """Return the sources as the checks read them: a fact or a report stands on its chunks."""
    return tuple(
        Source(
            one.number,
            tuple(_passage(row) for row in one.chunks),
            title=str(one.chunks[0].get("title") or ""),
            section=str(one.chunks[0].get("section") or ""),
            date=str(one.chunks[0].get("date") or ""),
        )
        for one in context.sources
    )


def _passage(row: Row) -> Passage:
    spans = row.get("sentence_spans")
    return Passage(
        chunk_id=row["chunk_id"],
        document_id=row["document_id"],
        document_version=row.get("version") or "",
        text=row["text"],
        start=row["start"],
        sentence_spans=None if spans is None else tuple(spans),
        header=row.get("header") or "",
    )


def _citations(
    sentences: Sequence[CheckedSentence], context: Context
) -> tuple[Mapping[tuple[str, int, int], int], tuple[Mapping[str, Any], ...]]:
    """Return the place of each citation, and the citations (CITATIONS) in the order of the answer, none twice."""
    paths = {row["chunk_id"]: row["path"] for source in context.sources for row in source.chunks}
    found: dict[tuple[str, int, int], Mapping[str, Any]] = {}
    for sentence in sentences:
        for one in sentence.citations:
            found.setdefault(
                (one.document_id, one.start, one.end),
                {
                    "number": one.number,
                    "document": paths[one.chunk_id],
                    "version": one.document_version,
                    "chunk_id": one.chunk_id,
                    "start": one.start,
                    "end": one.end,
                    "quote": one.quote,
                },
            )
    return {key: place for place, key in enumerate(found)}, tuple(found.values())


def _sentence(
    one: CheckedSentence, start: int, end: int, places: Mapping[tuple[str, int, int], int]
) -> Mapping[str, Any]:
    return {
        "start": start,
        "end": end,
        "status": _NO_CLAIM if one.status is None else one.status.value,
        "reason": "; ".join(part for part in (one.reason, one.note) if part),
        "citations": sorted({places[cited.document_id, cited.start, cited.end] for cited in one.citations}),
    }
