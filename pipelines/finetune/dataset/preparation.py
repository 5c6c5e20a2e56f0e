"""From a folder of instruction files to the dataset's record: read, compared, split and stored, changes only."""

import json
import logging
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.files import beside, write_atomically
from pipelines.core.identity import content_id, file_digest, json_digest
from pipelines.finetune.dataset.duplicates import (
    Compared,
    duplicates,
    find_duplicates,
    good_places,
    linked_pairs,
    number_column,
)
from pipelines.finetune.dataset.leakage import asked_again
from pipelines.finetune.dataset.ledger import (
    bad_by_dataset,
    counts_of,
    encoding_notes,
    held_out_feedback_note,
    ledger_of,
    near_duplicates_note,
    nothing_used_error,
    rejected_share,
    unused_datasets,
)
from pipelines.finetune.dataset.rows.reading import Earlier, FileRows, read_rows
from pipelines.finetune.dataset.rows.registry import Note, Source, feedback_source, find_sources
from pipelines.finetune.dataset.split import SplitSettings, split_rows
from pipelines.finetune.dataset.stored import is_complete, store_dataset
from pipelines.text.near_pairs import NearPairs

log = logging.getLogger("graftline")

CODE_VERSION = "8"
"""Raise it when rows are read, repaired, compared or split in another way: nothing of before is used then."""
_STATE = "state.json"
_REJECTED = "rejected.jsonl"
_PAIRS = pa.schema([("what", pa.string()), ("one", pa.uint64()), ("other", pa.uint64()), ("similarity", pa.float64())])


@dataclass(frozen=True)
class _Inputs:
    """The files of a dataset by digest, and what was made of them before."""

    sources: list[Source]
    notes: list[Note]
    given: Source | None
    content: dict[Path, str]
    code: str
    key: str
    place: Path
    state: dict[str, Any] | None

    @property
    def unchanged(self) -> bool:
        state = self.state
        return state is not None and state["key"] == self.key and is_complete(Path(state["record"]["path"]))


def _inputs(
    folder: Path, home: Path, settings: SplitSettings, wanted: Collection[str], feedback: Path | None
) -> _Inputs:
    sources, notes = find_sources(folder, wanted, home / "cache" / "hub")
    given = feedback_source(feedback) if feedback is not None else None
    # Last: of two equal rows the one of the folder stays.
    sources += [given] if given is not None else []
    content = {path: file_digest(path) for path in {source.path for source in sources}}
    code = json_digest([CODE_VERSION, settings.model_dump()])
    told = [(source.name, source.spec(), source.num_samples, content[source.path]) for source in sources]
    key = json_digest([code, told, [asdict(note) for note in notes]])
    place = home / "cache" / "rows" / content_id(str(folder.absolute()))
    return _Inputs(sources, notes, given, content, code, key, place, _state(place, code))


def is_prepared(folder: Path, home: Path, wanted: Collection[str] = (), feedback: Path | None = None) -> bool:
    """Say whether the files are those that `prepare` made its dataset of the last time; nothing is read or written."""
    return _inputs(folder, home, SplitSettings(), wanted, feedback).unchanged


def prepare(
    folder: Path,
    home: Path,
    settings: SplitSettings | None = None,
    wanted: Collection[str] = (),
    counted: Collection[str] | None = None,
    feedback: Path | None = None,
) -> dict[str, Any]:
    """Return the record of the dataset that the files below `folder` make; what did not change is not done again.

    `wanted`: names of registered datasets on the hub that are to be loaded; `counted`: of those whose rejected rows
    make rejected_share, None for all; `feedback`: a file of rows made of feedback, none of which is held out, and none
    is trained on where it asks what is.

    Besides `dataset.store`'s, the record holds kept, repaired and rejected (rows,
    by reason), repaired_rows, bad_rows (by dataset: bad, all), rejected_share, near_duplicate_share, rows_read (anew),
    absent (datasets and files of which no row is used, and why), notes (what else to know) and ledger (path; see
    `read_ledger`).
    InputError with the reasons where no row can be used.
    """
    settings = settings or SplitSettings()
    found = _inputs(folder, home, settings, wanted, feedback)
    sources, notes, content, place, state = found.sources, found.notes, found.content, found.place, found.state
    given, code, key = found.given, found.code, found.key
    if state and found.unchanged:
        return _noted(state["record"], counted)
    earlier, before = _earlier(place, state)
    rows, files, fresh = read_rows(((source, content[source.path]) for source in sources), earlier, settings.salt)
    good = good_places(rows)
    compared = find_duplicates(rows, good, settings.similarity, before)
    repeated = duplicates(rows, good, compared, settings.similarity)
    kept = np.setdiff1d(good, np.array([duplicate.place for duplicate in repeated], dtype=np.int64))
    ledger = ledger_of(rows, repeated)
    if not len(kept):
        raise nothing_used_error(folder, ledger, _list_rejected(place, ledger))
    index = np.full(rows.num_rows, -1)
    index[kept] = np.arange(len(kept))
    pairs = [(index[one], index[other]) for one, other in linked_pairs(rows, kept, compared)]
    own = np.zeros(len(kept), dtype=bool)
    if given is not None:
        own = pc.equal(rows["file"], given.name).to_numpy(zero_copy_only=False)[kept]
    held, note = split_rows(number_column(rows, "place")[kept], pairs, settings, own)
    aside = _asking_what_is_held_out(rows, kept, held, own, pairs)
    if aside:
        stays = ~np.isin(kept, np.array(list(aside)))
        kept, held, ledger = kept[stays], held[stays], ledger_of(rows, repeated, aside)
    record = store_dataset(rows, kept, held, home) | counts_of(rows.num_rows, ledger)
    absent = unused_datasets(rows, kept, aside) | {each.dataset: each.reason for each in notes}
    noted = [*filter(None, (note, near_duplicates_note(record), held_out_feedback_note(record))), *encoding_notes(rows)]
    record |= {"absent": absent, "notes": noted}
    record |= {"bad_rows": bad_by_dataset(rows), "rows_read": fresh, "ledger": str(place / f"ledger-{key}.arrow")}
    _keep(place, key, {"code": code, "files": {n: asdict(f) for n, f in files.items()}, "record": record}, rows,
          compared, ledger)  # fmt: skip
    log.info("read %d of %d rows anew: %d of them are used", fresh, rows.num_rows, len(kept))
    return _noted(record, counted)


