"""A model's thoughts taken out of its text while it still writes: what `reasoning` does for a whole text."""

import re

from resources.models.reasoning import TAGS, without_reasoning

_LONGEST_TAG = 40


class ThoughtFilter:
    """Takes pieces of a text and gives those of the answer.

    A thought that begins the text is held back with its tags. One whose opening tag stands in the prompt shows itself
    only where it ends: with `unopened` everything up to there is held back as well.
    """

    def __init__(self, unopened: bool = False) -> None:
        self._text, self._given, self._answering = "", 0, False
        self._unopened = unopened

    def add(self, piece: str) -> str:
        """Return what can be shown after this piece."""
        self._text += piece
        if not self._answering:
            self._given = self._begin()
            self._answering = self._given >= 0
        if not self._answering:
            return ""
        shown, self._given = self._text[self._given :], len(self._text)
        return shown

    def rest(self) -> str:
        """Return what is left to show at the end."""
        if self._answering:
            return ""
        self._answering = True
        return without_reasoning(self._text)

    @property
    def had_unopened_thought(self) -> bool:
        """Whether the text so far has a thought's end without its beginning."""
        return any(
            (end := re.search(closing, self._text)) and not re.search(opening, self._text[: end.start()])
            for opening, closing in TAGS
        )

    def _begin(self) -> int:
        """Return where the answer begins in the text so far, -1 where that is not known yet."""
        text = self._text.lstrip()
        skipped = len(self._text) - len(text)
        for opening, closing in TAGS:
            if re.match(opening, text):
                end = re.search(closing, text)
                return skipped + end.end() + _blank(text[end.end() :]) if end else -1
        if self._unopened:
            ends = [end for _, closing in TAGS if (end := re.search(closing, text))]
            return skipped + ends[0].end() + _blank(text[ends[0].end() :]) if ends else -1
        could_be_tag = not text or (text[0] in "<[◁" and len(text) < _LONGEST_TAG and "\n" not in text.strip())
        return -1 if could_be_tag else skipped


def _blank(text: str) -> int:
    return len(text) - len(text.lstrip())
