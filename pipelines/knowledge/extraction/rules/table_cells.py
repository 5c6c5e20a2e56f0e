"""Rows of tables and lines of forms: cells side by side are no sentence, and what labels a value is no name."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.knowledge.extraction.rules.codes import is_code
from pipelines.knowledge.extraction.rules.form_words import (
    ADDRESS_ENDINGS,
    ADDRESS_WORDS,
    CHINESE_ADDRESS,
    CHINESE_FORM_WORDS,
    FORM_WORDS,
)
from pipelines.knowledge.mentions import Entity
from pipelines.text.lines import is_table_row
from pipelines.text.tables import cells, tables

_CELL = re.compile(r"(?:\\.|[^|])+")
_LABEL = re.compile(r"\s*([^:：|]{1,60}[:：])(?=\s)")
_FEWEST_LABELS = 3
"""Labelled cells of a row from which its labels name columns, if no other row has them: "Team A: Nora" is a pair."""
_FIGURE = re.compile(r"\d[\d.,:/%-]*\d%?|\d")
_BLANK = re.compile(r"[\W_]+")
_MOST_FIGURES, _NUMBER = 1 / 3, 1 / 2
"""Share of a text's letters in figures and labels from which it says amounts, and no sentence; of those of a cell in
figures alone from which it is a number (an account's), and holds no name."""
_ACCOUNT = 8
"""Figures from which a number is an account's or a telephone's."""
_LONGEST_ADDRESS = 16
"""Words of an address; a longer text that holds one is a sentence."""
_FORM = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(sorted(FORM_WORDS))})(?![A-Za-z])|{CHINESE_FORM_WORDS}", re.IGNORECASE)
_ADDRESS = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(sorted(ADDRESS_WORDS))})(?![a-z])\.?,? \d|\d+[a-z]?,? (?:[A-Z]\w+ ){{1,3}}"
    rf"(?:{'|'.join(sorted(ADDRESS_WORDS))})(?![a-z])|[^\W\d_]+(?:{'|'.join(sorted(ADDRESS_ENDINGS))}) \d"
    rf"|{CHINESE_ADDRESS}",
    re.IGNORECASE,
)


class Span(NamedTuple):
    """Characters of a text."""

    start: int
    end: int

    def holds(self, entity: Entity) -> bool:
        return self.start <= entity.start and entity.end <= self.end

    def touches(self, entity: Entity) -> bool:
        return self.start < entity.end and entity.start < self.end


def head_spans(text: str) -> list[Span]:
    """Return where heads of tables stand: ruled ones, and those above figures in a column that has a word there."""
    found = tables(text) if "|" in text else []
    return [
        Span(one.start, one.rows)
        for one in found
        if one.head and (one.ruled or (one.sure and _heads_figures(one.head, text[one.rows : one.end])))
    ]


def _heads_figures(head: str, rows: str) -> bool:
    names, first = cells(head), cells(rows.partition("\n")[0])
    pairs = zip(names, first, strict=False)
    return not any(_FIGURE.match(name) for name in names) and any(_FIGURE.match(value) for _, value in pairs)


def column_labels(rows: Sequence[str]) -> frozenset[str]:
    """Return the labels of the cells of rows that are names of columns, as CSV and Excel have them ("account: …")."""
    by_row = [[row[span.start : span.end] for span in _labels(row)] for row in rows if is_table_row(row)]
    counts = Counter(label for labels in by_row for label in labels)
    many = {label for labels in by_row if len(labels) >= _FEWEST_LABELS for label in labels}
    return frozenset(many | {label for label, count in counts.items() if count > 1})


def named_in_cells(sentence: str, entities: Sequence[Entity], labels: frozenset[str]) -> list[Entity]:
    """Return the entities but, in a table's row, those of columns' labels and of numbers."""
    if not is_table_row(sentence):
        return list(entities)
    columns = [span for span in _labels(sentence) if sentence[span.start : span.end] in labels]
    no_names = [*columns, *(cell for cell in _cells(sentence) if _is_number(sentence[cell.start : cell.end]))]
    return [e for e in entities if is_code(e.name) or not any(span.holds(e) for span in no_names)]


def _labels(row: str) -> list[Span]:
    return [Span(*match.span(1)) for cell in _cells(row) if (match := _LABEL.match(row, *cell))]


def _is_number(cell: str) -> bool:
    return sum(map(str.isdigit, cell)) >= _NUMBER * max(1, len(_BLANK.sub("", cell)))


class Neighbours:
    """Which names of a sentence may be related because they stand in it: all, but for a row's or a form's cells."""

    def __init__(self, sentence: str) -> None:
        self._parts = [*_cells(sentence), Span(0, 0)] if is_table_row(sentence) else [Span(0, len(sentence))]
        self._text = sentence
        self._alone = [_is_value(sentence[part.start : part.end]) for part in self._parts]

    @property
    def prose(self) -> bool:
        """Whether the sentence is one, and no row, address or amount: only then its grammar says something."""
        return len(self._parts) == 1 and not self._alone[0]

    def related(self, first: Entity, second: Entity) -> bool:
        """Say whether standing together joins two names: not where one is in an address or among amounts."""
        return not self._number_between(first, second) and not any(
            alone and (part.touches(first) or part.touches(second))
            for part, alone in zip(self._parts, self._alone, strict=True)
        )

    def _number_between(self, first: Entity, second: Entity) -> bool:
        """Say whether a cell with a long number, an account's, parts two cells of a row."""
        return any(sum(map(str.isdigit, self._text[start:end])) >= _ACCOUNT for start, end in self._parts[:-1]
                   if first.end <= start and end <= second.start)  # fmt: skip


def _cells(row: str) -> Iterator[Span]:
    return (Span(*match.span()) for match in _CELL.finditer(row))


def _is_value(text: str) -> bool:
    """Say whether a text is an address, or mostly figures and the labels of figures."""
    if _ADDRESS.search(text) and len(text.split()) <= _LONGEST_ADDRESS:
        return True
    letters = len(_BLANK.sub("", text))
    counted = sum(len(_BLANK.sub("", match.group())) for match in (*_FIGURE.finditer(text), *_FORM.finditer(text)))
    return bool(counted) and counted >= _MOST_FIGURES * letters
