"""What a community's report may be made of: its members, and sentences with the chunk and the members of each."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.text.characters import HAN_CHARACTER
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import clause_marks, final_marks, main_language
from pipelines.text.sentences import sentences

_TITLE_NAMES, _NAMED_MEMBERS = 3, 8
_LATIN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_BULLET = re.compile(r"^(?:[-+•–] |\d{1,2}[.)] )+")
_MARKUP = re.compile(r"[#*_`|>]+")


@dataclass(frozen=True)
class Fact:
    """A sentence that a report may stand on: where it stands, and which entities it is about."""

    text: str
    chunk_ids: tuple[str, ...]
    entity_ids: tuple[str, ...]

    def also_about(self, entity_ids: Iterable[str]) -> "Fact":
        """Return the same fact about more entities."""
        return replace(self, entity_ids=tuple(dict.fromkeys([*self.entity_ids, *entity_ids])))


@dataclass(frozen=True)
class Evidence:
    """What one report is made of: `facts` best first; `names` of the members by id, the most central first."""

    title: str
    members: list[str]
    names: dict[str, str]
    facts: list[Fact]
    language: Language

    @property
    def sentences(self) -> list[str]:
        """The facts' texts."""
        return [fact.text for fact in self.facts]

    @property
    def chunk_ids(self) -> list[str]:
        """Where the facts stand, each chunk once."""
        return list(dict.fromkeys(key for fact in self.facts for key in fact.chunk_ids))


def token_estimate(text: str) -> int:
    """Return about how many tokens a small English model makes of a text: 1.3 a word, 2 a Chinese character."""
    return round(1.3 * len(_LATIN.findall(HAN_CHARACTER.sub(" ", text))) + 2 * len(HAN_CHARACTER.findall(text)))


def plain_text(text: str) -> str:
    """Return a sentence without Markdown marks."""
    return _BULLET.sub("", " ".join(_MARKUP.sub(" ", text).split()))


def gather_evidence(
    members: Sequence[Mapping[str, Any]],
    relations: Sequence[Mapping[str, Any]],
    texts: Mapping[str, str],
    budget: int,
) -> Evidence:
    """Return the best sentences on a community within `budget` tokens; `texts` are chunk texts by id.

    Relations inside the community come first, typed before mere co-occurrence, heavy before light; then what its
    most connected members' descriptions say. A sentence of which no chunk knows is left out: it can't be cited.
    """
    ranked = by_centrality(members, relations)
    heaviest = sorted(relations, key=lambda r: (r["type"] == "CO_OCCURS", -r["weight"], r["relation_id"]))
    candidates: list[tuple[str, list[str], tuple[str, ...]]] = [
        (relation["description"], relation["chunk_ids"], (relation["source_id"], relation["target_id"]))
        for relation in heaviest
    ]
    candidates += [
        (member["description"][start:end], member["chunk_ids"], (member["entity_id"],))
        for member in ranked for start, end in sentences(member["description"])
    ]  # fmt: skip
    # A table's row or a heading says little without its table; sorting is stable, so that the rest keeps its order.
    candidates.sort(key=lambda candidate: not _is_prose(candidate[0]))
    chosen, used = dict[str, Fact](), 0
    for sentence, known_in, about in candidates:
        clean, home = plain_text(sentence), _home(sentence, known_in, texts)
        cost = token_estimate(clean)
        if clean in chosen:
            chosen[clean] = chosen[clean].also_about(about)
            continue
        if home is None or used + cost > budget:
            continue
        chosen[clean] = Fact(clean, (home,), about)
        used += cost
    facts = list(chosen.values())
    language = main_language([fact.text for fact in facts])
    title = language.list_joiner.join(member["name"] for member in ranked[:_TITLE_NAMES])
    described = [f"{member['name']} ({member['type'].lower()})" for member in ranked[:_NAMED_MEMBERS]]
    names = {member["entity_id"]: member["name"] for member in ranked}
    return Evidence(title, described, names, facts, language)


def within(facts: Iterable[Fact], budget: int) -> list[Fact]:
    """Return the first facts that fit into a token budget together."""
    chosen, used = [], 0
    for fact in facts:
        used += token_estimate(fact.text)
        if used > budget:
            break
        chosen.append(fact)
    return chosen


def by_centrality(
    members: Iterable[Mapping[str, Any]], relations: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the members, the one whose relations to the others weigh most first."""
    degree: dict[str, float] = defaultdict(float)
    for relation in relations:
        for end in ("source_id", "target_id"):
            degree[relation[end]] += relation["weight"]
    return sorted(members, key=lambda m: (-degree[m["entity_id"]], -m["mentions"], m["name"], m["entity_id"]))


def _is_prose(sentence: str) -> bool:
    ends = (*final_marks(), *clause_marks())
    return not sentence.startswith(("|", "#")) and sentence.rstrip("*_ ")[-1:] in ends


def _home(sentence: str, chunk_ids: Iterable[str], texts: Mapping[str, str]) -> str | None:
    """Return the first chunk that holds the sentence, whatever its white space."""
    return next((key for key in chunk_ids if sentence in " ".join(texts.get(key, "").split())), None)
