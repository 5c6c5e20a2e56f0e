"""What a "not" stands upon in an English sentence."""

import itertools
from typing import Any

from pipelines.answering.grounding.citations.reading.lexicon import (
    NEGATIVE_VERBS,
    NEGATORS,
    NOT_NEGATIVE,
)


def negated_tokens(document: Any) -> set[int]:
    """Return the tokens that a negation stands upon; what is not allowed to happen is negated as well."""
    harmless = [match.span() for match in NOT_NEGATIVE.finditer(document.text)]
    found: set[int] = set()
    for token in document:
        if any(first <= token.idx < last for first, last in harmless):
            continue
        if token.pos_ == "VERB" and token.lemma_.lower() in NEGATIVE_VERBS:
            found.update(one.i for one in _done(token))
            continue
        if token.dep_ != "neg" and token.lower_ not in NEGATORS:
            continue
        if token.lower_ == "no" and token.doc[token.i + 1 : token.i + 2].text.lower() == "longer":
            found.add(token.nbor(1).head.i)
            continue
        head = token.head
        behind = token.doc[token.i + 1 : token.i + 2]
        joined = token.i and token.nbor(-1).lower_ in ("but", "and", ",")
        if joined and behind and behind[0].pos_ in ("DET", "NOUN", "PROPN", "ADP", "ADJ") and behind[0].dep_ != "attr":
            # "… but not in Lake Sund": what follows is denied, not the verb before.
            following = itertools.takewhile(
                lambda one: one.pos_ not in ("VERB", "PUNCT", "AUX"), token.doc[token.i + 1 :]
            )
            found.update(one.i for one in following)
            continue
        upon = [head]
        if token.lower_ == "without":
            upon = list(token.children)
        elif token.dep_ in ("det", "advmod", "preconj", "nsubj", "nsubjpass", "dobj", "attr", "pobj", "neg"):
            while head.head.i != head.i and head.pos_ not in ("VERB", "AUX"):
                head = head.head
            upon.append(head)
        if head.pos_ == "ADP":
            upon += [g for one in head.children if one.dep_ == "pobj" for g in one.subtree]
        if head.pos_ == "AUX":
            upon += [one for one in head.children if one.dep_ in ("attr", "acomp", "advmod", "prep")]
        for one in list(upon):
            upon += [child for child in one.children if child.dep_ in ("xcomp", "acomp", "oprd")]
            upon += [g for child in one.children if child.dep_ == "acomp" for g in child.children if g.dep_ == "xcomp"]
        found.update(one.i for one in upon)
    return found


def is_elliptic(head: Any) -> bool:
    """Say whether a "does not" leaves out its verb."""
    return (
        head.pos_ in ("AUX", "VERB")
        and head.lemma_ in ("do", "have", "be", "can", "will", "would", "could")
        and not any(one.dep_ in ("attr", "acomp", "dobj", "xcomp", "prep", "advmod", "oprd") for one in head.children)
    )


def _done(verb: Any) -> list[Any]:
    """Return what a verb like "fail to" and "prohibit" denies: its verb, its gerund, or the subject of its passive."""
    found = [one for one in verb.children if one.dep_ in ("xcomp", "pcomp", "nsubjpass")]
    found += [
        one
        for one in verb.children
        if one.dep_ == "dobj" and verb.lemma_.lower() in ("forbid", "prohibit", "ban", "lack")
    ]
    return found + [g for one in verb.children if one.dep_ == "prep" for g in one.children if g.dep_ == "pcomp"]
