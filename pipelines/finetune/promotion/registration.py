"""From a decision to the registry: what the recipes offer, who is champion, and which aliases move."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipelines.core.identity import json_digest
from pipelines.finetune.evaluation.answers import Engine, ModelFolder, RowStore
from pipelines.finetune.evaluation.prediction import (
    PredictionSettings,
    answers_of,
    held_out_prompts,
    longest_answer,
)
from pipelines.finetune.merging import merging
from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.promotion.aliases import (
    CHALLENGER,
    CHAMPION,
    CODE_TAG,
    DATASET_TAG,
    DECISION_TAG,
    EVALUATION_TAG,
    FOLDER_TAG,
    MODEL_TAG,
    RECIPE_TAG,
    VERDICT_TAG,
    Aliases,
    Version,
    checkpoint_folder,
    holds_checkpoint,
    make_champion,
)
from pipelines.finetune.promotion.promotion import Candidate, Champion, Decision
from pipelines.finetune.training import training
from pipelines.measuring.gates import Gate, GateStore, standing_gate

GATED = {
    "instruction_dataset": ("rows_are_sound", "nothing_leaks"),
    "adapter": ("loss_fell",),
    "merged_model": ("merge_is_faithful",),
    "predictions": ("every_row_answered", "prompts_are_as_trained", "engine_agrees_with_transformers"),
    "evaluation": ("ready_for_promotion",),
}
"""The assets whose gates a recipe must have passed, each with the checks that its gate is made of."""


Rows = Sequence[Mapping[str, Any]]


class Store(RowStore, GateStore, Protocol):
    """Tables and records by name; `resources.tables.tables.TableStore`."""

    def find(self, name: str) -> pa.Table | None: ...


class Registry(Aliases, Protocol):
    """The model registry; `resources.tracking.tracker.Tracker`."""

    def register(self, run_id: str, key: str, model_path: Path, tags: Mapping[str, str]) -> Version: ...


def candidates(
    store: Store, recipes: Sequence[str], held_out: Callable[[str, str], str] = lambda recipe, dataset: dataset
) -> dict[str, Candidate | None]:
    """Return what each recipe offers now: predictions, what they should be about, and its gates; None when missing.

    `held_out` gives the digest of what a recipe holds out of the dataset with a digest: all, or its own eval_dataset.
    """
    return {recipe: _candidate(store, recipe, held_out) for recipe in recipes}


def _candidate(store: Store, recipe: str, held_out: Callable[[str, str], str]) -> Candidate | None:
    predictions, model = store.find(f"predictions/{recipe}"), store.digest(f"merged_model/{recipe}")
    dataset = store.digest("instruction_dataset")
    if predictions is None or model is None or dataset is None or store.digest(f"evaluation/{recipe}") is None:
        return None
    gates = [_gate(store, asset, recipe) for asset in GATED]
    return Candidate(recipe, predictions, model, held_out(recipe, dataset), gates)


def _gate(store: Store, asset: str, recipe: str) -> Gate:
    own = "" if asset == "instruction_dataset" else recipe
    return standing_gate(store, asset, own, GATED[asset], lineage=True)


def standing_champion(
    registry: Registry,
    offered: Mapping[str, Candidate | None],
    rows: Callable[[], Rows],
    engine: Engine,
    store: Store,
    home: Path,
    settings: PredictionSettings | None = None,
) -> Champion | None:
    """Return who carries the alias, with its answers to the rows held out now.

    They are taken from the predictions, where it is a recipe's own model or stands beside every recipe's, else from
    what is stored by row, else generated from its folder below `home`; a champion whose folder is gone has answered
    nothing, and then nobody can replace it.
    """
    version = registry.champion()
    if version is None:
        return None
    model, recipe = version.tags.get(MODEL_TAG, ""), version.tags.get(RECIPE_TAG, "")
    there = [candidate for candidate in offered.values() if candidate]
    for candidate in there:
        if candidate.model == model and candidate.refusal() is None:
            table = candidate.predictions
            return Champion(recipe, model, version.version, _by_id(table, table["adapter"]))
    beside = [candidate.beside(model) for candidate in there]
    known = [texts for texts in beside if texts is not None]
    if there and len(known) == len(there):
        answered = zip(there, known, strict=True)
        texts = {key: text for one, column in answered for key, text in _by_id(one.predictions, column).items()}
        return Champion(recipe, model, version.version, texts)
    folder = _model_folder(version, home)
    if not there or folder is None:
        return Champion(recipe, model, version.version, {})
    held_out = rows()
    limit = longest_answer(held_out, folder.path, engine, settings)
    asked, _ = held_out_prompts(held_out, folder.path, engine, limit)
    (made,) = answers_of([folder], asked, engine, store, limit).tables
    texts = dict(zip((row.row_id for row in asked), made["text"].to_pylist(), strict=True))
    return Champion(recipe, model, version.version, texts)


def champion_folder(registry: Aliases, home: Path) -> ModelFolder | None:
    """Return the checkpoint of who carries the alias, or None where there is nobody, or its folder is gone."""
    return _model_folder(registry.champion(), home)


def _model_folder(version: Version | None, home: Path) -> ModelFolder | None:
    folder = checkpoint_folder(version, home)
    return ModelFolder(folder, version.tags.get(MODEL_TAG, "")) if version and holds_checkpoint(folder) else None


def _by_id(table: pa.Table, texts: pa.ChunkedArray) -> dict[str, str]:
    return dict(zip(table["row_id"].to_pylist(), texts.to_pylist(), strict=True))


def links(store: Store, recipes: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return by recipe the tags that lead from a version to what it was made and judged by."""
    code = f"training {training.CODE_VERSION}, merging {merging.CODE_VERSION}"
    shared = {DATASET_TAG: store.digest("instruction_dataset") or "", CODE_TAG: code}
    return {recipe: {**shared, EVALUATION_TAG: store.digest(f"evaluation/{recipe}") or ""} for recipe in recipes}


