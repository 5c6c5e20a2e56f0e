"""What the model is asked: the best source sentences, what the graph adds, and the question."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.answering.grounding.evidence import Evidence, Sentence
from pipelines.answering.search.search import Fact
from pipelines.answering.settings import ExtractSettings
from pipelines.core.protocols import Messages
from pipelines.text.languages.languages import language_of
from pipelines.text.tables import labelled_cells

_STUFF = (
    "Use the following pieces of context to answer the question at the end. If you don't know the answer, just say "
    "that you don't know, don't try to make up an answer."
)
_CONTEXT_LINES, _LONGEST = 3, 240


def build_prompt(
    question: str, evidence: Sequence[Evidence], context: Sequence[Fact], settings: ExtractSettings
) -> Messages:
    """Return the conversation: at most `settings.sources` distinct sentences, best first, each under its title."""
    chosen: dict[tuple[str, int], Sentence] = {}
    for item in evidence:
        for one in item.sentences:
            chosen.setdefault((one.chunk["path"], one.start), one)
        if len(chosen) >= settings.sources:
            break
    lines = [
        f"- {one.chunk['title']}: {_short(_with_columns(one))}" for one in list(chosen.values())[: settings.sources]
    ]
    lines += [f"- {_short(f'{one.title}: {one.text}' if one.title else one.text)}" for one in context[:_CONTEXT_LINES]]
    prompts = language_of(question).prompts
    head, listed = f"{prompts.answer_task}\n\n{prompts.sources}", "\n".join(lines)
    return [{"role": "user", "content": f"{head}\n{listed}\n\n{prompts.question}{question}\n{prompts.answer}"}]


def stuff_prompt(question: str, passages: Sequence[Mapping[str, Any]]) -> Messages:
    """Return the conversation of LangChain's "stuff" chain: every passage as it is, then the question."""
    context = "\n\n".join(row["text"] for row in passages)
    content = f"{_STUFF}\n\n{context}\n\nQuestion: {question}\nHelpful Answer:"
    return [{"role": "user", "content": content}]


def _with_columns(one: Sentence) -> str:
    return labelled_cells(one.text, one.columns) if one.columns else one.text


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
