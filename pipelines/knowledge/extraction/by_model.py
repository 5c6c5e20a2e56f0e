"""An extractor that asks a language model for entities and relations by JSON schema, and repairs what it answers."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.core.identity import code_version, content_id, json_digest
from pipelines.core.protocols import CUT, Completion, LanguageModel
from pipelines.knowledge.mentions import BY_MODEL, CO_OCCURS, Entity, Extraction, Passage, Relation, without_overlaps
from pipelines.knowledge.names import canonical_name
from pipelines.text.languages.languages import spaced_language, unspaced_in
from pipelines.text.notation.json_objects import last_object

TYPES = ("PERSON", "ORGANIZATION", "LOCATION", "PRODUCT", "EVENT", "CONCEPT")
_TEXT = {"type": "string", "minLength": 1, "maxLength": 80}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "entities": {"type": "array", "maxItems": 20, "items": {
            "type": "object", "properties": {"name": _TEXT, "type": {"enum": list(TYPES)}},
            "required": ["name", "type"], "additionalProperties": False}},
        "relations": {"type": "array", "maxItems": 20, "items": {
            "type": "object", "properties": {"source": _TEXT, "type": _TEXT, "target": _TEXT},
            "required": ["source", "type", "target"], "additionalProperties": False}},
    },
    "required": ["entities", "relations"],
    "additionalProperties": False,
}  # fmt: skip
_TASK = (
    "List the named entities of the text and the relations between them as JSON: "
    '{"entities": [{"name": "…", "type": "' + "|".join(TYPES) + '"}], '
    '"relations": [{"source": "name", "type": "WORKS_AT|LOCATED_IN|SUPPLIES|LEADS|…", "target": "name"}]}. '
    "Copy each name letter by letter from the text, in the text's language."
)
_ENTITIES, _RELATIONS = ("entities",), ("relations", "relationships")
# How models name the fields when nothing holds them to the schema.
_NAMES = ("name", "entity_name", "entity", "text", "title")
_TYPES = ("type", "entity_type", "label", "category")
_SOURCES = ("source", "source_entity", "source_name", "src", "src_id", "subject", "head", "from")
_TARGETS = ("target", "target_entity", "target_name", "tgt", "tgt_id", "object", "tail", "to")
_KINDS = ("type", "relation", "relation_type", "relationship", "relationship_type", "predicate", "label")
_LONGER = 4
_END = 900
_CIRCLE = re.compile(r"(.{3,140}?)\1{4,}.{0,140}\Z", re.DOTALL)
"""At the end of a text: a piece five times, one behind the other."""
_NOT_A_TYPE = re.compile(r"[^A-Z0-9]+")
_WEIGHT = 2.0


class LanguageModelExtractor:
    """Extraction by a language model; what it invents (a name that the text does not hold) is left out."""

    def __init__(self, language_model: LanguageModel, max_tokens: int = 512) -> None:
        self.language_model, self.max_tokens = language_model, max_tokens

    @cached_property
    def name(self) -> str:
        """The model and a digest of the prompt, the schema and the code that reads the answers."""
        asked = (self.language_model.name, _TASK, json_digest(SCHEMA), self.max_tokens)
        return f"{BY_MODEL}{content_id(*asked, code_version(Path(__file__).parent))[:12]}"

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage; an answer that cannot be used is a failure with its reason.

        What the token limit cut is asked for once more with a longer one, unless it ran in circles, which is a failure;
        of what is still cut, the complete part is kept and a note says so.
        """
        answers = self._answers(passages, self.max_tokens)
        cut = [n for n, answer in enumerate(answers) if answer.finish_reason == CUT and not _in_circles(answer.text)]
        longer = self._answers([passages[number] for number in cut], _LONGER * self.max_tokens) if cut else []
        for number, answer in zip(cut, longer, strict=True):
            answers[number] = answers[number] if answer.failure else answer
        return [_read(one, answer) for one, answer in zip(passages, answers, strict=True)]

    def _answers(self, passages: Sequence[Passage], max_tokens: int) -> list[Completion]:
        asked = [[{"role": "user", "content": f"{_TASK}\n\nText:\n{one.text}\n\nJSON:"}] for one in passages]
        return self.language_model.complete(
            asked, max_tokens, SCHEMA, lambda number, answer: not _read(passages[number], answer).failure
        )