def carry_out(
    decision: Decision,
    merged: Mapping[str, MergedRecord],
    registry: Registry,
    home: Path,
    linked: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Register what gets an alias, move the aliases that change, and return {digest, champion, challenger, decision}.

    `merged` are the merged models' records by recipe, `linked` the tags of `links`. What is registered already is not
    registered again; who was champion becomes `previous`.
    """
    verdicts = {outcome.recipe: outcome.verdict for outcome in decision.outcomes}
    reasons = {outcome.recipe: outcome.reason for outcome in decision.outcomes}
    versions: dict[str, Version] = {}
    # The challenger first: after a crash between the two, the champion is still the old one.
    for alias, recipe in ((CHALLENGER, decision.challenger), (CHAMPION, decision.recipe)):
        if recipe is None:
            continue
        record = merged[recipe]
        folder = Path(record.path).relative_to(home).as_posix()
        tags = {RECIPE_TAG: recipe, MODEL_TAG: record.digest, FOLDER_TAG: folder}
        version = registry.register(record.run_id, record.key, Path(record.path), tags)
        current = registry.champion(alias)
        if alias == CHAMPION:
            make_champion(registry, version.version, reasons[recipe])
        elif current is None or current.version != version.version:
            registry.set_alias(alias, version.version, reasons[recipe])
        wanted = {DECISION_TAG: reasons[recipe], VERDICT_TAG: verdicts[recipe], **(linked or {}).get(recipe, {})}
        changed = {name: value for name, value in wanted.items() if version.tags.get(name) != value}
        if changed:
            registry.set_tags(version.version, changed)
        versions[alias] = version
    held = {alias: _described(versions.get(alias) or registry.champion(alias)) for alias in ("champion", "challenger")}
    return {"digest": json_digest(held), **held, "decision": decision.record()}


def verdict_tags(decision: Decision, merged: Mapping[str, MergedRecord]) -> dict[str, dict[str, str]]:
    """Return by the run of each recipe's training the verdict on it and why, as its tags."""
    return {
        merged[outcome.recipe].run_id: {VERDICT_TAG: outcome.verdict, DECISION_TAG: outcome.reason}
        for outcome in decision.outcomes
        if outcome.recipe in merged and merged[outcome.recipe].run_id
    }


def _described(version: Version | None) -> dict[str, str] | None:
    if version is None:
        return None
    return {"version": version.version, "key": version.key, "recipe": version.tags.get(RECIPE_TAG, "")}
