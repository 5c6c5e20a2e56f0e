"""The parts of a sentence that was read: words, names, who does what to whom."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.answering.grounding.citations.reading.dates import Date
from pipelines.answering.grounding.citations.reading.numbers import Number

IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[A-Za-z][A-Za-z]*[-_./]?\d)[A-Za-z]+[-_./]?\d[A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+)*"
)
_LABELLED = (
    "line gate room chapter section table figure step phase stage level team group unit "
    "building hall platform route bus terminal track version article part volume type class "
    "grade model floor zone lot batch case question season episode site pier dock block ward "
    "wing plant"
).split()
LABEL = re.compile(
    rf"(?<=\b)(?:{'|'.join(_LABELLED)}) \d{{1,3}}(?![\d.,:%°]*\d|\s?%)|[一二三四五六七八九十\d]{{1,3}}号(?!日)",
    re.IGNORECASE,
)
"""A number that tells one thing from others of its name and counts nothing: "Line 1", "Gate 12", 一号线."""


@dataclass(frozen=True)
class Word:
    """A word that carries meaning: `key` is what it is compared by, `kind` word, name, number or date.

    `segment` counts the parts that commas, brackets and "and" make; `roles` is what binds it ("prep:from",
    "subj:replace").
    """

    key: str
    kind: str
    start: int
    end: int
    segment: int = 0
    roles: tuple[str, ...] = ()
    is_verb: bool = False
    negated: bool = False


@dataclass(frozen=True)
class Frame:
    """Who does what to whom: a predicate and the words of the two that it binds, the doer first."""

    predicate: str
    subject: frozenset[str]
    object: frozenset[str]
    negated: bool = False


@dataclass(frozen=True)
class Name:
    """A proper name: its words in small letters. An `opener` only starts the sentence and may be an ordinary word."""

    words: tuple[str, ...]
    start: int
    end: int
    opener: bool = False

    @property
    def text(self) -> str:
        """The name as one string."""
        return " ".join(self.words)


@dataclass(frozen=True, eq=False)
class Reading:
    """A sentence, read."""

    text: str
    language: str
    words: tuple[Word, ...]
    frames: tuple[Frame, ...]
    names: tuple[Name, ...]
    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    headless: frozenset[int] = frozenset()
    """Segments that begin with a verb: their subject stands in one before."""
    keys: frozenset[str] = frozenset()

    @property
    def negated(self) -> frozenset[str]:
        """Keys that a negation stands upon."""
        return frozenset(word.key for word in self.words if word.negated)

    @property
    def items(self) -> int:
        """How many names, numbers and dates can be checked."""
        return len(self.names) + len(self.numbers) + len(self.dates)


Found = tuple[list[Word], list[Frame], list[Name], set[int]]
"""What a language's reader finds: words, frames, names, segments without a subject."""


def free(spans: Iterable[Word], start: int, end: int) -> bool:
    """Say whether text[start:end] is outside of all the spans."""
    return not any(start < one.end and one.start < end for one in spans)
