"""The served champion follows its alias: new requests go to the new model, those under way finish on the old one."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pipelines.core.errors import GraftlineError
from pipelines.serving.champion.generation import Generator
from resources.models.promoted.promoted import Promoted, no_champion

log = logging.getLogger("graftline")

LOOK_SECONDS = 2.0
"""How often the registry is asked who carries the alias."""
_AGAIN_SECONDS = 30.0
"""After which a version that could not be loaded is tried again."""


@dataclass(eq=False)
class Served:
    """A version in memory, and how many requests use it now."""

    promoted: Promoted
    generator: Generator
    users: int = field(default=0)


class Following:
    """Lends each request the model that carries the alias; loading and unloading are a thread's own.

    `find` asks the registry, `load` takes a version into memory, `fits` says whether there is room for a version beside
    the one that answers: where there is none, requests wait while the old one finishes and leaves. A version that
    cannot be loaded leaves the old one in place, where it is still there, and is told in the log and by `state`.
    """

    def __init__(
        self,
        find: Callable[[], Promoted | None],
        load: Callable[[Promoted], Generator],
        fits: Callable[[Promoted], bool] = lambda _: True,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._find, self._load, self._fits, self._look_seconds = find, load, fits, look_seconds
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._current: Served | None = None
        self._known: Promoted | None = None
        self._looked = self._asked = self._closed = False
        self._failure: GraftlineError | None = None
        self._failed: Promoted | None = None
        self._failed_at = 0.0

    @property
    def known(self) -> Promoted | None:
        """The version that carries the alias, as it was seen last; nothing is loaded for it."""
        with self._changed:
            self._begin()
            self._changed.wait_for(lambda: self._looked or self._closed)
            return self._known

    @property
    def state(self) -> dict[str, Any]:
        """What serves, what is registered, and whether the newest could not be loaded."""
        with self._changed:
            serving = self._current.promoted.version if self._current else None
            registered = self._known.version if self._known else None
            return {"serving": serving, "registered": registered, "failed": self._failure is not None}

    @contextmanager
    def lent(self) -> Iterator[Served]:
        """Lend the champion, loaded at the first use.

        NotMaterializedError where there is none; what loading it raised.
        """
        served = self.take()
        try:
            yield served
        finally:
            self.give_back(served)

    def take(self) -> Served:
        """Return the champion for use until it is given back; raises as `lent` does."""
        with self._changed:
            self._asked = True
            self._begin()
            self._drop_dead()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._current or self._failure or self._closed or self._is_none())
            if self._current is None:
                raise self._failure or no_champion()
            self._current.users += 1
            return self._current

    def give_back(self, served: Served) -> None:
        """End one use; the last of a version that is not the champion any more unloads it."""
        with self._changed:
            served.users -= 1
            unload = not served.users and served is not self._current
            self._changed.notify_all()
        if unload:
            self._unload(served)

    def close(self) -> None:
        """Stop looking, and unload what nobody uses; the rest goes with its last request."""
        with self._changed:
            self._closed = True
            former, self._current = self._current, None
            self._changed.notify_all()
        if former is not None and not former.users:
            self._unload(former)

    def _is_none(self) -> bool:
        return self._looked and self._known is None

    def _begin(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._watch, name="alias", daemon=True)
            self._thread.start()

    def _drop_dead(self) -> None:
        if self._current is not None and not self._current.generator.alive:
            log.warning("the served champion's process has ended; it is loaded anew")
            self._current = None

    def _watch(self) -> None:
        while not self._closed:
            self._look()
            with self._changed:
                # A request wakes it where nothing is loaded for it.
                self._changed.wait_for(lambda: self._closed or self._is_wanted(), self._look_seconds)

    def _is_wanted(self) -> bool:
        return self._asked and self._current is None and self._known is not None and self._failure is None

    def _look(self) -> None:
        try:
            known, problem = self._find(), None
        except GraftlineError as error:  # the registry does not answer: what serves goes on
            known, problem = self._known, error
            log.warning("%s", error)
        with self._changed:
            self._known, self._looked = known, True
            if known is None and problem is not None and self._current is None:
                self._fail(None, problem)
            elif known is None:
                self._failure = None
            current, asked = self._current, self._asked
            self._changed.notify_all()
        if known is None and current is not None:
            self._switch(None)
        is_new = known is not None and asked and (current is None or current.promoted.version != known.version)
        if is_new and known and (self._failed != known or time.monotonic() - self._failed_at > _AGAIN_SECONDS):
            self._take_in(known)

    def _take_in(self, known: Promoted) -> None:
        with self._changed:
            self._failure = None
        log.info("version %s of the model is loaded to be served", known.version)
        try:
            if self._current is not None and not self._fits(known):
                self._drain()
            generator = self._load(known)
        except GraftlineError as error:
            log.error("version %s of the model is not served: %s", known.version, error)
            with self._changed:
                self._fail(known, error)
            return
        if self._closed:
            generator.close()
            return
        self._switch(Served(known, generator))
        log.info("version %s of the model is served, by %s", known.version, generator.engine)

    def _fail(self, known: Promoted | None, error: GraftlineError) -> None:
        self._failure, self._failed, self._failed_at = error, known, time.monotonic()
        self._changed.notify_all()

    def _drain(self) -> None:
        """Take no request for the old model any more, and unload it once the last is answered."""
        with self._changed:
            former, self._current = self._current, None
            if former is not None:
                former.users += 1  # so that this thread unloads it, before it goes on
                self._changed.wait_for(lambda: former.users == 1 or self._closed)
                former.users -= 1
        if former is not None:
            self._unload(former)

    def _switch(self, fresh: Served | None) -> None:
        with self._changed:
            former, self._current, self._failure, self._failed = self._current, fresh, None, None
            self._changed.notify_all()
        if former is not None and not former.users:
            self._unload(former)

    def _unload(self, served: Served) -> None:
        served.generator.close()
        log.info("version %s of the model is unloaded", served.promoted.version)
