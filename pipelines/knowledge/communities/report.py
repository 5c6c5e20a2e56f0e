"""The report of a community: what it is about, what was found in it, and on which chunks and entities that stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.knowledge.communities.evidence import Fact

EXTRACTIVE = "extractive"
"""The `model` of a report that is made of evidence sentences, none of a model's."""
HIGHEST = 10.0
"""The rating of what nobody can do without; the lowest is 0."""


@dataclass(frozen=True)
class Report:
    """A report, its findings with their chunks and entities; `failure` says why the model has to be asked again."""

    title: str
    summary: str
    findings: tuple[Fact, ...]
    rating: float
    model: str
    failure: str = ""

    def row(self, community_id: str, digest: str, chunk_ids: Iterable[str]) -> dict[str, Any]:
        """Return the row of COMMUNITY_SUMMARIES; `chunk_ids` are those that the summary stands on."""
        return {
            "community_id": community_id, "digest": digest, "title": self.title, "summary": self.summary,
            "chunk_ids": list(dict.fromkeys(chunk_ids)), "model": self.model, "rating": self.rating,
            "findings": [fact.text for fact in self.findings],
            "finding_chunk_ids": [" ".join(fact.chunk_ids) for fact in self.findings],
            "finding_entity_ids": [" ".join(fact.entity_ids) for fact in self.findings],
        }  # fmt: skip


def as_facts(row: Mapping[str, Any], most_chunks: int) -> list[Fact]:
    """Return what a community's report tells its parent: the summary, then the findings that it does not hold."""
    columns = (row["findings"], row["finding_chunk_ids"], row["finding_entity_ids"])
    found = [Fact(text, tuple(keys.split()), tuple(ids.split())) for text, keys, ids in zip(*columns, strict=True)]
    about = dict.fromkeys(key for fact in found for key in fact.entity_ids)
    whole = Fact(row["summary"], tuple(row["chunk_ids"][:most_chunks]), tuple(about))
    return [whole, *(fact for fact in found if fact.text not in row["summary"])]
