"""What kind of thing a name is, by all that its passage says of it: each mention votes, and so does its grammar."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipelines.knowledge.extraction.rules.english import Name
from pipelines.knowledge.names import canonical_name, is_short_for
from pipelines.text.names.legal_forms import ends_company
from pipelines.text.names.territories import TERRITORIES

_CLASSES = {
    "LOCATION": """
    area bay borough canton capital city commune continent country county desert district forest hamlet hill island
    lake locality mountain municipality neighborhood neighbourhood ocean parish park peak peninsula port prefecture
    province region republic river sea settlement state street suburb territory town township valley village
    """,
    "ORGANIZATION": """
    agency airline association band bank brand broadcaster club college committee company corporation duo firm
    foundation group institute institution label manufacturer ministry newspaper organisation organization
    orchestra party publisher retailer school startup subsidiary team union university
    """,
    "CONCEPT": """
    album book comedy concept disease documentary drama episode film framework game language library magazine method
    movie musical novel opera poem program protocol series show single software song species standard story system
    theory tool
    """,
}
_KIND_OF = {word: kind for kind, words in _CLASSES.items() for word in words.split()}
"""Common nouns that say what a name is ("X is a town"): general ones of geography, of bodies and of works."""
_PEOPLE_DO = frozenset(
    """
    argue ask believe die explain feel graduate hope know learn marry recall remark reply resign retire say speak study
    teach tell think want wed write
    """.split()
)
"""What people do and places do not; bodies do some of it as well, so that it speaks against a place only."""
_MENTION, _GRAMMAR, _SAID, _PRONOUN = 1, 1, 3, 2
_HE, _IT = frozenset(("he", "she", "his", "her", "him")), frozenset(("it", "its"))


def voted(parsed: Sequence[tuple[Any, list[Name]]]) -> list[list[Name]]:
    """Return the names of a passage's sentences with the types that the passage speaks for; CONCEPT is no vote."""
    votes: dict[str, Counter[str]] = {}
    for document, names in parsed:
        for name in names:
            if name.people:
                continue
            kinds = votes.setdefault(canonical_name(name.entity.name), Counter())
            if name.entity.type != "CONCEPT":
                kinds[name.entity.type] += _MENTION
            kinds.update(_grammar(document, name))
    _by_pronouns(parsed, votes)
    full = [key for key, kinds in votes.items() if " " in key and _first(kinds, "CONCEPT") == "PERSON"]
    return [[_typed(name, votes, full) for name in names] for _, names in parsed]


def _typed(name: Name, votes: dict[str, Counter[str]], full: Sequence[str]) -> Name:
    key = canonical_name(name.entity.name)
    if name.people or key not in votes or ends_company(name.entity.name):
        return name
    kind = _first(votes[key], name.entity.type)
    if key in TERRITORIES:
        kind = "LOCATION"
    elif kind != "LOCATION" and len([one for one in full if is_short_for(key, one)]) == 1:
        kind = "PERSON"
    return name if kind == name.entity.type else name._replace(entity=replace(name.entity, type=kind))


def _first(kinds: Counter[str], own: str) -> str:
    """Return the kind with most votes; of two with as many the mention's own."""
    most = max(kinds.values(), default=0)
    if most <= 0:
        return own
    best = sorted(kind for kind, count in kinds.items() if count == most)
    return own if own in best else best[0]


def _grammar(document: Any, name: Name) -> Counter[str]:
    """Return what the words around a name say that it is."""
    root, found = document[name.first : name.last].root, Counter[str]()
    if name.first and document[name.first - 1].lower_ in ("a", "an"):
        found["CONCEPT"] += _SAID
    if document[name.first].ent_type_ == "LANGUAGE" or any(map(str.isdigit, name.entity.name)):
        found.update({"PERSON": -_SAID, "LOCATION": -_SAID, "CONCEPT": _GRAMMAR})
    if root.dep_ in ("nsubj", "nsubjpass"):
        verb = root.head
        if verb.lemma_ in _PEOPLE_DO or (verb.lower_ == "born" and root.dep_ == "nsubjpass"):
            found["LOCATION"] -= _GRAMMAR
            found["PERSON"] += _SAID if verb.lower_ == "born" else 0
        if verb.lemma_ == "be":
            found.update(_classes(child for child in verb.children if child.dep_ == "attr"))
    found.update(_classes(child for child in root.children if child.dep_ == "appos"))
    if any(child.dep_ == "relcl" and any(one.lower_ == "who" for one in child.children) for child in root.children):
        found["PERSON"] += _SAID
    return found


def _classes(nouns: Any) -> Counter[str]:
    return Counter({_KIND_OF[noun.lemma_.lower()]: _SAID for noun in nouns if noun.lemma_.lower() in _KIND_OF})


def _by_pronouns(parsed: Sequence[tuple[Any, list[Name]]], votes: dict[str, Counter[str]]) -> None:
    """Let the pronouns say what the name is that a passage begins with, where it has those of one kind alone."""
    first = next((name for _, names in parsed for name in names if not name.people), None)
    words = {token.lower_ for document, _ in parsed for token in document}
    if first is None:
        return
    kinds = votes[canonical_name(first.entity.name)]
    if words & _IT and not words & _HE:
        kinds["PERSON"] -= _PRONOUN
        if not any(count > 0 for count in kinds.values()):
            kinds["CONCEPT"] += _PRONOUN
    elif words & _HE and not words & _IT:
        kinds["PERSON"] += _PRONOUN
