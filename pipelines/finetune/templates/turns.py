"""Where each answer stands in a conversation's rendered text, and what of the conversation the text leaves out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, zip_longest
from typing import Any

from pipelines.core.protocols import Messages
from pipelines.finetune.templates.pieces import ANSWER, CALL, THOUGHT, Piece, mark_pieces, pieces_of

Span = tuple[int, int]
Render = Callable[[Messages, bool], str]
"""A conversation, and whether the beginning of the next answer follows, to its text."""
ANSWERS, THOUGHTS, SYSTEM, QUESTIONS, RESULTS, CUT = "answers", "thoughts", "system", "questions", "results", "cut"
CONTROLS = "controls"
"""A turn whose text holds a token that only the template should write: no loss, but not said as it was written."""
"""What may be left out: an answer or call, its thought, another turn's text, an answer that lies behind the cutoff."""
_OF_ROLES = {"system": SYSTEM, "user": QUESTIONS, "tool": RESULTS}


@dataclass(frozen=True)
class _Marked:
    """A text that was rendered with marks: itself without them, and where each mark stands in it."""

    text: str
    places: Mapping[str, int]

    @classmethod
    def of(cls, rendered: str, marks: frozenset[str]) -> "_Marked":
        kept: list[str] = []
        places: dict[str, int] = {}
        for letter in rendered:
            if letter in marks:
                places[letter] = len(kept)
            else:
                kept.append(letter)
        return cls("".join(kept), places)

    def after(self, mark: str) -> str | None:
        return self.text[self.places[mark] :] if mark in self.places else None


class RenderedTurns:
    """A conversation as one text, in which its answers are found.

    A template may write a turn otherwise once others follow it: spans are taken from the whole text. Where the text of
    what precedes an answer, and of what ends with it, begin the whole text, they say where the answer stands; else
    marks around what is said do, which are taken out again.
    """

    def __init__(self, render: Render, messages: Messages, text: str | None = None) -> None:
        self.messages, self._render = messages, render
        self.text = render(messages, False) if text is None else text
        self._whole: _Marked | None = None
        self._pieces: list[list[Piece]] = []
        self._marked: list[dict[str, Any]] = []

    def spans(self, chosen: Sequence[int]) -> dict[int, Span]:
        """Return for each of the chosen messages what the model writes of it; one that is not found is left out."""
        found: dict[int, Span] = {}
        for place in chosen:
            span = self._by_prefix(place) or self._by_marks(place)
            if span and span[1] > span[0]:
                found[place] = span
        return found

    def left_out(self, learned: Mapping[int, Sequence[Span]], chosen: Sequence[int]) -> list[tuple[int, str]]:
        """Return, message and what of it, all that has no place: of the chosen messages within `learned`."""
        lost: list[tuple[int, str]] = []
        for place, message in enumerate(self.messages):
            spans = list(learned.get(place, ())) if place in chosen else [(0, len(self.text))]
            kinds = {piece.kind for piece in pieces_of(message) if not self._stands(place, piece, spans)}
            if message["role"] != "assistant":
                lost += [(place, _OF_ROLES.get(message["role"], QUESTIONS))] if kinds else []
            elif place in chosen:
                lost += [(place, ANSWERS)] if kinds & {ANSWER, CALL} or not spans else []
                lost += [(place, THOUGHTS)] if THOUGHT in kinds else []
        return lost

    def _stands(self, place: int, piece: Piece, spans: Sequence[Span]) -> bool:
        texts = [self.text[start:end] for start, end in spans]
        if any(piece.stands_in(text) for text in texts):
            return True
        whole = self._with_marks()
        if whole is None:
            return False
        same = [other for other in self._pieces[place] if (other.kind, other.text) == (piece.kind, piece.text)]
        at = [whole.places.get(mark, -1) for other in same for mark in other.marks]
        return bool(at) and all(any(start <= n <= end for start, end in spans) for n in at)

    def _by_prefix(self, place: int) -> Span | None:
        before = self._attempt(self.messages[:place], True)
        last = place == len(self.messages) - 1
        upto = self.text if last else self._attempt(self.messages[: place + 1], False)
        if before is None or upto is None or not (self.text.startswith(before) and self.text.startswith(upto)):
            return None
        return len(before), len(upto)

    def _by_marks(self, place: int) -> Span | None:
        whole = self._with_marks()
        if whole is None:
            return None
        own = [mark for mark in self._marks_of(place) if mark in whole.places]
        if not own:
            return None
        first, last = (edge(own, key=whole.places.__getitem__) for edge in (min, max))
        start, end = whole.places[first], whole.places[last]
        earlier = [mark for n in range(place) for mark in self._marks_of(n)]
        earlier = [mark for mark in earlier if whole.places.get(mark, start + 1) <= start]
        if earlier:
            # From the text of the turn before, what a prompt goes on with goes before the answer.
            nearest = max(earlier, key=whole.places.__getitem__)
            prompt = self._tail(self._marked[:place], True, nearest)
            since = whole.places[nearest]
            start = since + common_prefix(prompt, self.text[since:start]) if prompt else start
        ending = self._tail(self._marked[: place + 1], False, last)
        return start, end + (common_prefix(ending, self.text[end:]) if ending else 0)

    def _tail(self, messages: Messages, prompt: bool, mark: str) -> str | None:
        rendered = self._attempt(messages, prompt)
        return None if rendered is None else _Marked.of(rendered, self._all_marks()).after(mark)

    def _attempt(self, messages: Messages, prompt: bool) -> str | None:
        try:
            return self._render(messages, prompt)
        except Exception:  # a template may refuse a conversation's beginning, with an error of any kind
            return None

    def _with_marks(self) -> _Marked | None:
        if not self._marked:
            names = (chr(0xF0000 + n) for n in count())
            both = [mark_pieces(message, names) for message in self.messages]
            self._marked, self._pieces = [one for one, _ in both], [pieces for _, pieces in both]
            rendered = self._attempt(self._marked, False)
            whole = None if rendered is None else _Marked.of(rendered, self._all_marks())
            self._whole = whole if whole and whole.text == self.text else None
        return self._whole

    def _marks_of(self, place: int) -> list[str]:
        return [mark for piece in self._pieces[place] for mark in piece.marks]

    def _all_marks(self) -> frozenset[str]:
        return frozenset(mark for place in range(len(self._pieces)) for mark in self._marks_of(place))


def common_prefix(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return how many items two sequences begin with alike."""
    if other[: len(one)] == one:
        return len(one)
    return next(n for n, (left, right) in enumerate(zip_longest(one, other)) if left != right)
