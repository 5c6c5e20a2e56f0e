"""The record of a language: all that the rooms above ask of the language of a text."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

_NEVER = r"(?!)"
# A grammar word of a language says more about a text than a name that it quotes.
_GRAMMAR_WEIGHT = 3


@dataclass(frozen=True)
class Prompts:
    """What a model is told in a language: instructions and the heads of what follows them."""

    answer_task: str
    sources: str
    question: str
    answer: str
    summary_task: str
    facts: str
    members: str
    summary: str
    report_task: str = ""
    """Asks for a report as JSON."""


@dataclass(frozen=True)
class Questions:
    """What questions of a language ask for, as regular expressions (case does not count); by default nothing.

    `gap` are the words that bind: a pair of terms does not reach over them. `counted` has the counted words as its
    groups; `amount` is what stands right before the first of them in a text that counts it, "" where the words may
    stand anywhere. `growth`, `difference` and `ratio` ask for a calculation with two numbers, `relative_year` are
    years as seen from today. `corpus` asks about all documents together, `comparison` sets things side by side, `hops`
    names a thing by what another one is to it.
    """

    asking_words: frozenset[str] = frozenset()
    collection_words: frozenset[str] = frozenset()
    """What a question about all documents calls them, and what it wants made of them: no word of its subject."""
    gap: str = _NEVER
    number_word: str = _NEVER
    number: str = _NEVER
    corpus: str = _NEVER
    comparison: str = _NEVER
    hops: str = _NEVER
    year: str = _NEVER
    name: str = _NEVER
    person: str = _NEVER
    whole: str = _NEVER
    counted: str = _NEVER
    amount: str = ""
    growth: str = _NEVER
    difference: str = _NEVER
    ratio: str = _NEVER
    earlier_year: str = _NEVER
    this_year: str = _NEVER
    reworded: Mapping[str, str] = field(default_factory=dict)
    """Ways to ask the same, by one of them; "" for what asks nothing more."""


@dataclass(frozen=True)
class Names:
    """How people are called in a language; small letters where it has them.

    `common_surnames` are the frequent ones of `surnames`: enough to take any text's characters for a person, where
    `surnames` need a tagger's word as well. `person` is a name's pattern, case counts. `company_endings` end companies'
    names beside the forms of `text.names.legal_forms`. `familiar` stand before one syllable of a name, `titles` before
    a name or, where names begin with the family's, behind it.
    """

    surnames: frozenset[str] = frozenset()
    common_surnames: frozenset[str] = frozenset()
    titles: tuple[str, ...] = ()
    familiar: str = ""
    company_endings: tuple[str, ...] = ()
    person: str = _NEVER
    shortest: int = 2
    inside: tuple[str, ...] = ()
    """Small words that stand inside names ("University of Oslo"), not those that set two side by side."""
    calendar: frozenset[str] = frozenset()
    """Months and days, which are no names although they are written like one."""
    also_called: frozenset[str] = frozenset()
    """What stands between two names of one thing: also known as, formerly."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Language:
    """One language, compared by identity. What is not given is as in a language with spaces and Latin marks.

    `characters` is the inside of a character class: its letters. A text is recognised by them, counted in words of
    `letters_a_word` letters where no spaces cut them, and by `grammar`, words (or characters) that weigh three times.
    """

    code: str
    name: str
    characters: str
    grammar: frozenset[str]
    refusal: str
    prompts: Prompts
    questions: Questions = Questions()
    names: Names = Names()
    stop_words: frozenset[str] = frozenset()
    back_references: tuple[str, ...] = ()
    """What a sentence begins with that speaks of what the one before it names."""
    segment: Callable[[str], Sequence[str]] | None = None
    """Cuts a run of its characters into words; None where spaces do."""
    numbered: str = _NEVER
    """A name by its number at the head of a word; its group is the name without what may be left out before it."""
    counters: str = ""
    """Characters that stand right behind the number or letter of a name, and are a word there."""
    stem: Callable[[str], str] = str
    letters_a_word: float = 1.0
    least_share: float = 0.0
    """Share of a text's letters from which it is this language, by letters alone; 0: letters alone never tell."""
    joiner: str = " "
    """Between two sentences."""
    list_joiner: str = ", "
    stops: str = ".!?"
    clause_stops: str = ""
    """Marks that end what is cited as a sentence, though no text ends on one."""
    stops_need_space: bool = True
    abbreviations: frozenset[str] = frozenset()
    abbreviations_before_numbers: frozenset[str] = frozenset()
    long_gram: int = 5
    """Length of an n-gram, in words (characters without spaces), that two texts do not share by chance."""
    answered: tuple[tuple[str, str], ...] = ()
    """Questions of general knowledge, each of another subject, with what answers it; written for this project.

    What an embedder gives for them tells its cosines of texts that belong together, and of texts that do not.
    """

    @property
    def spaced(self) -> bool:
        """Whether spaces stand between words."""
        return self.segment is None

    @cached_property
    def letters(self) -> re.Pattern[str]:
        """What is counted: a word between spaces, else a character."""
        return re.compile(f"[{self.characters}]" + "+" * self.spaced)

    def weight(self, text: str) -> float:
        """Return how many words of a text are in this language, its grammar words counted three times more."""
        found = self.letters.findall(text)
        grammar = sum(map(self.grammar.__contains__, map(str.lower, found)))
        return len(found) / self.letters_a_word + _GRAMMAR_WEIGHT * grammar