def _read(passage: Passage, answer: Completion) -> Extraction:
    if answer.failure:
        return Extraction(failure=answer.failure)
    value = last_object(answer.text, (*_ENTITIES, *_RELATIONS))
    if answer.finish_reason == CUT and _in_circles(answer.text):
        return Extraction(failure=f"the model repeats itself until the token limit: …{answer.text[-60:]!r}")
    cut = "; the token limit cut it" if answer.finish_reason == CUT else ""
    if value is None:
        text = repr(answer.text[:80]) if answer.text.strip() else f"nothing (finish_reason {answer.finish_reason!r})"
        return Extraction(failure=f"the model's answer has no JSON object with entities or relations: {text}{cut}")
    named, related = _items(value, _ENTITIES), _items(value, _RELATIONS)
    entities = without_overlaps(
        sorted(
            (entity for item in named for entity in _places(passage.text, item)),
            key=lambda entity: (entity.start - entity.end, entity),
        )
    )
    if (named or related) and not entities:
        unusable = f"the model named {len(named)} entities and {len(related)} relations, none usable"
        return Extraction(failure=f"{unusable}: {json.dumps((named or related)[0], ensure_ascii=False)[:80]}{cut}")
    spelt = {canonical_name(entity.name): entity.name for entity in entities}
    relations = [found for item in related if (found := _relation(passage, item, spelt))]
    note = "the token limit cut the model's answer: what was complete before it is kept" if cut else ""
    return Extraction(tuple(entities), tuple(dict.fromkeys(relations)), note=note)


def _in_circles(text: str) -> bool:
    """Say whether a text ends in one piece again and again."""
    return _CIRCLE.search(text[-_END:]) is not None


def _items(value: Mapping[str, Any], keys: Sequence[str]) -> list[Any]:
    """Return what an object lists under the first of the keys that it has; what is no list is one thing."""
    listed: Any = next((value[key] for key in keys if value.get(key)), [])
    return listed if isinstance(listed, list) else [listed]


def _field(item: Any, names: Sequence[str]) -> str:
    """Return an object's field by the first of its names that it has, as a text."""
    lowered = {str(name).lower(): one for name, one in item.items()} if isinstance(item, dict) else {}
    found = next((lowered[name] for name in names if lowered.get(name)), "")
    return _field(found, _NAMES) if isinstance(found, dict) else str(found).strip()


def _places(text: str, item: Any) -> list[Entity]:
    """Return the entity at every place where its name stands in the text as a whole word; a bare name is one too."""
    name = item.strip() if isinstance(item, str) else _field(item, _NAMES)
    kind = _field(item, _TYPES).upper()
    kind = kind if kind in TYPES else "CONCEPT"
    if len(name) < (unspaced_in(name[:1]) or spaced_language(name)).names.shortest:
        return []
    # Chinese has no word boundaries; \b between two Chinese characters would never hold.
    pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
    return [Entity(match.start(), match.end(), match.group(), kind) for match in pattern.finditer(text)]


def _relation(passage: Passage, item: Any, spelt: Mapping[str, str]) -> Relation | None:
    if isinstance(item, list) and len(item) == 3:
        item = dict(zip(("source", "type", "target"), item, strict=True))
    source, target = (spelt.get(canonical_name(_field(item, ends))) for ends in (_SOURCES, _TARGETS))
    if not source or not target or source == target:
        return None
    kind = _NOT_A_TYPE.sub("_", _field(item, _KINDS).upper()).strip("_")[:40]
    return Relation(source, target, kind or CO_OCCURS, _evidence(passage, source, target), _WEIGHT)


def _evidence(passage: Passage, source: str, target: str) -> str:
    """Return the sentence that names both, else the first that names the source."""
    spoken = [passage.text[start:end] for start, end in passage.spans]
    both = [sentence for sentence in spoken if source in sentence and target in sentence]
    named = both or [sentence for sentence in spoken if source in sentence] or [passage.text]
    return " ".join(named[0].split())
