"""A small general list of words of like, opposite and converse meaning, in English and Chinese.

It is no thesaurus: everyday verbs, adjectives and relations, the same for every subject. What it does not hold is
compared by its letters, and by meaning where an embedder is given.
"""

import re
from functools import cache

from pipelines.answering.grounding.citations.reading.like_words import CONVERSE, LIKE, OPPOSITE, SYMMETRIC

DIRECTED = frozenset(
    "before after north south east west above below more less large small long short high "
    "low old young heavy light fast slow "
    "expensive cheap early late wide narrow deep shallow strong weak".split()
)
"""What says how two things stand to each other: "X before Y", "X is larger than Y"."""

NEGATORS = frozenset("not n't n’t never no none nobody nothing neither nor without cannot hardly scarcely".split())

NEGATIVE_VERBS = frozenset("fail refuse decline cease stop lack avoid forget forbid prohibit ban prevent".split())

HAN_NEGATORS = (
    "从未",
    "从不",
    "没有",
    "并未",
    "并非",
    "不再",
    "不会",
    "不能",
    "不予",
    "不是",
    "无法",
    "未曾",
    "尚未",
    "不得",
    "不",
    "没",
    "未",
    "无",
    "非",
    "勿",
)

HAN_NOT_NEGATIVE = re.compile(
    r"不(?:能|得|要|应|可|会|应该|可以|应当)?(?:超过|高于|低于|少于|多于|晚于|早于|大于|小于)|不仅|不但|不只|不过|不同|不断|不少|不久|不锈|不管|不论|不足|不到|无论|无人机|无线|非常|"
    r"非洲|未来|不超过|不低于|不少于|不高于|不晚于|不多于|不迟于|没收|不动产|不得不|无锡|无不|"
    r"不得已|不足为|差不多|不错|不等"
)

DENIES = re.compile(r"\b(?:not|no|never|without|except|excluding|none)\b|n['’]t\b|[不没未无非]|除外", re.IGNORECASE)
"""A word that denies or leaves out, wherever it stands."""

NOT_NEGATIVE = re.compile(
    r"\bnot (?:only|just|merely)\b|\bno (?:later|earlier|more|less|fewer|longer) than\b|"
    r"(?:\bnot|n['’]t) (?:\w+ )?(?:any )?(?:more|less|fewer|later|earlier|longer) than\b|"
    r"\b(?:does|do|did|may|must|should|shall|can|will)(?: not|n't) exceed\b|\bnot exceeding\b|"
    r"\bno doubt\b|\bno\. ?\d|"
    r"\bwith or without\b|\bnot (?:until|before)\b|\bnone other\b|\bwhether or not\b",
    re.IGNORECASE,
)

LIMITERS = re.compile(
    r"\b(?:only|solely|unless|until|except|other than|apart from|but not|"
    r"rather than|instead of|if|when)\b|只|仅|除|除非|直到|而非|而不是|如果|若|才",
    re.IGNORECASE,
)


@cache
def _concepts() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in LIKE.strip().splitlines():
        first, *others = line.split()
        for word in (first, *others):
            found.setdefault(word.replace("_", " "), first)
    return found


def is_listed(key: str) -> bool:
    """Say whether a key is a concept of the list, and tells no thing from another."""
    return key in _concepts().values()


def single_words() -> dict[str, str]:
    """Return the entries of one word with what they mean."""
    return {entry: name for entry, name in _concepts().items() if " " not in entry}


@cache
def phrases() -> dict[str, list[tuple[str, ...]]]:
    """Return the entries of several words, by their first word, longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for entry in _concepts():
        if " " in entry:
            found.setdefault(entry.split()[0], []).append(tuple(entry.split()))
    return {first: sorted(entries, key=len, reverse=True) for first, entries in found.items()}


def concept(word: str) -> str:
    """Return the name of what a word or phrase means, "" where the list does not hold it."""
    return _concepts().get(word, "")


@cache
def opposites() -> dict[str, frozenset[str]]:
    """Return, for each concept, those that it is the opposite of."""
    return _pairs(OPPOSITE)


@cache
def converses() -> dict[str, frozenset[str]]:
    """Return, for each concept p, those q with "A p B" the same as "B q A"."""
    found = dict(_pairs(CONVERSE))
    for name in DIRECTED:
        found[name] = found.get(name, frozenset()) | (opposites().get(name, frozenset()) & DIRECTED)
    return found


def is_symmetric(name: str) -> bool:
    """Say whether "A name B" is the same as "B name A"."""
    return name in SYMMETRIC.split()


def _pairs(table: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in re.split(r"[|\n]", table.strip()):
        first, second = pair.split()
        found.setdefault(first, set()).add(second)
        found.setdefault(second, set()).add(first)
    return {name: frozenset(others) for name, others in found.items()}
