"""The audited table of names: why each one means its entity; and the pairs that look alike and stay two."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import pyarrow as pa

from pipelines.core.identity import content_id
from pipelines.core.schemas import ALIASES, SUSPECTED_DUPLICATES
from pipelines.knowledge.entities.gathering import Thing
from pipelines.knowledge.entities.name_groups import NameGroups
from pipelines.knowledge.entities.naming.homonyms import plain_key
from pipelines.knowledge.entities.naming.seen import Evidence, name_key

SAME_FORM, HOMONYM, AMBIGUOUS = "normal_form", "same_name", "short_for_several"
Id = Callable[[str], str]
"""From a thing's key to its entity id."""


def alias_rows(groups: NameGroups, things: Mapping[str, Thing], names: Mapping[str, str], entity_id: Id) -> pa.Table:
    """Return ALIASES: a row a spelling and a joined name of each entity; `names` are the entities' own by key."""
    why: dict[str, Evidence] = {}
    for join in groups.joins:
        for key in (join.one, join.other):
            why.setdefault(plain_key(key), join)
    rows: dict[str, dict[str, Any]] = {}
    for node, thing in things.items():
        mine = plain_key(node)
        own = name_key(names[node])
        for name, count in thing.names.items():
            key = name_key(name)
            if name == names[node]:
                continue
            if key in (own, mine):
                evidence = Evidence(key, key, SAME_FORM, 1.0) if key == own else why.get(own) or why.get(key)
            else:
                evidence = why.get(key)
            if evidence is not None:
                row = _row(node, names[node], name, evidence, count, entity_id, "")
                rows[row["alias_id"]] = row
    for document, one in groups.short_names():
        node = groups.key_of(document, one.one)
        if node in things:
            spelt = _best(groups, one.one)
            count = sum(groups.seen.documents[document][one.one].values())
            row = _row(node, names[node], spelt, one, count, entity_id, document)
            rows[row["alias_id"]] = row
    return pa.Table.from_pylist([rows[key] for key in sorted(rows)], ALIASES)


def _row(
    node: str, name: str, alias: str, evidence: Evidence, mentions: int, entity_id: Id, document: str
) -> dict[str, Any]:
    found = entity_id(node)
    return {
        "alias_id": content_id("alias", found, alias, document),
        "entity_id": found, "name": name, "alias": alias, "document_id": document, "rule": evidence.rule,
        "score": evidence.score, "evidence": evidence.quote,
        "said_in": evidence.document_id, "by": evidence.by, "mentions": mentions,
    }  # fmt: skip


def _best(groups: NameGroups, key: str) -> str:
    spelled = groups.seen.spelled[key]
    return min(spelled, key=lambda name: (-spelled[name], name))


def suspected(groups: NameGroups, names: Mapping[str, str], entity_id: Id) -> pa.Table:
    """Return SUSPECTED_DUPLICATES among the entities whose names are given by key."""
    rows: dict[str, dict[str, Any]] = {}
    for one, other, evidence, reason in _pairs(groups):
        if one == other or one not in names or other not in names:
            continue
        ends = sorted(((entity_id(one), names[one]), (entity_id(other), names[other])))
        key = content_id("pair", ends[0][0], ends[1][0])
        rows.setdefault(key, {
            "pair_id": key, "one_id": ends[0][0], "other_id": ends[1][0], "one": ends[0][1], "other": ends[1][1],
            "rule": evidence.rule, "score": evidence.score, "reason": reason,
        })  # fmt: skip
    return pa.Table.from_pylist([rows[key] for key in sorted(rows)], SUSPECTED_DUPLICATES)


def _pairs(groups: NameGroups) -> Iterator[tuple[str, str, Evidence, str]]:
    for refusal in groups.refusals:
        one = refusal.evidence
        yield groups.groups.root(one.one), groups.groups.root(one.other), one, refusal.reason
    for one in groups.unsure:
        yield groups.groups.root(one.one), groups.groups.root(one.other), one, "no neighbour in common"
    choices: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for one in groups.ambiguous:
        choices[one.document_id, one.one].append(one)
    for (document, key), several in sorted(choices.items()):
        reason = "short for " + " or ".join(sorted({_best(groups, one.other) for one in several})[:3])
        for one in several:
            yield groups.key_of(document, key), groups.key_of(document, one.other), one, reason
    for key, nodes in sorted(groups.senses.split.items()):
        for first, second in pairwise(nodes):
            yield (
                groups.groups.root(first),
                groups.groups.root(second),
                Evidence(key, key, HOMONYM, 0.5),
                "known from different houses",
            )


def rules_counted(aliases: pa.Table) -> list[tuple[str, str, int]]:
    """Return by rule and by whom how many aliases there are, the most first."""
    counts = Counter(zip(aliases["rule"].to_pylist(), aliases["by"].to_pylist(), strict=True))
    return [(rule, by, count) for (rule, by), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
