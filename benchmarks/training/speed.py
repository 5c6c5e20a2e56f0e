"""The training rows: against LLaMA-Factory's defaults, and against the best settings found for both peers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ground.common import Row, interleave, median, number, ratio, say
from benchmarks.ground.process import ProcessFailed
from benchmarks.training import search, trainers
from benchmarks.training.samples import Sample, choose
from benchmarks.training.trainers import Task, TrainingRun
from pipelines.compute.processor import fast_bfloat16
from pipelines.finetune.models.base import BaseModel

BEST_BATCH = 16
"""Samples of one update of the best settings: the largest batch that is searched."""
TOLERANCE = 0.02
"""By how much a trainer's own count of useful tokens may differ from ours."""
_HELD_OUT_OF_OUR_OWN = 8
_GIB = 2**30


@dataclass(frozen=True)
class Bench:
    """What all rows share: the base, where files go, the seed, and our recipe's own keys."""

    base: BaseModel
    work: Path
    seed: int
    recipe: Mapping[str, Any]


def useful_tokens(base: BaseModel, rows: Sequence[Sample]) -> int:
    """Return the tokens of the conversations under the checkpoint's chat template: no padding, the same for all."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base.path)
    ids = (tokenizer.apply_chat_template(row.messages, tokenize=True, return_dict=False) for row in rows)
    return sum(len(one) for one in ids)


def same_work(run: TrainingRun, rows: int, tokens: int) -> str:
    """Return "" where the run trained on all the samples and their tokens, else what differs."""
    if run.samples != rows:
        return f"trained on {run.samples} samples, not {rows}"
    if abs(run.tokens - tokens) > TOLERANCE * tokens:
        return f"counts {run.tokens} useful tokens, not {tokens}"
    return ""


def against_defaults(
    bench: Bench, pool: Sequence[Sample], count: int, rounds: int, row: str, unit: str, target: str
) -> tuple[Row, str]:
    """Return the row of useful tokens/s over LLaMA-Factory's defaults, and how these differ from its example."""
    chosen = choose(pool, count + _HELD_OUT_OF_OUR_OWN, bench.seed)
    task = Task(bench.base, chosen[:count], chosen[count:], trainers.DEFAULT_BATCH, bench.seed)
    tokens = useful_tokens(bench.base, task.rows)
    runs = interleave(
        rounds,
        {
            "ours": _party(trainers.ours, task, dict(bench.recipe), bench.work / "ours"),
            "LLaMA-Factory": _party(trainers.llamafactory, task, {}, bench.work / "llamafactory"),
        },
    )
    different = _differences(runs, count, tokens)
    own, peer = (tokens / median(run.seconds for run in runs[name]) for name in runs)
    note = (
        f"{count} samples, {tokens} useful tokens, {trainers.DEFAULT_BATCH} samples an update, {rounds} round(s); "
        f"{_account(runs)}{different}"
    )
    value = None if different else ratio(own, peer)
    arguments = runs["LLaMA-Factory"][0].details["arguments"]
    shown = trainers.difference(arguments).replace(str(bench.work), "WORK").replace(str(bench.base.path), "SMOLLM2")
    return Row(row, unit, target, value, own, peer, note), shown


def against_best(
    bench: Bench, pool: Sequence[Sample], fresh: Sequence[Sample] | None, size: Any, targets: Mapping[str, Any]
) -> tuple[list[Row], dict[str, Any]]:
    """Return sft_best, sft_memory and sft_loss_gap from the same runs, and the grids; `fresh` is never trained on."""
    chosen = choose(pool, size.best_samples + (0 if fresh else size.held_out), bench.seed)
    trained = chosen[: size.best_samples]
    held_out = choose(fresh, size.held_out, bench.seed) if fresh else chosen[size.best_samples :]
    few = held_out[:_HELD_OUT_OF_OUR_OWN]
    tokens = useful_tokens(bench.base, trained)
    details, best = {}, {}
    for name, train, axes in (
        ("LLaMA-Factory", trainers.llamafactory, search.llamafactory_axes),
        ("TRL", trainers.trl, search.trl_axes),
    ):
        say(f"searching for the best setting of {name}")
        task = Task(bench.base, trained[: size.try_samples], few, BEST_BATCH, bench.seed)
        measure = _measure(train, task, bench.work / "search" / name)
        found, tries = search.search(measure, *axes(size.batches, tokens / len(trained), fast_bfloat16()))
        details[f"Grid of {name} ({size.try_samples} samples each)"] = "\n".join(str(one) for one in tries)
        if found:
            best[name] = (train, found.settings)

    def party(train: trainers.Trainer, settings: dict[str, Any], name: str) -> Callable[[int], TrainingRun]:
        def call(turn: int) -> TrainingRun:
            task = Task(bench.base, trained, few, BEST_BATCH, bench.seed + turn)
            return _party(train, task, settings, bench.work / "best" / name)(turn)

        return call

    parties = {"ours": party(trainers.ours, dict(bench.recipe), "ours")}
    if not best:
        raise ProcessFailed(f"no setting of any peer ran: {details}")
    parties |= {name: party(train, settings, name) for name, (train, settings) in best.items()}
    runs = interleave(size.best_rounds, parties)
    losses = [
        trainers.held_out_losses(
            bench.base, held_out, {name: runs[name][turn].adapter for name in runs}, bench.work / f"losses{turn}"
        )
        for turn in range(size.best_rounds)
    ]
    details["versions"] = _versions(runs)
    return _best_rows(runs, losses, len(trained), tokens, len(held_out), targets), details


