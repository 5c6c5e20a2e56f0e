"""What the extractions say of names: types, documents and spellings, who stands beside whom, who is also called how."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipelines.knowledge.entities.naming import said
from pipelines.knowledge.entities.naming.forms import abbreviates, acronym_of, initials, is_han_short
from pipelines.knowledge.mentions import ALIAS_OF
from pipelines.knowledge.names import canonical_name, is_han
from pipelines.text.names.legal_forms import ends_company

_LAST = ("\U0010ffff", 0)
_BRACKETED = re.compile(r"^(?P<head>.{2,}?)\s*[(（](?P<inner>[^()（）]{2,})[)）]?$")
_WORK = re.compile(
    r"(?:^|_)(?:WORK|EMPLOY|HIRE|JOIN|STAFF|SERVE|POSITION|ROLE|OFFICER|MANAGE|CEO|CFO|CTO|COO|HEAD|LEAD|DIRECTOR|ENGINEER"
    r"|PRESIDENT|CHAIR|PROFESSOR|TEACH|REPRESENT)|工作|任职|就职|供职|入职|受雇|雇|担任|任|加入|负责|管理|领导|员|总|经理|主席|教授"
)
"""Types of relations that say for whom somebody works, in the words that extractors name them by."""
IN_BRACKETS, IN_WORDS, BY_EXTRACTOR = "in_brackets", "also_called", "extracted_alias"
_ON = "list goes on"


@dataclass(frozen=True, order=True)
class Evidence:
    """Why two names may be one thing: in which document ("" everywhere), by which rule, how sure, and what says so."""

    one: str
    other: str
    rule: str
    score: float
    document_id: str = ""
    quote: str = ""
    by: str = "rules"


class Seen:
    """Counts over the rows of EXTRACTIONS, whatever their order."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], texts: Mapping[str, Mapping[str, Any]]) -> None:
        self.votes: dict[str, Counter[str]] = defaultdict(Counter)
        self.spelled: dict[str, Counter[str]] = defaultdict(Counter)
        self.documents: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self.holders: dict[str, set[str]] = defaultdict(set)
        self.first: dict[tuple[str, str], int] = {}
        """Where a key stands first in a document."""
        self.where: dict[str, tuple[str, int]] = {}
        """A chunk that names a key, and where in the document."""
        self.companies: set[tuple[str, str]] = set()
        """(document, key) of what is spelt with a legal form there."""
        self.founders: set[str] = set()
        """Keys whose bare name stands in a relation with the same name and a legal form: two things."""
        self.beside: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.employers: dict[tuple[str, str], set[str]] = defaultdict(set)
        """Whom a relation of work joins a key with; other relations say nothing of who else it could be."""
        self._acronyms: dict[str, str] = {}
        self._aliases: dict[tuple[str, str, str, str], list[Any]] = {}
        for row in rows:
            self._read(row, texts.get(row["chunk_id"]) if row.get("chunk_id") else None)

    @property
    def aliases(self) -> list[Evidence]:
        """Return what texts and extractors say to be two names of one thing; the more often the surer."""
        found = []
        for (document, one, other, rule), (count, quote) in sorted(self._aliases.items()):
            if one in self.votes and other in self.votes:
                sure = {IN_BRACKETS: 0.95, IN_WORDS: 0.93, BY_EXTRACTOR: 0.9}[rule] + min(count, 40) / 1000
                found.append(Evidence(one, other, rule, round(sure, 3), document, quote))
        return found

    def acronym(self, key: str) -> str:
        """Return the letters of a key that is mostly spelt as an acronym, "" for any other."""
        if key not in self._acronyms:
            counts: Counter[str] = Counter()
            for name, count in self.spelled[key].items():
                counts[acronym_of(name)] += count
            self._acronyms[key] = max(counts, key=lambda letters: (counts[letters], letters)) if counts else ""
        return self._acronyms[key]

    def is_capital(self, key: str) -> bool:
        """Say whether a key is ever spelt with a capital or a figure at its head, or a letter that has none."""
        return any(not name[:1].islower() for name in self.spelled[key])

    def initials(self, key: str) -> frozenset[str]:
        """Return what a key may be abbreviated to, with the legal form that it is spelt with: OPIC has Corporation."""
        return initials(key).union(*(initials(name.casefold()) for name in self.spelled.get(key, ())))

    def _read(self, row: Mapping[str, Any], chunk: Mapping[str, Any] | None) -> None:
        document = row["document_id"]
        for mention in row["entities"]:
            key = name_key(mention["name"])
            self.votes[key][mention["type"]] += 1
            self.spelled[key][mention["name"]] += 1
            self.documents[document][key][mention["type"]] += 1
            self.holders[key].add(document)
            place = (document, key)
            self.where[key] = min((row.get("chunk_id", ""), mention["start"]), self.where.get(key, _LAST))
            self.first[place] = min(mention["start"], self.first.get(place, mention["start"]))
            if ends_company(mention["name"]):
                self.companies.add((document, key))
            if (inner := bracketed(mention["name"])) and inner != key:
                self._alias(document, inner, key, IN_BRACKETS, mention["name"])
        for relation in row["relations"]:
            self._relate(document, relation)
        if chunk is not None and row["entities"]:
            self._read_gaps(document, row["entities"], chunk)

    def _relate(self, document: str, relation: Mapping[str, Any]) -> None:
        names = relation["source"], relation["target"]
        one, other = map(name_key, names)
        if one == other:
            if len({ends_company(name) for name in names}) == 2:
                self.founders.add(one)
        elif relation["type"] == ALIAS_OF:
            self._alias(document, one, other, BY_EXTRACTOR, relation["evidence"])
        else:
            self.beside[document, one].add(other)
            self.beside[document, other].add(one)
            if _WORK.search(relation["type"]):
                self.employers[document, one].add(other)
                self.employers[document, other].add(one)

    def _read_gaps(self, document: str, mentions: Sequence[Mapping[str, Any]], chunk: Mapping[str, Any]) -> None:
        """Find names that the text sets beside each other as two of one thing."""
        ordered = sorted(mentions, key=lambda one: (one["start"], one["end"], one["name"]))
        heads: dict[int, Mapping[str, Any]] = {}
        """By the place of what something is also called, what it is."""
        for place, mention in enumerate(ordered):
            for back in range(1, min(2, place) + 1):
                former = ordered[place - back]
                rule = _said(former, mention, chunk, back, place - back in heads)
                if rule == _ON:
                    rule = IN_WORDS if place - 1 in heads else ""
                if rule:
                    heads[place] = heads.get(place - back, former)
                    for other in (heads[place], *([former] if former is not heads[place] else [])):
                        self._read_pair(document, other, mention, rule, chunk)
                    break

    def _read_pair(
        self, document: str, former: Mapping[str, Any], mention: Mapping[str, Any], rule: str, chunk: Mapping[str, Any]
    ) -> None:
        pair = name_key(mention["name"]), name_key(former["name"])
        if pair[0] != pair[1]:
            start, end = max(0, former["start"] - chunk["start"]), mention["end"] - chunk["start"] + 1
            self._alias(document, *pair, rule, " ".join(chunk["text"][start:end].split()))

    def _alias(self, document: str, one: str, other: str, rule: str, quote: str) -> None:
        one, other = sorted((one, other))
        known = self._aliases.setdefault((document, one, other, rule), [0, quote])
        known[0] += 1
        known[1] = min(known[1], quote)


