"""Tokens to text as they come: only whole characters, and nothing that a stop string may still take back."""

from collections.abc import Callable, Sequence

_UNFINISHED = "\ufffd"
"""What a decoder shows of a character whose last bytes are not there yet."""


class TextSoFar:
    """The text of one answer while its tokens come."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str]) -> None:
        self._decode, self._stop = decode, tuple(stop)
        self._ids: list[int] = []
        self._shown_from = self._read_to = 0
        self._text, self._given = "", 0
        self.stopped = False
        """Whether a stop string came: the text ends before it."""

    def add(self, token: int) -> str:
        """Return what can be told now that this token is there."""
        if self.stopped:
            return ""
        self._ids.append(token)
        # A token is decoded behind the last ones: many decoders drop a space at the beginning.
        before = self._decode(self._ids[self._shown_from : self._read_to])
        whole = self._decode(self._ids[self._shown_from :])
        if len(whole) > len(before) and not whole.endswith(_UNFINISHED):
            self._text += whole[len(before) :]
            self._shown_from, self._read_to = self._read_to, len(self._ids)
        return self._told(self._safe_end())

    def rest(self) -> str:
        """Return what was held back, once no token comes any more."""
        if not self.stopped:
            before = self._decode(self._ids[self._shown_from : self._read_to])
            self._text += self._decode(self._ids[self._shown_from :])[len(before) :]
            self._shown_from = self._read_to = len(self._ids)
        return self._told(self._safe_end() if self.stopped else len(self._text))

    def _safe_end(self) -> int:
        found = [place for stop in self._stop if (place := self._text.find(stop, max(0, self._given - len(stop)))) >= 0]
        if found:
            self.stopped, self._text = True, self._text[: min(found)]
            return len(self._text)
        longest = max((_overlap(self._text, stop) for stop in self._stop), default=0)
        return len(self._text) - longest

    def _told(self, end: int) -> str:
        piece, self._given = self._text[self._given : end], max(self._given, end)
        return piece


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the text's end begin the stop string."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