def _asking_what_is_held_out(
    rows: pa.Table, kept: np.ndarray, held: np.ndarray, own: np.ndarray, pairs: list[tuple[int, int]]
) -> dict[int, int]:
    """Return {place of a row of `own`: place of the held-out row whose question it asks}; pairs index `kept`.

    By the links that the split keeps together, and as the leakage audit compares: its gate finds none of them again.
    """
    if not own.any() or not held.any():
        return {}
    ends = [(one, other) for pair in pairs for one, other in (pair, pair[::-1]) if own[one] and held[other]]
    found = {int(kept[one]): int(kept[other]) for one, other in reversed(ends)}
    given, asked = kept[own], kept[held]
    messages = [rows["messages"].take(pa.array(places)).to_pylist() for places in (given, asked)]
    return {int(given[one]): int(asked[other]) for one, other in asked_again(*messages).items()} | found


def read_ledger(record: dict[str, Any]) -> pa.Table:
    """Return the rows that were repaired or rejected, each with its reason (`row_ledger.ROW_LEDGER`)."""
    return _read(Path(record["ledger"]))


def place_of_row(ledger: Path, row_id: str) -> str:
    """Return "FILE, row N" of a row by its id, from what `prepare` keeps beside the ledger; its id where it is gone."""
    path = ledger.with_name(ledger.name.replace("ledger-", "rows-", 1))
    if path.exists():
        rows = _read(path)
        place = pc.index(rows["row_id"], row_id).as_py()
        if place >= 0:
            return f"{rows['file'][place].as_py()}, row {rows['row'][place].as_py()}"
    return f"row {row_id}"


def _noted(record: dict[str, Any], counted: Collection[str] | None) -> dict[str, Any]:
    """Return the record with the share that hangs on what recipes name, which is no part of what is kept."""
    share, note = rejected_share(record["bad_rows"], counted)
    record = record | {"rejected_share": share, "notes": [*record["notes"], *([note] if note else [])]}
    for note in record["notes"]:
        log.warning("%s", note)
    return record


def _list_rejected(place: Path, ledger: pa.Table) -> Path:
    """Write the ledger for a person to read, where nothing else will be kept; return its path."""
    place.mkdir(parents=True, exist_ok=True)
    path = place / _REJECTED
    lines = (json.dumps(row, ensure_ascii=False) for row in ledger.to_pylist())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _state(place: Path, code: str) -> dict[str, Any] | None:
    path = place / _STATE
    state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    if state is None or state["code"] != code:
        return None
    whole = all((place / f"{name}-{state['key']}.arrow").exists() for name in ("rows", "pairs", "ledger"))
    return state if whole else None


def _earlier(place: Path, state: dict[str, Any] | None) -> tuple[Earlier, Compared | None]:
    if state is None:
        return Earlier(), None
    rows = _read(place / f"rows-{state['key']}.arrow")
    pairs: dict[str, dict[tuple[int, int], float]] = {"text": {}, "question": {}}
    for pair in _read(place / f"pairs-{state['key']}.arrow").to_pylist():
        pairs[pair["what"]][pair["one"], pair["other"]] = pair["similarity"]
    good = good_places(rows)
    keys = [number_column(rows, name)[good] for name in ("text_key", "question_key")]
    files = {name: FileRows(**file) for name, file in state["files"].items()}
    texts, questions = (
        NearPairs(pairs[what], known, crowds=state["crowds"][what])
        for what, known in zip(("text", "question"), keys, strict=True)
    )
    return Earlier(rows, files), Compared(texts, questions)


def _keep(place: Path, key: str, state: dict[str, Any], rows: pa.Table, compared: Compared, ledger: pa.Table) -> None:
    """Write the tables beside the earlier ones, then switch by the state file, then drop the earlier ones."""
    named = {"text": compared.texts.pairs, "question": compared.questions.pairs}
    state |= {"crowds": {"text": compared.texts.crowds, "question": compared.questions.crowds}}
    pairs = [
        {"what": what, "one": one, "other": other, "similarity": value}
        for what, found in named.items() for (one, other), value in sorted(found.items())
    ]  # fmt: skip
    for name, table in (("rows", rows), ("pairs", pa.Table.from_pylist(pairs, _PAIRS)), ("ledger", ledger)):
        with (
            beside(place / f"{name}-{key}.arrow") as new,
            pa.OSFile(str(new), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)
    write_atomically(place / _STATE, json.dumps({"key": key, **state}, ensure_ascii=False))
    (place / _REJECTED).unlink(missing_ok=True)
    for path in place.iterdir():
        if path.suffix == ".arrow" and not path.stem.endswith(key):
            path.unlink()


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
