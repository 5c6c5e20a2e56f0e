"""What is verified and what comes of it: numbered sources in, checked sentences with their citations out."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a sentence of an answer stands to its sources."""

    SUPPORTED = "supported"
    DERIVED = "derived"
    UNVERIFIED = "unverified"
    CONTRADICTED = "contradicted"

    @property
    def holds(self) -> bool:
        """Whether the sources bear the sentence out."""
        return self in (Status.SUPPORTED, Status.DERIVED)


@dataclass(frozen=True)
class Passage:
    """Text that stands in a document: text == document[start:start + len(text)], in characters.

    `sentence_spans` is what the chunk's row stores (start, end, start, end, …); None has the text cut here.
    `header` is the chunk's header, which may hold the head of a table.
    """

    chunk_id: str
    document_id: str
    document_version: str
    text: str
    start: int = 0
    sentence_spans: tuple[int, ...] | None = None
    header: str = ""


@dataclass(frozen=True)
class Source:
    """One numbered source as the model saw it: a passage, or a fact or report that stands on several.

    Only what stands in a document proves anything: of a fact or a report, its passages are cited, never its words.
    """

    number: int
    passages: tuple[Passage, ...]
    title: str = ""
    section: str = ""
    date: str = ""


@dataclass(frozen=True)
class Citation:
    """A sentence of a source: quote == document[start:end], in characters."""

    number: int
    chunk_id: str
    document_id: str
    document_version: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True)
class CheckedSentence:
    """A sentence of an answer, text == answer[start:end]; `status` is None where nothing is claimed.

    `reason` is one line; `note` says what became of the marks ("" where they stand as they were). `figures_fail`: a
    number of it stands in no cited sentence, or could not be looked for.
    """

    text: str
    start: int
    end: int
    status: Status | None
    reason: str
    citations: tuple[Citation, ...] = ()
    note: str = ""
    figures_fail: bool = False


@dataclass(frozen=True)
class VerifiedAnswer:
    """An answer and its sentences, in order."""

    text: str
    sentences: tuple[CheckedSentence, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many sentences have each status."""
        found = Counter(one.status for one in self.sentences if one.status is not None)
        return {status.value: found[status] for status in Status}

    @property
    def claims(self) -> tuple[CheckedSentence, ...]:
        """The sentences that claim something."""
        return tuple(one for one in self.sentences if one.status is not None)
