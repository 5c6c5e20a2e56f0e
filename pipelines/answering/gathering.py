"""Calls for rows of texts that come at the same time, made as one: a batch of a model costs little more than a text."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Embed = Callable[[Sequence[str]], np.ndarray]


@dataclass
class _Call:
    texts: Sequence[str]
    vectors: np.ndarray | None = None
    error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.vectors is not None or self.error is not None


class Gathered:
    """Calls `embed` once for all that wait while it is busy; nobody waits for others to come.

    What fails for several callers is tried for each alone: one's error is not another's.
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._changed = threading.Condition()
        self._waiting: list[_Call] = []
        self._busy = False

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Return the rows of these texts; raises what `embed` does for them."""
        if not texts:
            return self._embed(texts)
        call = _Call(texts)
        with self._changed:
            self._waiting.append(call)
            self._changed.wait_for(lambda: call.is_done or not self._busy)
            calls = [] if call.is_done else self._waiting
            if calls:
                self._busy, self._waiting = True, []
        if calls:
            try:
                self._make(calls)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
        if call.error is not None:
            raise call.error
        assert call.vectors is not None
        return call.vectors

    def _make(self, calls: Sequence[_Call]) -> None:
        try:
            distinct = list(dict.fromkeys(text for call in calls for text in call.texts))
            found = dict(zip(distinct, self._embed(distinct), strict=True))
            for call in calls:
                call.vectors = np.stack([found[text] for text in call.texts])
        except BaseException as error:
            for call in calls:
                if len(calls) > 1:
                    self._make([call])
                else:
                    call.error = error
