"""From a night's journal, Dagster's events of its runs and what is stored: the record that its digest is made of."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from pipelines.orchestration.digest.journal import now
from pipelines.orchestration.digest.record import (
    GATED,
    REGRESSED,
    WARNED,
    Finding,
    Judged,
    Made,
    Night,
    Picture,
    Planned,
    Step,
    of_recipe,
)
from pipelines.orchestration.digest.stored import NightStore, costs, rejected, standing_refusals
from pipelines.orchestration.night import NIGHT_TAG

DECIDED = "registered_model"
_COUNTS = ("new", "changed", "gone", "rejected")
_PNG = re.compile(r"!\[[^\]]*\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)")
_PARTITION, _DATA_VERSION = "dagster/partition", "dagster/data_version"
_EVENTS = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_SUCCESS,
}


@dataclass
class _Seen:
    """What the events of the night's runs said."""

    assets: dict[tuple[str, str], Made] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    judged: set[tuple[str, str]] = field(default_factory=set)
    pictures: list[Picture] = field(default_factory=list)
    decision: Mapping[str, Any] = field(default_factory=dict)
    spent: dict[tuple[str, str], tuple[float | None, int | None]] = field(default_factory=dict)
    """Seconds and tokens of what was trained and generated in this night."""
    last: float = 0.0


def gather(
    instance: dg.DagsterInstance,
    store: NightStore,
    written: Mapping[str, Any],
    state: str,
    reason: str,
    before: Night | None,
) -> tuple[Night, list[Picture]]:
    """Return the record of a night and the plots of its assets.

    `written` is the night's journal, `before` the night that its seconds are held against. What cannot be read is a
    note of the record: a digest that lacks something says so.
    """
    notes: list[str] = []
    seen = _Seen()
    before_assets = {(one.asset, one.recipe): one.seconds for one in before.assets} if before else {}
    started = datetime.fromisoformat(written["started"])
    # A night that is executed again from the UI keeps its tag: only the runs since its journal began are its own.
    own = dg.RunsFilter(tags={NIGHT_TAG: written["night"]}, created_after=started - timedelta(seconds=1))
    for run in reversed(list(instance.get_runs(filters=own))):
        _read_run(instance, run, seen, before_assets)
    closed = written.get("closed") or (_time(seen.last) if seen.last else now())
    if state == "under way":
        closed = now()
    decision = seen.decision.get("decision") or {}
    night = Night(
        night=written["night"],
        state=state,
        reason=reason,
        started=written["started"],
        ended=closed,
        seconds=max(0.0, (datetime.fromisoformat(closed) - started).total_seconds()),
        steps=_steps(written, state, before),
        assets=tuple(seen.assets.values()),
        findings=(*seen.findings, *standing_refusals(store, seen.judged, notes)),
        costs=costs(store, written, notes),
        work=_work(written, seen),
        verdict=str(decision.get("verdict", "")),
        why=str(decision.get("reason", "")),
        champion=_described(seen.decision.get("champion")),
        recipes=tuple(
            Judged(str(one["recipe"]), str(one["verdict"]), str(one["reason"])) for one in decision.get("outcomes", ())
        ),
        rejected=rejected(store, notes),
    )
    return replace(night, notes=tuple(notes)), seen.pictures


def _read_run(
    instance: dg.DagsterInstance, run: dg.DagsterRun, seen: _Seen, before: Mapping[tuple[str, str], float | None]
) -> None:
    recipe = run.tags.get(_PARTITION, "")
    records = instance.get_records_for_run(run.run_id, of_type=_EVENTS).records
    events = [(record, record.event_log_entry.dagster_event) for record in records]
    seconds = {
        event.step_key: event.step_success_data.duration_ms / 1000
        for _, event in events
        if event and event.event_type == dg.DagsterEventType.STEP_SUCCESS
    }
    for record, event in events:
        seen.last = max(seen.last, record.event_log_entry.timestamp)
        if event is None or event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            continue
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            _read_check(event.asset_check_evaluation_data, recipe, seen)
            continue
        key = (event.asset_key.to_user_string() if event.asset_key else "", recipe)
        taken, former = seconds.get(event.step_key), before.get(key)
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
            seen.assets.setdefault(key, Made(*key, "not made", taken, former))
            continue
        made = event.step_materialization_data.materialization
        seen.assets[key] = Made(*key, _state(instance, record, made), taken, former, _counts(made.metadata))
        seen.pictures += [
            Picture(f"{of_recipe(*key)}: {name}", base64.b64decode(found[1]))
            for name, value in made.metadata.items()
            if isinstance(value, dg.MarkdownMetadataValue) and (found := _PNG.fullmatch(value.value or ""))
        ]
        seen.spent[key] = _spent(key[0], made.metadata, seen.assets[key])
        if key[0] == DECIDED and "record" in made.metadata:
            value = made.metadata["record"].value
            seen.decision = value if isinstance(value, Mapping) else {}


