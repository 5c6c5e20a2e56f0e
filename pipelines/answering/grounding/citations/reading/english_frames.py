"""Who does what to whom in English, by the dependency parse: passives, possessives and comparisons made alike."""

from collections.abc import Iterator
from typing import Any

from pipelines.answering.grounding.citations.reading.lexicon import (
    DIRECTED,
    concept,
)
from pipelines.answering.grounding.citations.reading.parts import Frame, Word

BINDERS = frozenset("from to by before after than between over under into against via through for of".split())

SAME_BINDER = {"into": "to", "onto": "to", "until": "to", "through": "to"}

_SUBJECTS, _OBJECTS = ("nsubj", "csubj"), ("dobj", "obj", "dative", "oprd")

_SIDE = frozenset(("relcl", "acl", "advcl", "punct", "cc"))


def _argument(token: Any, keys: dict[int, str]) -> frozenset[str]:
    """Return the keys of a phrase, without its clauses."""
    found, todo = set(), [token]
    while todo:
        one = todo.pop()
        if one.i in keys:
            named = one.pos_ == "PROPN" and not concept(one.lower_)
            found.add(one.lower_ if named else keys[one.i])
        elif one.like_num or (one.text.isalnum() and len(one) == 1 and one.text.isupper()):
            found.add(one.lower_)
        todo += [child for child in one.children if child.dep_ not in _SIDE]
    return frozenset(found)


def _of(token: Any, prepositions: tuple[str, ...]) -> list[Any]:
    """Return what stands behind one of some prepositions at a word."""
    preps = [
        child for child in token.children if child.dep_ in ("prep", "agent", "prt") and child.lower_ in prepositions
    ]
    return [grand for prep in preps for grand in prep.children if grand.dep_ in ("pobj", "pcomp")]


def _subject(verb: Any) -> tuple[list[Any], list[Any]]:
    """Return (doers, those it is done to) that stand as a verb's subject, also where it shares another verb's."""
    first = verb
    for _ in range(4):
        active = [one for one in verb.children if one.dep_ in _SUBJECTS]
        passive = [one for one in verb.children if one.dep_ in ("nsubjpass", "csubjpass")]
        if verb.dep_ == "relcl":
            active = [verb.head if one.tag_ in ("WDT", "WP") else one for one in active]
            passive = [verb.head if one.tag_ in ("WDT", "WP") else one for one in passive]
        if active or passive:
            # "She was elected, succeeding him": what is done to her there, she does here.
            return (active + passive, []) if verb is not first else (active, passive)
        if verb.dep_ == "acl":
            return ([verb.head], []) if verb.tag_ == "VBG" else ([], [verb.head])
        if verb.dep_ == "pcomp" and verb.head.head.pos_ in ("VERB", "AUX"):
            verb = verb.head.head  # "They won by beating her": who won is who beat
            continue
        if verb.dep_ in ("conj", "xcomp", "advcl") and verb.head.pos_ in ("VERB", "AUX"):
            if verb.dep_ == "conj" and any(one.dep_ == "auxpass" for one in verb.children):
                doers, done = _subject(verb.head)
                return [], [*doers, *done]
            if verb.tag_ == "VBN" and verb.dep_ == "advcl":
                doers, done = _subject(verb.head)
                return [], [*doers, *done]
            verb = verb.head
            continue
        break
    return [], []


