"""From a completion to an answer that its sources carry: what they do not hold is dropped or refused."""

import re
from collections.abc import Sequence
from typing import Any

from pipelines.answering.grounding.answer import Answer, refusal_answer
from pipelines.answering.grounding.evidence import Evidence, Sentence
from pipelines.answering.question import holds_answer_kind, numbers_in, proper_names
from pipelines.answering.settings import ExtractSettings
from pipelines.text.sentences import sentences
from pipelines.text.tables import labelled_cells
from pipelines.text.terms import terms
from pipelines.text.words import name_letters

_ROW = re.compile(r"^\s*\|.*\|\s*$", re.DOTALL)
_MARKUP = re.compile(r"^\s*(?:[-*+>]|\d+\.)\s+|\*\*|__|`")


def is_supported(evidence: Sequence[Evidence], settings: ExtractSettings) -> bool:
    """Say whether the best evidence covers enough of the question for any answer."""
    return bool(evidence) and evidence[0].score >= settings.min_evidence


def ground(question: str, completion: str, evidence: Sequence[Evidence], settings: ExtractSettings) -> Answer:
    """Return what of the completion the sources hold, else the best source sentences themselves, else a refusal.

    The completion has to say what is asked for (a number, a person), and from evidence nearly as good as the best.
    """
    if not is_supported(evidence, settings):
        return refusal_answer(question)
    quotes = [(readable(one.text, one.columns), one) for one in evidence[0].sentences]
    return written_answer(question, completion, evidence, settings) or _answer(quotes[: settings.citations])


def written_answer(
    question: str, completion: str, evidence: Sequence[Evidence], settings: ExtractSettings
) -> Answer | None:
    """Return what of the completion the sources hold, None where that is no answer."""
    pool = list(dict.fromkeys(one for item in evidence for one in item.sentences))
    scores = {item.sentences[0]: item.score for item in reversed(evidence) if len(item.sentences) == 1}
    kept: list[tuple[str, Sentence]] = []
    for text in _sentences(completion):
        source = best_source(text, pool, settings.min_shared)
        if source is not None and text not in (held for held, _ in kept):
            kept.append((text, source))
    best = evidence[0]
    answers = any(_answers(question, text) for text, _ in kept)
    near = any(source in best.sentences or scores.get(source, 0.0) >= settings.min_evidence for _, source in kept)
    if kept and answers and near:
        return _answer(kept[: settings.citations])
    return None


def best_source(text: str, pool: Sequence[Sentence], min_shared: float) -> Sentence | None:
    """Return the source sentence that shares most content words, or None where none carries the text.

    Every number of the text has to stand in the source, every name in it or around it.
    """
    own = set(terms(text))
    letters = {text[place].lower() for place in name_letters(text)}
    found: tuple[float, int] | None = None
    for place, source in enumerate(pool):
        shared = len(own & source.terms) / len(own) if own else 0.0
        if shared < min_shared or not numbers_in(text) <= numbers_in(source.text):
            continue
        if source.before and not letters <= source.terms | source.before:
            continue
        around = f"{source.text}\n{source.columns}\n{source.chunk['text']}\n{source.chunk['title']}".lower()
        if all(name in around for name in proper_names(text)) and (found is None or (shared, -place) > found):
            found = (shared, -place)
    return pool[-found[1]] if found else None


def readable(text: str, columns: str = "") -> str:
    """Return a source sentence without Markdown: table cells under their columns, list marks and emphasis gone."""
    if _ROW.match(text):
        text = labelled_cells(text, columns)
    return " ".join(_MARKUP.sub("", text).split())


def _sentences(completion: str) -> list[str]:
    """Return the sentences of a completion, but one that the token limit cut inside a character."""
    text = completion.strip()
    return [text[start:end] for start, end in sentences(text) if "\ufffd" not in text[start:end]]


def _answers(question: str, text: str) -> bool:
    """Say whether a sentence adds something to the question, and something of the kind that it asks for."""
    return bool(set(terms(text)) - set(terms(question))) and holds_answer_kind(question, text)


def _answer(kept: Sequence[tuple[str, Sentence]]) -> Answer:
    citations: dict[tuple[str, int], dict[str, Any]] = {}
    parts = []
    for text, one in kept:
        chunk = one.chunk
        citations.setdefault(
            (chunk["path"], one.start),
            {
                "number": len(citations) + 1,
                "document": chunk["path"],
                "version": chunk.get("version") or "",
                "chunk_id": chunk["chunk_id"],
                "start": one.start,
                "end": one.end,
                "quote": one.text,
            },
        )
        parts.append(f"{text} [{list(citations).index((chunk['path'], one.start)) + 1}]")
    return Answer(" ".join(parts), True, tuple(citations.values()))
