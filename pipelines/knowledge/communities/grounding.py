"""What of a model's words the evidence bears out."""

import re
from collections.abc import Sequence

from pipelines.knowledge.communities.evidence import plain_text
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import final_marks, language_of
from pipelines.text.sentences import sentences
from pipelines.text.words import words

_LEAST_SHARED = 2
_NAME = re.compile(r"(?<![\w’'-])[A-ZÀ-Þ][\w’'-]*")


def grounded(
    text: str, grounds: Sequence[str], language: Language, min_support: float, together: bool = False
) -> list[str]:
    """Return the sentences of a generated text that the evidence bears out.

    A sentence stays when the evidence holds `min_support` of its content words and all its numbers, it is in the
    evidence's language, it is not said twice, and the token limit did not cut it. The words have to be one piece's of
    the evidence, or, `together`, all pieces' and then every name as well: who combines facts can't invent any.
    """
    known = [set(words(ground)) for ground in grounds]
    everything = set().union(*known)
    kept: list[str] = []
    for start, end in sentences(text):
        sentence = plain_text(text[start:end])
        content = set(words(sentence))
        certain = {word for word in content if any(character.isdigit() for character in word)}
        if together:
            certain |= set(words(" ".join(_NAME.findall(sentence[1:]))))
        pieces = [everything] if together else known
        support = max((len(content & piece) for piece in pieces), default=0)
        enough = support >= max(_LEAST_SHARED, min_support * len(content)) and certain <= everything
        finished = sentence[-1:] in (*final_marks(), "”", '"')
        if enough and finished and language_of(sentence) is language and sentence not in kept:
            kept.append(sentence)
    return kept


def told(text: str) -> int:
    """Return how many sentences a text has."""
    return len(sentences(text))
