"""The gates of predictions and of their evaluation: what must hold before either may decide anything."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.identity import json_digest
from pipelines.finetune.evaluation.evaluation import EvaluationSettings
from pipelines.measuring.gates import Checks, Verdict
from pipelines.measuring.parity import LEAST_ROWS, engine_parity, shared_prefix, template_parity


def texts_missing(predictions: pa.Table) -> int:
    """Return how many texts of base and adapter are missing."""
    return predictions["base"].null_count + predictions["adapter"].null_count


def every_text_is_there(predictions: pa.Table) -> Verdict:
    """There are rows, and base and adapter have a text for each."""
    missing = texts_missing(predictions)
    return Verdict(predictions.num_rows > 0 and missing == 0, f"{predictions.num_rows} rows, {missing} texts missing")


def prompt_checks(predictions: pa.Table, trained: Sequence[Sequence[int]], served: Sequence[Sequence[int]]) -> Checks:
    """The prompts' ids by the served model's files are the trained adapter's, and those that were answered.

    Both are the predictions' rows in their order; fewer, where the dataset has them no more.
    """
    asked = predictions["prompt_digest"].to_pylist()
    other = sum(one != json_digest(list(ids)) for one, ids in zip(asked, served, strict=False))
    other += abs(len(asked) - len(served))
    return {
        "prompts_are_as_trained": template_parity(trained, served),
        "prompts_are_as_asked": Verdict(
            other == 0, f"{other} of {len(asked)} answered prompts are others than served now"
        ),
    }


Choices = Mapping[str, Sequence[Sequence[int]]]


def answered_twice(predictions: pa.Table) -> pa.Table:
    """Return {prompt_ids, adapter_ids, again_ids} of the rows that the adapter answered in two shapes of batches."""
    names = ["prompt_ids", "adapter_ids", "again_ids"]
    if not set(names) <= set(predictions.column_names):  # of an earlier release
        return pa.table({name: pa.array([], pa.list_(pa.int32())) for name in names})
    return predictions.filter(pc.is_valid(predictions["again_ids"])).select(names)


def engine_checks(predictions: pa.Table, choices: Choices, alpha: float) -> Checks:
    """The engine's answers part from transformers' in float32 on no more rows than noise explains (`engine_parity`).

    `choices` are transformers' likeliest tokens at each place of the engine's answers, by dtype: the first that differs
    is where its own answer would part. The noise is the engine's other shape of batches, and bfloat16 against float32.
    Fewer held-out rows than can tell pass: the gate of the sample's size refuses them.
    """
    rows, twice = predictions.num_rows, answered_twice(predictions)
    if twice.num_rows == rows < LEAST_ROWS:
        few = f"{rows} held-out rows tell no engine from another, {LEAST_ROWS} would; enough_rows decides"
        return {"engine_agrees_with_transformers": Verdict(True, few)}
    own, again, exact = twice["adapter_ids"].to_pylist(), twice["again_ids"].to_pylist(), choices["float32"]
    noise = [(own, again), (choices["bfloat16"], exact)]
    return {"engine_agrees_with_transformers": engine_parity(own, exact, noise, alpha)}


def agreement(twice: pa.Table, choices: Choices) -> dict[str, float]:
    """Return the share of tokens before the first one that differs from transformers' in float32; and of the noise."""
    own, again = twice["adapter_ids"].to_pylist(), twice["again_ids"].to_pylist()
    exact, rounded = choices["float32"], choices["bfloat16"]
    pairs = {"with_transformers": (own, exact), "at_another_shape": (own, again), "in_bfloat16": (exact, rounded)}
    return {f"tokens_agree_{name}": _agreed(*pair) for name, pair in pairs.items()}


def _agreed(one: Sequence[Sequence[int]], two: Sequence[Sequence[int]]) -> float:
    kept = sum(shared_prefix(a, b) for a, b in zip(one, two, strict=True))
    return kept / max(1, sum(max(len(a), len(b)) for a, b in zip(one, two, strict=True)))


def gate_checks(predictions: pa.Table, settings: EvaluationSettings | None = None) -> Checks:
    """Enough rows, each prompt answered once by both, one engine, few empty texts."""
    settings = settings or EvaluationSettings()
    total = predictions.num_rows
    empty = sum(not text.strip() for text in predictions["adapter"].to_pylist())
    columns = [name for name in ("base_engine", "engine", "champion_engine") if name in predictions.column_names]
    engines = sorted({name for column in columns for name in predictions[column].to_pylist()} - {None})
    twice = total - len(set(predictions["row_id"].to_pylist()))
    return {
        "enough_rows": Verdict(total >= settings.min_rows, f"{total} held-out rows, {settings.min_rows} needed"),
        "same_prompts": Verdict(
            twice == 0 and predictions["prompt_digest"].null_count == 0,
            f"base and adapter answered {total} prompts with the same token ids, {twice} of them twice",
        ),
        "one_engine": Verdict(len(engines) == 1, f"generated by {' and '.join(engines) or 'nothing'}"),
        "few_empty": Verdict(
            empty <= settings.max_empty_share * total,
            f"{empty} of {total} adapter texts are empty, {settings.max_empty_share:.0%} allowed",
        ),
    }
