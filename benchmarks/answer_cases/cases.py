"""The hand-written cases of the benchmark of answers: questions, answers of a capable model, and what they rest on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.readers import reader_of

FOLDER = Path(__file__).resolve().parent
DOCUMENTS = FOLDER / "documents"
"""What GRAFTLINE_DOCUMENTS is set to; cases name documents by their paths below it."""

RIGHT_KINDS = ("paraphrase", "synthesis", "calculation", "list", "other_language", "yes_no", "count")
FALSE_KINDS = ("roles", "negation", "numbers", "units", "dates", "other_entity", "invented")
STAGES = ("closed", "opened", "open")
"""Who has seen a set: nobody who works on the checks, those who do since a date, those who do from the first."""
SETS: Mapping[str, tuple[str, ...]] = {
    **{f"right_{stage}": RIGHT_KINDS for stage in STAGES},
    **{f"false_{stage}": FALSE_KINDS for stage in STAGES},
    "refusals": ("full", "partial"),
    "small_model": ("unanswerable", "answerable"),
}
"""The sets, each a YAML file of its name, and the kinds of their cases."""
HABITS = (
    "no_marks", "marks_at_paragraph_end", "two_marks", "lead_in", "follow_up", "list", "table", "bold", "latex",
    "calculation_not_shown", "summary", "hedge", "pronoun", "alias", "converted_unit", "relative_date", "own_words",
)  # fmt: skip
"""What an answer does besides answering, as real models do; the last seven are told of cases with ids from 21 alone."""
MARK = re.compile(r"\{cite:([^{}#]+)(?:#(\d+))?\}")
"""A citation's place: a document, and perhaps which of its gold sentences."""


class BadCase(ValueError):
    """A case that does not say what a case must."""


@dataclass(frozen=True)
class Gold:
    """A sentence on which an answer rests (or which a false one contradicts), as its document says it."""

    document: str
    sentence: str


@dataclass(frozen=True)
class Case:
    """A question and what a model answers; which fields are filled depends on the set, see README.md."""

    id: str
    kind: str
    language: str
    question: str
    documents: tuple[str, ...]
    gold: tuple[Gold, ...] = ()
    answer: str = ""
    arithmetic: tuple[str, ...] = ()
    habits: tuple[str, ...] = ()
    false_parts: tuple[str, ...] = ()
    truth: str = ""
    refuses: tuple[str, ...] = ()
    set: str = ""

    @property
    def stage(self) -> str:
        """Which of STAGES its set is; of a set that has none, its whole name."""
        return self.set.removeprefix("right_").removeprefix("false_")

    @property
    def plain_answer(self) -> str:
        """The answer without its citations."""
        return MARK.sub("", self.answer)


def load(*names: str) -> list[Case]:
    """Return the cases of these sets, in their order; BadCase where one does not hold, its id first."""
    cases = [_case(row, name) for name in names for row in yaml.safe_load(_file(name).read_text(encoding="utf-8"))]
    for field in ("id", "question"):
        values = [getattr(case, field) for case in cases]
        if twice := {value for value in values if values.count(value) > 1}:
            raise BadCase(f"{', '.join(names)}: {field} used twice: {sorted(twice)[0]}")
    return cases


def _file(name: str) -> Path:
    if name not in SETS:
        raise BadCase(f"no set {name}; expected one of {', '.join(SETS)}")
    return FOLDER / "sets" / f"{name}.yaml"


def _case(row: dict[str, Any], name: str) -> Case:
    ident = row.get("id", f"a row of {name}")
    try:
        gold = tuple(Gold(**one) for one in row.get("gold", ()))
        lists = {
            field: tuple(row[field]) for field in ("arithmetic", "habits", "false_parts", "refuses") if field in row
        }
        case = Case(**{**row, **lists, "documents": tuple(row["documents"]), "gold": gold}, set=name)
    except (TypeError, KeyError) as error:
        raise BadCase(f"{ident}: {error}") from None
    for wrong in _faults(case, name):
        raise BadCase(f"{ident}: {wrong}")
    return case


def _faults(case: Case, name: str) -> list[str]:
    faults = [
        f"{what} {value!r}"
        for what, value, known in [
            ("kind", case.kind, SETS[name]),
            ("language", case.language, ("en", "zh")),
            *(("habit", habit, HABITS) for habit in case.habits),
        ]
        if value not in known
    ]
    faults += [f"no document {path}" for path in case.documents if not (DOCUMENTS / path).is_file()]
    if faults:
        return faults
    faults += [f"gold of {one.document}, which is not in documents" for one in case.gold
               if one.document not in case.documents]  # fmt: skip
    faults += [f"not in {one.document}: {one.sentence}" for one in case.gold if not stands(one)]
    faults += [f"a mark without gold: {mark[0]}" for mark in MARK.finditer(case.answer) if not cited(case, mark)]
    faults += [f"not in the answer: {part}" for part in (*case.false_parts, *case.refuses) if part not in case.answer]
    if ("no_marks" in case.habits) == bool(MARK.search(case.answer)) and name.startswith(("right", "false")):
        faults.append("the habit no_marks and the answer's marks disagree")
    needed = {"right": ("gold", "answer"), "false": ("gold", "answer", "false_parts", "truth"), "refusals": ("answer",)}
    faults += [f"no {field}" for field in needed.get(name.split("_")[0], ()) if not getattr(case, field)]
    if case.kind in ("partial", "answerable") and not (case.gold and case.answer):
        faults.append("no gold or no answer")
    return faults


def cited(case: Case, mark: re.Match[str]) -> Sequence[Gold]:
    """Return the gold sentences that a mark of MARK stands for: one by its number, else all of the document."""
    own = [one for one in case.gold if one.document == mark[1]]
    return own if mark[2] is None else own[int(mark[2]) - 1 : int(mark[2])]


def stands(gold: Gold) -> bool:
    """Say whether the sentence stands in its document letter by letter, line breaks aside."""
    return gold.sentence in " ".join(text_of(gold.document).split())


@cache
def text_of(document: str) -> str:
    """Return the document's text as the product's own reader gives it."""
    path = DOCUMENTS / document
    reader = reader_of(path)
    if reader is None:
        raise BadCase(f"{document} is of a format that nothing reads")
    return reader.read(path, Limits()).text


@cache
def title_of(document: str) -> str:
    """Return the first heading or line, or the file's name for a table.

    >>> title_of("city/kiln-lane-footbridge.txt"), title_of("harbour/tariff-2025.csv")
    ('KILN LANE FOOTBRIDGE - INSPECTION MEMO', 'tariff-2025')
    """
    first = text_of(document).lstrip().splitlines()[0]
    return Path(document).stem if first.startswith("|") else first.lstrip("# ").strip()