def _said(
    former: Mapping[str, Any], mention: Mapping[str, Any], chunk: Mapping[str, Any], back: int, alias: bool
) -> str:
    """Return by which rule the text between two names says that they are one thing's, "" by none.

    `back`: how many names before the second the first stands; a language may stand between: Vik (Thai: วิค). Behind a
    bracket the text goes on about what stands before it, and about the first only where that is an `alias` of it.
    """
    start, end = former["end"] - chunk["start"], mention["start"] - chunk["start"]
    if not 0 <= start < end <= start + said.LONGEST or not _one_kind(former, mention):
        return ""
    gap = chunk["text"][start:end]
    if gap.lstrip(' "”’')[:1] in tuple(")）") and not alias:
        return ""
    if said.called(gap, mention["type"] == "LOCATION"):
        return IN_WORDS
    after = chunk["text"][mention["end"] - chunk["start"] :][:1]
    if back == 1 and said.in_brackets(gap, former["name"], mention["name"], after):
        return IN_BRACKETS
    return _ON if back == 1 and said.goes_on(gap) else ""


def _one_kind(former: Mapping[str, Any], mention: Mapping[str, Any]) -> bool:
    return former["type"] == mention["type"] or "CONCEPT" in (former["type"], mention["type"])


def bracketed(name: str) -> str:
    """Return the key of what stands in brackets at a name's end where it is the name's own short form, else ""."""
    found = _BRACKETED.match(name.strip())
    if not found or not said.fits(found["inner"], found["head"]):
        return ""
    return canonical_name(found["inner"])


@lru_cache(maxsize=1 << 18)
def name_key(name: str) -> str:
    """Return the key of a name, without a bracket that only repeats it: World Health Organization (WHO).

    >>> name_key("World Health Organization (WHO)"), name_key("Mercury (planet)") == name_key("Mercury (element)")
    ('world health organization', False)
    """
    if name[-1:] in ")）" and (found := _BRACKETED.match(name.strip())) and _short_forms(found["inner"], found["head"]):
        return canonical_name(found["head"])
    return canonical_name(name)


def _short_forms(inner: str, head: str) -> bool:
    keys = canonical_name(inner), canonical_name(head)
    return abbreviates(acronym_of(inner), keys[1]) or is_han_short(*keys) or is_han(keys[0]) != is_han(keys[1])
