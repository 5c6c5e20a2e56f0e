"""What a community's summary may be written from: its members, relations and best sentences, within a token budget."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.core.protocols import Messages
from pipelines.text.characters import HAN_CHARACTER
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import clause_marks, final_marks, main_language
from pipelines.text.sentences import sentences

_TITLE_NAMES, _NAMED_MEMBERS = 3, 8
_LATIN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_BULLET = re.compile(r"^(?:[-+•–] |\d{1,2}[.)] )+")
_MARKUP = re.compile(r"[#*_`|>]+")


@dataclass(frozen=True)
class Evidence:
    """The facts behind one summary: `sentences` best first, `chunk_ids` where they stand, in the same order."""

    title: str
    members: list[str]
    sentences: list[str]
    chunk_ids: list[str]
    language: Language


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
    degree: dict[str, float] = {member["entity_id"]: 0.0 for member in members}
    for relation in relations:
        for end in ("source_id", "target_id"):
            degree[relation[end]] += relation["weight"]
    ranked = sorted(members, key=lambda m: (-degree[m["entity_id"]], -m["mentions"], m["name"], m["entity_id"]))
    heaviest = sorted(relations, key=lambda r: (r["type"] == "CO_OCCURS", -r["weight"], r["relation_id"]))
    candidates = [(relation["description"], relation["chunk_ids"]) for relation in heaviest]
    candidates += [
        (member["description"][start:end], member["chunk_ids"])
        for member in ranked for start, end in sentences(member["description"])
    ]  # fmt: skip
    # A table's row or a heading says little without its table; sorting is stable, so that the rest keeps its order.
    candidates.sort(key=lambda candidate: not _is_prose(candidate[0]))
    chosen, chunk_ids, used = [], [], 0
    for sentence, known_in in candidates:
        clean, home = plain_text(sentence), _home(sentence, known_in, texts)
        cost = token_estimate(clean)
        if home is None or clean in chosen or used + cost > budget:
            continue
        chosen.append(clean)
        chunk_ids.append(home)
        used += cost
    names = [member["name"] for member in ranked]
    language = main_language(chosen)
    title = language.list_joiner.join(names[:_TITLE_NAMES])
    described = [f"{member['name']} ({member['type'].lower()})" for member in ranked[:_NAMED_MEMBERS]]
    return Evidence(title, described, chosen, list(dict.fromkeys(chunk_ids)), language)


def _is_prose(sentence: str) -> bool:
    ends = (*final_marks(), *clause_marks())
    return not sentence.startswith(("|", "#")) and sentence.rstrip("*_ ")[-1:] in ends


def _home(sentence: str, chunk_ids: Iterable[str], texts: Mapping[str, str]) -> str | None:
    """Return the first chunk that holds the sentence, whatever its white space."""
    return next((key for key in chunk_ids if sentence in " ".join(texts.get(key, "").split())), None)


def summary_prompt(evidence: Evidence, children: Sequence[str]) -> Messages:
    """Return the conversation that asks for a summary; `children` are summaries of the community's parts."""
    facts = "\n".join(f"- {sentence}" for sentence in [*children, *evidence.sentences])
    members = evidence.language.list_joiner.join(evidence.members)
    asked = evidence.language.prompts
    head = f"{asked.summary_task}\n\n{asked.facts}"
    return [{"role": "user", "content": f"{head}\n{facts}\n\n{asked.members}{members}\n\n{asked.summary}"}]