def _spent(asset: str, metadata: Mapping[str, dg.MetadataValue], made: Made) -> tuple[float | None, int | None]:
    """Return seconds and tokens that an asset took: of a training that was complete before, no token."""
    found = metadata["tokens"].value if asset == "adapter" and "tokens" in metadata and made.state == "new" else None
    return made.seconds, found if isinstance(found, int) else None


def _work(written: Mapping[str, Any], seen: "_Seen") -> tuple[Planned, ...]:
    """Return the plan of what is trained and generated, beside what it took."""
    found = []
    for one in written["planned"]:
        if "step" in one:
            key = (str(one["asset"]), str(one["recipe"]))
            made, (seconds, tokens) = seen.assets.get(key), seen.spent.get(key, (None, None))
            state = made.state if made else "not reached"
            found.append(Planned(*key, one["told"], one.get("seconds"), seconds, one.get("tokens"), tokens, state))
    return tuple(found)


def _state(instance: dg.DagsterInstance, record: dg.EventLogRecord, made: dg.AssetMaterialization) -> str:
    """Return whether the asset is another one than before: by its data version, where it has one."""
    version = (made.tags or {}).get(_DATA_VERSION)
    # By time: SQLite numbers a run's events apart from those of an asset.
    entry = record.event_log_entry
    partitions = [made.partition] if made.partition else None
    earlier = dg.AssetRecordsFilter(made.asset_key, asset_partitions=partitions, before_timestamp=entry.timestamp)
    found = instance.fetch_materializations(earlier, limit=2).records
    former = next((one.asset_materialization for one in found if one.run_id != entry.run_id), None)
    same = version is not None and former is not None and (former.tags or {}).get(_DATA_VERSION) == version
    return "as it was" if same else "new"


def _counts(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, int]:
    wanted = {name: value.value for name, value in metadata.items() if name in _COUNTS or name.startswith("computed_")}
    return {name: value for name, value in wanted.items() if isinstance(value, int) and value}


def _read_check(found: Any, recipe: str, seen: _Seen) -> None:
    asset = found.asset_key.to_user_string()
    seen.judged.add((asset, recipe))
    if found.passed:
        return
    fell = found.metadata.get("fell")
    refused = found.blocking and found.severity == dg.AssetCheckSeverity.ERROR
    kind = REGRESSED if fell is not None and fell.value else GATED if refused else WARNED
    shown = [found.description] if found.description else [_shown(name, one) for name, one in found.metadata.items()]
    seen.findings.append(Finding(kind, asset, recipe, found.check_name, "; ".join(filter(None, shown))))


def _shown(name: str, metadata: dg.MetadataValue) -> str:
    """Return a number or a short text with its name, "" for what only the UI can show."""
    value = metadata.value
    if isinstance(value, float):
        return f"{name} {value:.3g}"
    return f"{name} {value}" if isinstance(value, int | str) and len(str(value)) <= 200 else ""


def _steps(written: Mapping[str, Any], state: str, before: Night | None) -> tuple[Step, ...]:
    former = {step.name: step.seconds for step in before.steps} if before else {}
    steps = []
    for name in written["steps"]:
        ended = written["outcomes"].get(name)
        if ended:
            tries = ended.get("tries", 1)
            steps.append(Step(name, ended["state"], ended["reason"], ended["seconds"], former.get(name), tries))
        else:
            open_state = {"done": "not reached", "failed": "FAILED"}.get(state, state)
            steps.append(
                Step(name, open_state if written.get("at") == name else "not reached", "", None, former.get(name))
            )
    return tuple(steps)


def _described(version: Any) -> str:
    return f"{version.get('recipe', '')} (version {version.get('version', '')})" if isinstance(version, Mapping) else ""


def _time(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="milliseconds")