def _best_rows(
    runs: Mapping[str, Sequence[TrainingRun]],
    losses: Sequence[Mapping[str, float]],
    count: int,
    tokens: int,
    held_out: int,
    targets: Mapping[str, Any],
) -> list[Row]:
    different = _differences(runs, count, tokens)
    peers = [name for name in runs if name != "ours"]
    if missing := {"LLaMA-Factory", "TRL"} - set(peers):
        different += f"; no setting of {', '.join(sorted(missing))} ran"
    speeds = {name: tokens / median(run.seconds for run in runs[name]) for name in runs}
    peaks = {name: median(run.process.peak_bytes for run in runs[name]) / _GIB for name in runs}
    account = f"{count} samples, {tokens} useful tokens, {BEST_BATCH} samples an update, {len(losses)} round(s)"
    best = {name: runs[name][0].settings for name in peers}
    rows = []

    def add(row: str, of: Mapping[str, tuple[float, float, float]], worst: Callable[..., str], note: str) -> None:
        name = worst(of, key=lambda peer: of[peer][0])
        value, own, peer = of[name]
        each = ", ".join(f"{peer} {number(of[peer][0])}" for peer in of)
        rows.append(Row(row, *targets[row], None if different else value, own, peer, f"{each}; {note}{different}"))

    speed = {name: (ratio(speeds["ours"], speeds[name]), speeds["ours"], speeds[name]) for name in peers}
    add("sft_best", speed, min, f"{account}; best settings {best}; {_account(runs)}")
    memory = {name: (ratio(peaks["ours"], peaks[name]), peaks["ours"], peaks[name]) for name in peers}
    add("sft_memory", memory, max, "peak resident GiB of the training process, the runs of sft_best")
    shown = "; ".join(", ".join(f"{name} {loss:.4f}" for name, loss in turn.items()) for turn in losses)
    gap = {name: loss_gap(losses, name) for name in peers}
    if still := [name for name in peers if any(turn[name] >= turn["base"] for turn in losses)]:
        different += f"; the loss of {', '.join(still)} did not fall"
    add("sft_loss_gap", gap, max, f"loss on the answers of {held_out} rows never trained on, per round: {shown}")
    return rows


def loss_gap(losses: Sequence[Mapping[str, float]], peer: str) -> tuple[float, float, float]:
    """Return the median over rounds of |ours - peer| / (base - peer), and the median losses of ours and the peer."""
    gaps = [abs(turn["ours"] - turn[peer]) / (turn["base"] - turn[peer] or 1) for turn in losses]
    return median(gaps), median(turn["ours"] for turn in losses), median(turn[peer] for turn in losses)


def _party(train: trainers.Trainer, task: Task, settings: dict[str, Any], work: Path) -> Callable[[int], TrainingRun]:
    def call(turn: int) -> TrainingRun:
        run = train(task, settings, work / str(turn))
        speed = run.tokens / run.seconds
        say(f"  {work.name}: {run.seconds:.1f} s, {speed:.1f} tokens/s, {run.process.peak_bytes / _GIB:.2f} GiB")
        return run

    return call


def _measure(train: trainers.Trainer, task: Task, work: Path) -> Callable[[dict[str, Any]], search.Try]:
    tokens, tried = useful_tokens(task.base, task.rows), iter(range(1000))

    def measure(settings: dict[str, Any]) -> search.Try:
        run = train(task, settings, work / str(next(tried)))
        excluded = same_work(run, len(task.rows), tokens)
        leak = run.details.get("leak", 0.0)
        if leak is None:
            excluded = "no packed row holds two samples"
        elif leak > search.LEAK:
            excluded = f"its packed samples see each other: a logit moves by {leak:.2g}"
        return search.Try(settings, tokens / run.seconds, run.process.peak_bytes / _GIB, excluded)

    return measure


def _differences(runs: Mapping[str, Sequence[TrainingRun]], count: int, tokens: int) -> str:
    found = {name: text for name in runs for run in runs[name] if (text := same_work(run, count, tokens))}
    return "".join(f"; NOT THE SAME WORK: {name} {text}" for name, text in found.items())


def _account(runs: Mapping[str, Sequence[TrainingRun]]) -> str:
    return "; ".join(
        f"{name}: loop {', '.join(f'{run.seconds:.1f}' for run in of)} s, process {of[0].process.seconds:.0f} s, "
        f"{of[0].updates} updates, {of[0].tokens} tokens by its own count, "
        f"peak {median(run.process.peak_bytes for run in of) / _GIB:.2f} GiB"
        for name, of in runs.items()
    )


def _versions(runs: Mapping[str, Sequence[TrainingRun]]) -> dict[str, str]:
    peer = runs.get("LLaMA-Factory")
    found = peer[0].details["versions"] if peer else {}
    return {(name if name == "llamafactory" else f"{name} beside llamafactory"): v for name, v in found.items()}
