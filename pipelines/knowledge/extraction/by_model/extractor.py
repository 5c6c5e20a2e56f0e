"""An extractor that asks a language model for entities and relations, guided by a schema or open."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from pipelines.core.identity import code_version, content_id, json_digest
from pipelines.core.protocols import CUT, Completion, LanguageModel, Messages
from pipelines.knowledge.extraction.by_model.gleaning import missed_names
from pipelines.knowledge.extraction.by_model.replies import UnusableReply, read_reply, runs_in_circles
from pipelines.knowledge.extraction.by_model.request import Requests
from pipelines.knowledge.extraction.ledger import NOTHING
from pipelines.knowledge.extraction.prompts.extraction_prompts import PROMPTS, load_extraction_prompts
from pipelines.knowledge.extraction.said.placing import merged, place
from pipelines.knowledge.extraction.said.schema_file import read_schema
from pipelines.knowledge.extraction.said.typing import Typing
from pipelines.knowledge.extraction.settings import ExtractionSettings
from pipelines.knowledge.mentions import BY_MODEL, Entity, Extraction, Extractor, Passage

Asked = tuple[Passage, Messages, Sequence[Entity]]
"""A passage, what is asked about it, and its entities that are known already."""
_LONGER = 4


class LanguageModelExtractor:
    """Extraction by a language model; what it says that the text does not hold is left out and counted.

    `rules` are what finds the names that it may have missed. `counts` tell of the calls so far.
    """

    def __init__(
        self,
        language_model: LanguageModel,
        settings: ExtractionSettings = ExtractionSettings(),  # noqa: B008 - frozen
        rules: Extractor | None = None,
    ) -> None:
        self.language_model, self.settings, self._rules = language_model, settings, rules
        schema = read_schema(settings.schema_file) if settings.schema_file else None
        self.typing = Typing(schema, settings.outside)
        self._prompts = load_extraction_prompts(settings.prompts)
        self._requests = Requests(self._prompts, self.typing, settings)
        self.counts: Counter[str] = Counter()

    @cached_property
    def name(self) -> str:
        """The model and a digest of prompts, schema, settings and the code that reads the answers."""
        schema = self.typing.schema
        asked = (
            self.language_model.name,
            self._prompts.digest(*PROMPTS),
            json_digest(self._schema),
            schema.digest if schema else "",
            json_digest(self.settings.model_dump(include={"outside", "gleaning", "claims", "max_tokens"})),
            self._finder.name if self._finder else "",
        )
        return f"{BY_MODEL}{content_id(*asked, code_version(Path(__file__).parent))[:12]}"

    @cached_property
    def _schema(self) -> dict[str, object]:
        return self._requests.schema(self.language_model.packaged)

    @property
    def _finder(self) -> Extractor | None:
        return self._rules if self.settings.gleaning else None

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage; an answer that cannot be used is a failure with its reason.

        What the token limit cut is asked for once more with a longer one, unless it ran in circles, which is a failure;
        of what is still cut, the complete part is kept and a note says so.
        """
        found = self._asked(passages, [self._requests.passage(one.text) for one in passages])
        return self._gleaned(passages, found) if self._finder else found

    def _gleaned(self, passages: Sequence[Passage], found: list[Extraction]) -> list[Extraction]:
        """Return the extractions with what a second look added, where the rules find names that the model missed."""
        assert self._finder is not None
        read = [number for number, one in enumerate(found) if not one.failure]
        by_rules = self._finder.extract([passages[number] for number in read])
        names = {
            number: missed
            for number, rules in zip(read, by_rules, strict=True)
            if (missed := missed_names(passages[number], found[number], rules))
        }
        again = self._asked(
            [passages[number] for number in names],
            [self._requests.gleaning(passages[number].text, missed) for number, missed in names.items()],
            [found[number].entities for number in names],
        )
        self.counts["gleaning_calls"] += len(names)
        for number, more in zip(names, again, strict=True):
            if more.failure:
                more = Extraction(note=f"the second look failed: {more.failure}", dropped=more.dropped)
            both = merged(found[number], more)
            self.counts["gleaned_entities"] += len(both.entities) - len(found[number].entities)
            self.counts["gleaned_relations"] += len(both.relations) - len(found[number].relations)
            if not both.entities:
                both = replace(both, note=f"{NOTHING}; the rules find {', '.join(names[number])}")
            found[number] = both
        return found

    def _asked(
        self, passages: Sequence[Passage], prompts: Sequence[Messages], known: Sequence[Sequence[Entity]] = ()
    ) -> list[Extraction]:
        """Return what the replies say of each passage, of which these entities are `known` already."""
        asked = list(zip(passages, prompts, known or [()] * len(passages), strict=True))
        replies = self._replies(asked, self.settings.max_tokens) if asked else []
        cut = [n for n, reply in enumerate(replies) if reply.finish_reason == CUT and not runs_in_circles(reply.text)]
        if cut:
            self.counts["asked_again"] += len(cut)
            longer = self._replies([asked[number] for number in cut], _LONGER * self.settings.max_tokens)
            for number, reply in zip(cut, longer, strict=True):
                replies[number] = replies[number] if reply.failure else reply
        return [self._read(one, reply, there) for (one, _, there), reply in zip(asked, replies, strict=True)]

    def _replies(self, asked: Sequence[Asked], max_tokens: int) -> list[Completion]:
        def usable(number: int, reply: Completion) -> bool:
            passage, _, known = asked[number]
            return not self._read(passage, reply, known).failure

        replies = self.language_model.complete([prompt for _, prompt, _ in asked], max_tokens, self._schema, usable)
        self.counts["calls"] += len(replies)
        self.counts["cached_calls"] += sum(one.cached for one in replies)
        for kind in ("prompt_tokens", "completion_tokens"):
            self.counts[kind] += sum(getattr(one, kind) for one in replies if not one.cached)
        return replies

    def _read(self, passage: Passage, reply: Completion, known: Sequence[Entity]) -> Extraction:
        """Return what a reply says of a passage; a failure where nothing of what it says can be used."""
        try:
            said = read_reply(reply)
        except UnusableReply as error:
            return Extraction(failure=str(error))
        found = place(passage, said, self.typing, known)
        if (said.entities or said.relations) and len(found.entities) == len(known) and not found.relations:
            counted = f"the model named {len(said.entities)} entities and {len(said.relations)} relations, none usable"
            reasons = "; ".join(f"{reason}: {count}" for reason, count in sorted(found.dropped.items()))
            return Extraction(failure=f"{counted} ({reasons})", dropped=found.dropped)
        return found
