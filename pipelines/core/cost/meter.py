"""What a language model has cost so far, held to a budget: a call is let through only while all it can cost fits."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pipelines.core.cost.budget import Budget, BudgetReached, Prices, Usage
from pipelines.core.protocols import Completion

log = logging.getLogger("graftline")
_OF_PART = "part "


@dataclass(frozen=True)
class Call:
    """A call that was let through, with the most that it reads and writes; `counted`: the prompt as its caller says."""

    prompt_tokens: int
    completion_tokens: int
    counted: int


class Meter:
    """Counts calls, and lets none through that could pass the budget, whatever it writes; threads may share it.

    While calls are in flight it waits for what they really cost; only then does it refuse.
    """

    def __init__(
        self,
        budget: Budget | None = None,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.monotonic,
        parts: Mapping[str, Budget] | None = None,
    ) -> None:
        self.budget, self.prices, self._clock = budget or Budget(), prices or Prices(), clock
        self._limits, self._parts = self.budget.limits(), parts or {}
        self._part, self._part_limits, self._before = "", dict[str, float](), Usage()
        self._refused_by: dict[str, None] = {}
        self._changed = threading.Condition()
        self._spent = Usage()
        self._flying: list[Call] = []
        self._working, self._since = 0, 0.0
        self._scale = 1.0

    @property
    def usage(self) -> Usage:
        """What was spent until now."""
        with self._changed:
            return replace(self._spent, seconds=self._seconds())

    def begin(self, part: str) -> None:
        """Hold what follows to the budget of this part too, until another begins; one without a budget has no limit."""
        with self._changed:
            self._part, self._before = part, replace(self._spent, seconds=self._seconds())
            self._part_limits = self._parts.get(part, Budget()).limits()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the time inside, once for several threads."""
        with self._changed:
            if not self._working:
                self._since = self._clock()
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                seconds = self._seconds()
                self._working -= 1
                self._spent = replace(self._spent, seconds=seconds)
                self._since = self._clock()

    def _seconds(self) -> float:
        return self._spent.seconds + (self._clock() - self._since if self._working else 0.0)

    def admit(self, prompt_tokens: int, max_tokens: int) -> Call:
        """Return the call once it fits; BudgetReached where it does not and nothing in flight can change that."""
        with self._changed:
            while (call := self._try(prompt_tokens, max_tokens)) is None:
                self._changed.wait()
            return call

    def admit_some(self, prompts: Sequence[int], max_tokens: int) -> list[Call]:
        """Return the calls of the first prompts, given by their tokens, that fit all at once: at least one.

        BudgetReached where not even the first one does.
        """
        calls: list[Call] = []
        with self._changed:
            while not calls:
                for tokens in prompts:
                    call = self._try(tokens, max_tokens, scaled=False, refuse=not calls)
                    if call is None:
                        break
                    calls.append(call)
                if not calls:
                    self._changed.wait()
        return calls

    def _try(self, prompt_tokens: int, max_tokens: int, scaled: bool = True, refuse: bool = True) -> Call | None:
        """Return the call where it fits now, None where it may fit later; BudgetReached where it never will."""
        call = Call(round(prompt_tokens * self._scale) if scaled else prompt_tokens, max_tokens, prompt_tokens)
        if self._short([*self._flying, call]):
            if not refuse:
                return None
            # What flies costs a call each and maybe no token: where that is too much already, waiting helps nobody.
            never = self._short([call], flying=len(self._flying))
            if never:
                self._refuse(never)
            return None
        self._flying.append(call)
        return call

    def _short(self, calls: Sequence[Call], flying: int = 0) -> str:
        """Return the first limit that these calls could pass beside what is spent, "" where none."""
        return self._first(calls, flying, self._limits, Usage()) or self._first(
            calls, flying, self._part_limits, self._before, _OF_PART
        )

    def _first(
        self, calls: Sequence[Call], flying: int, limits: Mapping[str, float], before: Usage, mark: str = ""
    ) -> str:
        if not limits:
            return ""
        read, write = sum(one.prompt_tokens for one in calls), sum(one.completion_tokens for one in calls)
        more = {"calls": flying + len(calls), "tokens": read + write, "money": self.prices.money(read, write) or 0.0}
        spent = self._amounts(before)
        return next(
            (
                mark + name
                for name, limit in limits.items()
                if spent[name] + more.get(name, 0.0) > limit or (name == "seconds" and spent[name] >= limit)
            ),
            "",
        )

    def _amounts(self, before: Usage) -> dict[str, float]:
        spent = replace(self._spent, seconds=self._seconds()) - before
        money = spent.money(self.prices) or 0.0
        return {"calls": spent.calls, "tokens": spent.tokens, "money": money, "seconds": spent.seconds}

    def _refuse(self, short: str) -> None:
        of_part = short.startswith(_OF_PART)
        amounts = self._amounts(self._before if of_part else Usage())
        amounts["calls"] += len(self._flying)
        limits, part = (self._part_limits, self._part) if of_part else (self._limits, "")
        if of_part:
            name = short.removeprefix(_OF_PART)
            self._refused_by[f"{limits[name]:,.6g} {name} for {part}"] = None
        error = BudgetReached(limits, amounts, short.removeprefix(_OF_PART), part)
        if not self._spent.not_sent:
            log.warning("%s; what is done stays, and the next run goes on from there", error.reason)
        self._spent = replace(self._spent, not_sent=self._spent.not_sent + 1)
        raise error

    def settle(self, call: Call, completion: Completion | None) -> None:
        """Count a call that was let through; without a completion it failed, and what it cost is not known."""
        with self._changed:
            self._flying.remove(call)
            if completion is None:
                self._spent = replace(self._spent, calls=self._spent.calls + 1, failed=self._spent.failed + 1)
            else:
                self._spent = self._spent.of(completion, call.counted)
                self._scale = max(self._scale, completion.prompt_tokens / max(1, call.counted))
            self._changed.notify_all()

    def line(self) -> str:
        """Return what was spent in one line, and how far a run came whose budget is spent; "" where nothing was."""
        used = self.usage
        if not (used.calls or used.cached or used.not_sent):
            return ""
        money = used.money(self.prices)
        told = (
            f"language model: {used.calls:,} calls ({used.failed:,} failed), {used.prompt_tokens:,} tokens read and "
            f"{used.completion_tokens:,} written, {used.cached:,} answers from the cache, {used.seconds:.0f} s, "
            f"{'money unknown: no prices are set' if money is None else f'{money:.4g} in money'}"
        )
        return f"{told}\n{self.budget_line(used.not_sent)}" if used.not_sent else told

    def budget_line(self, not_sent: int) -> str:
        """Return how far a run came where its budget had no room for some prompts."""
        held = [*(f"{limit:,.6g} {name}" for name, limit in self._limits.items()), *self._refused_by]
        return f"the budget of {', '.join(held)} had no room for {not_sent} prompts: the next run goes on with them"

    def refused(self, prompts: int) -> None:
        """Count further prompts that were not sent after a refusal."""
        with self._changed:
            self._spent = replace(self._spent, not_sent=self._spent.not_sent + prompts)

    def cached(self, completions: Sequence[Completion]) -> None:
        """Count answers that were taken from the disk."""
        tokens = sum(one.prompt_tokens + one.completion_tokens for one in completions)
        with self._changed:
            self._spent = replace(
                self._spent,
                cached=self._spent.cached + len(completions),
                cached_tokens=self._spent.cached_tokens + tokens,
            )
