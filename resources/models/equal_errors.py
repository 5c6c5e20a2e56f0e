"""Whose error it is: one prompt's, or the server's."""

from collections.abc import Hashable

PROBE = [{"role": "user", "content": 'Answer with the JSON {"ok": true} and nothing else.'}]
"""What any server answers that answers at all: sent when several equal errors came one after another."""
_EQUAL = 3


class EqualErrors:
    """Counts equal errors in a row. Those of one refused file come in a row too: a probe has to tell (`PROBE`)."""

    def __init__(self) -> None:
        self._kind: Hashable = None
        self._count, self._patience = 0, _EQUAL
        self._answered = False

    @property
    def only_errors(self) -> bool:
        """Whether nothing has been answered yet, and something failed."""
        return self._kind is not None and not self._answered

    def answered(self) -> None:
        """Note an answer: the server is there."""
        self._count, self._answered = 0, True

    def failed(self, kind: Hashable) -> bool:
        """Note an error; say whether so many equal ones came in a row that a probe has to tell whose it is."""
        self._count = self._count + 1 if kind == self._kind else 1
        self._kind = kind
        return self._count >= self._patience

    def probed(self) -> None:
        """Note that the probe was answered: the next one comes after twice as many errors."""
        self.answered()
        self._patience *= 2
