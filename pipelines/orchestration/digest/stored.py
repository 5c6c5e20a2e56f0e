"""What a night left in the store, for its digest: gates that refuse, what models cost, files and rows not read."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from pipelines.core.protocols import StoredTable
from pipelines.measuring.gates import GateStore, standing_gate
from pipelines.orchestration.digest.record import STANDS, Cost, Finding, Rejected, of_recipe

SPENDING, LEDGERS = "model_spending", ("documents_ledger", "questions_ledger", "instruction_dataset_ledger")
_MOST_REJECTED = 500


class NightStore(GateStore, Protocol):
    """Tables and records by name; `resources.tables.tables.TableStore`."""

    def find(self, name: str) -> Any: ...

    def stored(self, name: str) -> StoredTable | None: ...

    def names(self, prefix: str = "") -> list[str]: ...


def standing_refusals(store: NightStore, judged: Collection[tuple[str, str]], notes: list[str]) -> list[Finding]:
    """Return the gates that refuse a version that stands, and that are not among those judged tonight."""
    found = []
    for name in store.names("gates/"):
        asset, _, recipe = name.removeprefix("gates/").partition("/")
        if (asset, recipe) in judged:
            continue
        try:
            gate = standing_gate(store, asset, recipe)
            reason = gate.refusal() if gate.version is not None else None
        except Exception as error:  # a record of another release
            notes.append(f"the gate of {of_recipe(asset, recipe)} cannot be read: {error}")
            continue
        if reason:
            found.append(Finding(STANDS, asset, recipe, "", reason))
    return found


def costs(store: NightStore, written: Mapping[str, Any], notes: list[str]) -> tuple[Cost, ...]:
    """Return what the night's assets spent on their language model, beside what was planned for each."""
    rows: Sequence[Mapping[str, Any]] = ()
    try:
        ledger = store.find(SPENDING)
        rows = [] if ledger is None else [row for row in ledger.to_pylist() if _within(row, written)]
    except Exception as error:
        notes.append(f"what the language model cost cannot be read: {error}")
    planned = {str(one["asset"]): one for one in written["planned"] if one["asset"] and "step" not in one}
    notes += [str(one["told"]) for one in written["planned"] if "error" in one]
    assets = list(dict.fromkeys([*(row["asset"] for row in rows), *planned]))
    return tuple(_cost(asset, [row for row in rows if row["asset"] == asset], planned.get(asset)) for asset in assets)


def _within(row: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
    time = datetime.fromisoformat(str(row["spending_id"]).partition(" ")[0])
    closed = written.get("closed")
    return datetime.fromisoformat(written["started"]) <= time and (not closed or time <= datetime.fromisoformat(closed))


def _cost(asset: str, rows: Sequence[Mapping[str, Any]], planned: Mapping[str, Any] | None) -> Cost:
    def summed(*names: str) -> Any:
        return sum(row[name] or 0 for row in rows for name in names)

    money = None if any(row["money"] is None for row in rows) or not rows else summed("money")
    plan = planned or {}
    tokens = plan["prompt_tokens"] + plan["completion_tokens"] if "prompt_tokens" in plan else None
    return Cost(
        asset,
        summed("calls"),
        summed("prompt_tokens", "completion_tokens"),
        money,
        summed("seconds"),
        summed("cached"),
        summed("not_sent"),
        plan.get("calls"),
        tokens,
        plan.get("money"),
    )


def rejected(store: NightStore, notes: list[str]) -> tuple[Rejected, ...]:
    """Return what could not be read of files and rows, and the documents whose chunks no extractor could read."""
    found: list[Rejected] = []
    for name in LEDGERS:
        try:
            ledger = store.find(name)
            rows = [] if ledger is None else ledger.to_pylist()
            bad = [row for row in rows if row.get("outcome", "rejected") == "rejected"]
        except Exception as error:
            notes.append(f"{name} cannot be read: {error}")
            continue
        label = name.removesuffix("_ledger")
        found += [
            Rejected(label, *(str("" if row.get(key) is None else row[key]) for key in ("file", "row", "found", "fix")))
            for row in bad
        ]
    try:
        found += _unread_by_extractor(store)
    except Exception as error:
        notes.append(f"which chunks no extractor could read is not known: {error}")
    if len(found) > _MOST_REJECTED:
        notes.append(f"{len(found) - _MOST_REJECTED} more rejected files and rows stand in the assets' ledgers")
    return tuple(found[:_MOST_REJECTED])


def _unread_by_extractor(store: NightStore) -> Iterator[Rejected]:
    """Yield the documents with chunks whose extraction failed, how many and why; the next night asks again."""
    extractions, documents = store.stored("extractions"), store.stored("documents")
    parts = extractions.batches(["document_id", "reason"], ("status", ["failed"])) if extractions else ()
    failed: dict[str, list[str]] = {}
    for row in (row for part in parts for row in part.to_pylist()):
        failed.setdefault(row["document_id"], []).append(row["reason"])
    known = documents.batches(["document_id", "path"], ("document_id", sorted(failed))) if documents and failed else ()
    paths = {row["document_id"]: row["path"] for part in known for row in part.to_pylist()}
    for document, reasons in sorted(failed.items(), key=lambda pair: paths.get(pair[0], pair[0])):
        told = f"the extraction of {len(reasons)} chunks failed: {'; '.join(dict.fromkeys(reasons))}"
        yield Rejected("extractions", paths.get(document, document), "", told, "nothing: the next night asks again")
