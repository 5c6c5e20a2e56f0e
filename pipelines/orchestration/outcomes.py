"""What became of a step and why, and what holds the next one back: nothing is built on what its gates refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from pipelines.core.errors import GraftlineError, library_line, shell_command
from pipelines.measuring.gates import GateStore, standing_gate
from pipelines.orchestration.limits import TimeIsUp
from pipelines.orchestration.night import NightStep

_SHORT = 100
PUT_OFF: Final = "put off"
INTERRUPTED = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


@dataclass(frozen=True)
class Outcome:
    """How a step ended; the reason is that of a gate that refused, or of a step that was not run.

    "put off": a budget has no room for it, or ended it, and the next night goes on; `tries`: how often it was begun.
    """

    verdict: Literal["done", "FAILED", "skipped", "put off"]
    reason: str = ""
    tries: int = 1

    @property
    def done(self) -> bool:
        return self.verdict == "done"

    @property
    def well(self) -> bool:
        """Whether nothing went wrong: done, or left to the next night."""
        return self.verdict in ("done", PUT_OFF)

    def as_line(self, name: str) -> str:
        """Return the line that says it.

        >>> Outcome("skipped", "instruction_dataset failed").as_line("adapter[lora]")
        'skipped adapter[lora]: instruction_dataset failed'
        """
        tries = f" ({self.tries} tries)" if self.tries > 1 else ""
        return f"{self.verdict:<7} {name}{tries}{f': {self.reason}' if self.reason else ''}"


def outcome_of(result: dg.ExecuteInProcessResult, graph: AssetGraph) -> Outcome:
    """Return how a run ended; KeyboardInterrupt where it was interrupted."""
    if _was_interrupted(result):
        raise KeyboardInterrupt  # Ctrl-C or a termination means all of it, not this step
    if result.success:
        return Outcome("done")
    if stopped := _stopped(result):
        return Outcome(PUT_OFF, stopped)
    return Outcome("FAILED", "; ".join(_refusals(result, graph) or _errors(result)))


def failed_above(step: NightStep, failed: Sequence[NightStep], graph: AssetGraph) -> str | None:
    """Return which of the failed assets the step's asset is made from.

    A recipe's failure holds back that recipe alone: the decision over all of them looks at their gates itself.
    """
    above = graph.get_ancestor_asset_keys(dg.AssetKey(step.job))
    made_from = (other for other in failed if dg.AssetKey(other.job) in above and other.recipe in (None, step.recipe))
    return next((f"{other.name} failed" for other in made_from), None)


def refused_above(step: NightStep, here: Sequence[str], graph: AssetGraph, store: GateStore) -> str | None:
    """Return which gate refuses the version that stands of what the step's asset is made from, and what to type.

    The records are those that promotion reads, of the step's own recipe. What is made `here` is judged anew, and what
    was never made has no version to judge.
    """
    above = graph.get_ancestor_asset_keys(dg.AssetKey(step.job)) - {dg.AssetKey(other) for other in here}
    for asset in in_order(sorted(key.to_user_string() for key in above), graph):
        node = graph.get(dg.AssetKey(asset))
        judges = sorted(check.name for check in node.check_keys if graph.get(check).blocking)
        recipe = step.recipe if node.is_partitioned else None
        gate = standing_gate(store, asset, recipe or "", judges)
        reason = gate.refusal() if judges and gate.version is not None else None
        if reason:
            again = shell_command("graftline", "run", "--select", asset, *(("--recipe", recipe) if recipe else ()))
            return f"{reason}; {again} makes it anew"
    return None


def in_order(names: Sequence[str], graph: AssetGraph) -> list[str]:
    """Return the names as they were given, but none before what it is made from."""
    left, ordered = list(dict.fromkeys(names)), list[str]()
    while left:
        waiting = {dg.AssetKey(name) for name in left}
        ready = next(name for name in left if not waiting & graph.get_ancestor_asset_keys(dg.AssetKey(name)))
        ordered.append(ready)
        left.remove(ready)
    return ordered


def _refusals(result: dg.ExecuteInProcessResult, graph: AssetGraph) -> list[str]:
    """Return what each gate that refused in this run asks for, and what it found: its record says the same."""
    told = []
    for found in result.get_asset_check_evaluations():
        if found.passed or not found.blocking or found.severity != dg.AssetCheckSeverity.ERROR:
            continue
        shown = ", ".join(filter(None, (_figure(name, value) for name, value in found.metadata.items())))
        wanted = " ".join((graph.get(found.asset_check_key).description or "").split())
        told.append(f"{found.check_name} did not pass: {wanted}{f' ({shown})' if shown else ''}")
    return told


def _errors(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the error of each step that failed as one line; Dagster keeps the traceback."""
    kinds: list[type[GraftlineError]] = [GraftlineError, *GraftlineError.__subclasses__()]
    ours = {kind.__name__ for kind in kinds}
    told = []
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        while error and error.cause and error.cls_name not in ours and str(error.cls_name).startswith("Dagster"):
            error = error.cause
        if error is None:
            continue
        _, _, message = error.message.strip().partition(": ")
        if error.cls_name in ours:
            told.append(" ".join(message.split()))
        else:
            found, remedy = library_line(error.message)
            told.append(f"{found}. Next: {remedy}, and run it again")
    return list(dict.fromkeys(told))


def _stopped(result: dg.ExecuteInProcessResult) -> str:
    """Return what the step says that its time ended, "" where nothing was ended so."""
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        while error:
            if error.cls_name == TimeIsUp.__name__:
                return " ".join(error.message.partition(": ")[2].split())
            error = error.cause
    return ""


def _figure(name: str, metadata: dg.MetadataValue) -> str:
    """Return a number with its name, a short text as it is, and "" for what only the UI can show."""
    value = metadata.value
    if isinstance(value, int | float):
        return f"{name} {value:.3g}"
    short = isinstance(metadata, dg.TextMetadataValue) and isinstance(value, str) and len(value) <= _SHORT
    return str(value) if short else ""


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    failures = [event.step_failure_data.error for event in result.filter_events(lambda event: event.is_step_failure)]
    chain = [one for error in failures if error for one in (error, error.cause) if one]
    return any(error.cls_name in INTERRUPTED for error in chain)