def frames(document: Any, keys: dict[int, str]) -> Iterator[Frame]:
    def joined(tokens: list[Any]) -> frozenset[str]:
        return frozenset().union(*(_argument(one, keys) for one in tokens)) if tokens else frozenset()

    for token in document:
        negated = any(child.dep_ == "neg" for child in token.children)
        if token.pos_ == "VERB" and token.i in keys:
            doers, done = _subject(token)
            done = done + [one for one in token.children if one.dep_ in _OBJECTS]
            doers = doers + _of(token, ("by",)) * (
                any(c.dep_ == "auxpass" for c in token.children) or token.tag_ == "VBN"
            )
            if not done:
                done = _of(token, ("to", "of", "with", "against", "for", "from", "over", "at", "under"))
            yield Frame(keys[token.i], joined(doers), joined(done), negated)
        if token.lower_ == "place" and token.dep_ == "pobj" and token.head.lower_ == "in" and _of(token, ("of",)):
            # "She was elected in place of him" says who replaced whom.
            doers, done = _subject(token.head.head)
            yield Frame("replace", joined(doers + done), joined(_of(token, ("of",))), negated)
        if token.lemma_ == "be":
            doers, _ = _subject(token)
            for other in (one for one in token.children if one.dep_ in ("attr", "acomp")):
                for noun, held in ((other, doers), *((one, [other]) for one in doers)):
                    owners = _of(noun, ("of", "for", "to", "at", "in")) + [
                        one for one in noun.children if one.dep_ == "poss"
                    ]
                    if noun.i in keys and owners and noun.pos_ in ("NOUN", "PROPN", "ADJ"):
                        yield Frame(keys[noun.i], joined(held), joined(owners), negated)
        if keys.get(token.i) in DIRECTED:
            yield from _directed(token, keys, joined)


def _directed(token: Any, keys: dict[int, str], joined: Any) -> Iterator[Frame]:
    """Yield how two things stand to each other: "larger than", "north of", "before"."""
    than = _of(token, ("of", "than", "from", "to"))
    if token.dep_ in ("prep", "mark", "agent") or token.pos_ in ("ADP", "SCONJ"):
        than += [one for one in token.children if one.dep_ in ("pobj", "pcomp")]
    verb = token
    while verb.head.i != verb.i and verb.pos_ not in ("VERB", "AUX"):
        verb = verb.head
    if token.dep_ == "mark":
        # "X opened before Y closed": the clause's own subject is the other one.
        than, verb = than + [one for one in verb.children if one.dep_.startswith("nsubj")], verb.head
    if not than and token.tag_ in ("JJR", "RBR"):
        mark = next((one for one in token.doc[token.i :] if one.lower_ == "than"), None)
        behind = [] if mark is None else [one for one in mark.doc[mark.i + 1 :] if one.pos_ in ("NOUN", "PROPN")]
        than = [one for one in behind[:4] if one.dep_ not in ("compound", "nmod", "amod", "poss")][:1]
    doers, done = _subject(verb)
    negated = any(child.dep_ == "neg" for child in verb.children)
    if than and (doers or done):
        yield Frame(keys[token.i], joined(doers + done), joined(than), negated)


def roles_of(document: Any, keys: dict[int, str], items: list[Word]) -> dict[int, tuple[str, ...]]:
    """Return what binds tokens: the preposition before them, the verb that they are a subject or object of."""
    found: dict[int, list[str]] = {}

    def add(token: Any, role: str) -> None:
        todo = [token]
        while todo:
            one = todo.pop()
            found.setdefault(one.i, []).append(role)
            todo += [
                c
                for c in one.children
                if c.dep_ in ("compound", "conj", "flat", "appos", "nummod", "quantmod", "nmod", "poss")
            ]

    for token in document:
        if token.pos_ == "VERB" and token.i in keys:
            doers, done = _subject(token)
            done = done + [one for one in token.children if one.dep_ in _OBJECTS]
            doers = doers + _of(token, ("by",)) * (
                any(c.dep_ == "auxpass" for c in token.children) or token.tag_ == "VBN"
            )
            for one in doers:
                add(one, f"subj:{keys[token.i]}")
            for one in done:
                add(one, f"obj:{keys[token.i]}")
        if token.lower_ in BINDERS and token.dep_ in ("prep", "agent"):
            for one in token.children:
                if one.dep_ in ("pobj", "pcomp"):
                    add(one, f"prep:{SAME_BINDER.get(token.lower_, token.lower_)}")
    return {place: tuple(roles) for place, roles in found.items()}
