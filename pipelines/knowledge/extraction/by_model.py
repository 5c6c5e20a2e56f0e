"""An extractor that asks a language model for entities and relations by JSON schema, and repairs what it answers."""

import contextlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.core.identity import code_version, content_id, json_digest
from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.mentions import CO_OCCURS, Entity, Extraction, Passage, Relation, without_overlaps
from pipelines.knowledge.names import canonical_name
from pipelines.text.languages.languages import spaced_language, unspaced_in

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
_FENCE = re.compile(r"```(?:json)?\s*(.*?)(?:```|$)", re.DOTALL)
_STRING_OR_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_NOT_A_TYPE = re.compile(r"[^A-Z0-9]+")
_WEIGHT = 2.0


class LanguageModelExtractor:
    """Extraction by a language model; what it invents (a name that the text does not hold) is left out."""

    def __init__(self, language_model: LanguageModel, max_tokens: int = 512) -> None:
        self.language_model, self.max_tokens = language_model, max_tokens

    @property
    def name(self) -> str:
        """The model and a digest of the prompt, the schema and the code that reads the answers."""
        asked = (self.language_model.name, _TASK, json_digest(SCHEMA), self.max_tokens)
        return f"llm-{content_id(*asked, code_version(Path(__file__).parent))[:12]}"

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage; an answer that is no JSON even after repair is a failure with its reason."""
        asked = [[{"role": "user", "content": f"{_TASK}\n\nText:\n{one.text}\n\nJSON:"}] for one in passages]
        answers = self.language_model.complete(asked, self.max_tokens, SCHEMA)
        return [_read(one, answer.text) for one, answer in zip(passages, answers, strict=True)]


def _read(passage: Passage, answer: str) -> Extraction:
    value = repaired_json(answer)
    if not isinstance(value, dict):
        return Extraction(failure=f"the model's answer is not a JSON object: {answer[:80]!r}")
    if not {"entities", "relations"} & value.keys():
        return Extraction(failure=f"the model's answer has neither entities nor relations: {answer[:80]!r}")
    entities = without_overlaps(
        sorted(
            (entity for item in _objects(value.get("entities")) for entity in _places(passage.text, item)),
            key=lambda entity: (entity.start - entity.end, entity),
        )
    )
    spelt = {canonical_name(entity.name): entity.name for entity in entities}
    relations = [found for item in _objects(value.get("relations")) if (found := _relation(passage, item, spelt))]
    return Extraction(tuple(entities), tuple(dict.fromkeys(relations)))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _places(text: str, item: dict[str, Any]) -> list[Entity]:
    """Return the entity at every place where its name stands in the text as a whole word."""
    name, kind = str(item.get("name") or "").strip(), str(item.get("type") or "").strip().upper()
    kind = kind if kind in TYPES else "CONCEPT"
    if len(name) < (unspaced_in(name[:1]) or spaced_language(name)).names.shortest:
        return []
    # Chinese has no word boundaries; \b between two Chinese characters would never hold.
    pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
    return [Entity(match.start(), match.end(), match.group(), kind) for match in pattern.finditer(text)]


def _relation(passage: Passage, item: dict[str, Any], spelt: dict[str, str]) -> Relation | None:
    source, target = (spelt.get(canonical_name(str(item.get(end) or ""))) for end in ("source", "target"))
    if not source or not target or source == target:
        return None
    kind = _NOT_A_TYPE.sub("_", str(item.get("type") or "").upper()).strip("_")[:40]
    return Relation(source, target, kind or CO_OCCURS, _evidence(passage, source, target), _WEIGHT)


def _evidence(passage: Passage, source: str, target: str) -> str:
    """Return the sentence that names both, else the first that names the source."""
    spoken = [passage.text[start:end] for start, end in passage.spans]
    both = [sentence for sentence in spoken if source in sentence and target in sentence]
    named = both or [sentence for sentence in spoken if source in sentence] or [passage.text]
    return " ".join(named[0].split())


def repaired_json(answer: str) -> Any:
    """Return the JSON value in a model's answer, None where there is none.

    Tolerates code fences, words before and after, trailing commas, and an end that the token limit cut off: what
    is complete before the cut is kept.

    >>> repaired_json('Sure: ```json\\n{"entities": [{"name": "A"}, {"name": "B')
    {'entities': [{'name': 'A'}]}
    """
    with contextlib.suppress(json.JSONDecodeError):
        return json.loads(answer)  # nothing is repaired that is right as it is: a name may hold a fence or ", ]"
    fenced = _FENCE.search(answer)
    text = fenced.group(1) if fenced else answer
    start = text.find("{")
    if start < 0:
        return None
    text = text[start:]
    cuts, closers = _cuts(text)
    for cut, closing in zip(cuts, closers, strict=True):
        try:
            return json.loads(_without_trailing_commas(text[:cut] + closing))
        except json.JSONDecodeError:
            continue
    return None


def _without_trailing_commas(text: str) -> str:
    """Return the text without the commas before a closing bracket; what stands in quotes is left as it is."""
    return _STRING_OR_TRAILING_COMMA.sub(lambda match: match.group(1) or "", text)


def _cuts(text: str) -> tuple[list[int], list[str]]:
    """Return the places after a bracket, the last first, and what closes the value there."""
    stack: list[str] = []
    places: list[tuple[int, str]] = []
    quoted = escaped = False
    for position, character in enumerate(text):
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
            if character == "[" or len(stack) == 1:  # an object that just began holds nothing
                places.append((position + 1, "".join(reversed(stack))))
        elif character in "}]" and stack:
            stack.pop()
            places.append((position + 1, "".join(reversed(stack))))
            if not stack:
                break
    places.reverse()
    return [place for place, _ in places], [closing for _, closing in places]
