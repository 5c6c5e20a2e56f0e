"""Words that relations are made of: verbs in their form, prepositions that say something, what places are called."""

import re
from typing import Any

LOCATED_IN, IS, HAS = "LOCATED_IN", "IS", "HAS"
SUBJECTS, OBJECTS = ("nsubj", "nsubjpass"), ("dobj", "attr", "dative", "oprd", "acomp")
PLACING = ("in", "at", "near", "on")
NO_RELATION = frozenset(
    """
    after amid among before despite except following given including like since than though throughout till unlike
    until while without
    """.split()
)
"""Prepositions that set a time, a comparison or a list beside a clause, and relate nothing to its subject."""
PLACE_CLASSES = frozenset(
    """
    area borough canton capital city commune community continent country county department district division hamlet
    island kingdom land locality metropolis municipality neighborhood neighbourhood nation parish peninsula port
    prefecture province quarter region republic settlement state suburb territory town township valley village ward
    """.split()
)
"""What places are called by kind: "the city of Turin" is Turin."""
KIN = frozenset(
    """
    aunt brother child cousin daughter father granddaughter grandfather grandmother grandson husband mother nephew niece
    sibling sister son stepfather stepmother stepson twin uncle widow widower wife
    """.split()
)
"""Relatives: behind a place ("born in Turin, the son of") the subject is meant, for no place has any."""
PART_CLASSES = frozenset("area district neighborhood neighbourhood quarter region ward".split())
"""What parts of places are called: "the Alder district of Turin" is Alder, "the Turin suburb of Alder" as well."""
BESIDE_OBJECT = frozenset(("in", "at", "from", "for", "by", "as"))
"""Prepositions behind a verb's object that still say something of its subject: "studied medicine at Oslo"."""
PHASES = frozenset(("begin", "start", "continue", "go", "come", "help", "use", "cease", "stop", "finish"))
"""Verbs of beginning and ending: of who does what, the verb behind them tells; who wants or was asked to, did not."""
AMOUNTS = frozenset(("DATE", "TIME", "MONEY", "PERCENT", "QUANTITY", "CARDINAL"))
"""What the tagger calls dates and sums: what stands between two names and says nothing of them."""
BARE = {
    ("PERSON", "OF", "ORGANIZATION"): "MEMBER_OF", ("PERSON", "FROM", "LOCATION"): "COMES_FROM",
    ("LOCATION", "OF", "LOCATION"): "PART_OF", ("ORGANIZATION", "OF", "ORGANIZATION"): "PART_OF",
    ("ORGANIZATION", "OF", "LOCATION"): LOCATED_IN, ("ORGANIZATION", "FROM", "LOCATION"): "COMES_FROM",
}  # fmt: skip
"""What a preposition alone says of two names of these types; all others stand together only."""
_NOT_A_TYPE = re.compile(r"[^A-Z]+")


def is_copula(verb: Any) -> bool:
    return verb.lemma_ in ("be", "become", "remain")


def verb_type(verb: Any) -> str:
    """Return a passive's participle, else the verb's third person: FOUNDED, WORKS, IS."""
    if verb.lower_ == "born":
        return "born"
    passive = verb.tag_ == "VBN" and (
        verb.dep_ in ("acl", "amod") or any(child.dep_ in ("auxpass", "nsubjpass", "agent") for child in verb.children)
    )
    particle = next((f" {child.lower_}" for child in verb.children if child.dep_ == "prt"), "")
    return (verb.lower_ if passive else third_person(verb.lemma_.lower())) + particle


def third_person(lemma: str) -> str:
    """Return a verb's third person singular.

    >>> third_person("work"), third_person("supply"), third_person("teach"), third_person("be")
    ('works', 'supplies', 'teaches', 'is')
    """
    if lemma in ("be", "have", "do", "go"):
        return {"be": "is", "have": "has", "do": "does", "go": "goes"}[lemma]
    if lemma.endswith(("s", "x", "z", "ch", "sh")):
        return lemma + "es"
    return lemma[:-1] + "ies" if lemma.endswith("y") and lemma[-2:-1] not in "aeiou" else lemma + "s"


def type_name(joined: str) -> str:
    """Return words as the name of a relation's type."""
    return _NOT_A_TYPE.sub("_", joined.upper()).strip("_")[:40]
