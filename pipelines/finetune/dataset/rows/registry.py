"""Which files hold which dataset: LLaMA-Factory's `dataset_info.json` where there is one, else each file by itself."""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.core.identity import json_digest
from pipelines.core.inputs.as_of import arrived_later, is_there, text_of
from pipelines.finetune.dataset.rows.files import ENDINGS, bare_name, ending_of
from pipelines.finetune.dataset.rows.hub import HubDataset, fetch_dataset
from pipelines.finetune.dataset.rows.measures import REGISTRY, entry_measures
from pipelines.finetune.dataset.rows.shapes import Shape
from pipelines.text.nearest import nearest_name

FEEDBACK = "feedback"
"""The dataset of rows that are made of feedback."""
_ABOUT = ("README", "LICENSE", "LICENCE", "NOTICE", "CITATION")
_NO_ROWS = (".md", ".rst", ".py", ".pyc", ".lock")
_MANY = 3
_MEDIA = ("images", "videos", "audios")
_ELSEWHERE = {
    "ms_hub_url": "ModelScope", "om_hub_url": "Openmind", "script_url": "a script", "cloud_file_name": "a cloud",
}  # fmt: skip
_COLUMNS = ("prompt", "query", "response", "history", "messages", "system", "tools", "chosen", "rejected")
_KEYS = (
    "file_name", "hf_hub_url", *_ELSEWHERE, "formatting", "ranking", "subset", "split", "folder", "num_samples",
    "columns", "tags", "metrics", "task",
)  # fmt: skip
_NEAR = 0.7
_TAGS = ("role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag")


@dataclass(frozen=True)
class Source:
    """One file of a dataset; `shape` None: each row tells its own; `flaw`: why none of its rows can be used."""

    dataset: str
    name: str
    path: Path
    shape: Shape | None = None
    num_samples: int | None = None
    flaw: str = ""

    def spec(self) -> str:
        """Return the digest of all that decides how a row is read, besides the row."""
        return json_digest([self.dataset, asdict(self.shape) if self.shape else None, self.flaw])


@dataclass(frozen=True)
class Note:
    """A registered dataset that is not here, and why; no error, since registries list more than a folder holds."""

    dataset: str
    reason: str


def feedback_source(path: Path) -> Source:
    """Return the source of what people said of answers: named by its whole path, as no file of a folder is."""
    return Source(FEEDBACK, path.absolute().as_posix(), path)


def find_sources(
    folder: Path, wanted: Collection[str] = (), cache: Path | None = None
) -> tuple[list[Source], list[Note]]:
    """Return the files below `folder` in order of name, and the registered datasets that are not here.

    An entry with `hf_hub_url` is loaded where `wanted` (the recipes' `dataset`) names it or its path lies in the
    folder, and kept below `cache`. InputError where the folder holds nothing, or its registry is broken.
    """
    registered, notes = _registered(folder, wanted, cache)
    named = {source.path for source in registered}
    others = [path for path in _files(folder) if path not in named]
    free = [
        Source(bare_name(path.relative_to(folder)), path.relative_to(folder).as_posix(), path)
        for path in others
        if ending_of(path)
    ]
    sources = sorted([*registered, *free], key=lambda source: (source.name, source.dataset))
    if not sources:
        found = "no file of rows" if folder.is_dir() else "no such folder"
        raise InputError(
            str(folder),
            found,
            f"a folder with instruction files ({', '.join(ENDINGS)})",
            "set GRAFTLINE_INSTRUCTIONS to the folder that holds them",
        )
    return sources, [*notes, *_unread([path.relative_to(folder) for path in others if not ending_of(path)], notes)]


def _files(folder: Path) -> list[Path]:
    """Return the files below the folder that may hold rows, in order: hidden ones and the registry don't."""
    every = sorted(folder.rglob("*")) if folder.is_dir() else []
    return [
        path
        for path in every
        if path.is_file()
        and not arrived_later(path)
        and path != folder / REGISTRY
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _unread(paths: list[Path], told: list[Note]) -> list[Note]:
    """Return a note for each file of another ending; one for all of a folder's where they are many (pictures, say)."""
    known = " ".join(note.reason for note in told)
    groups: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in paths:
        if path.stem.upper() not in _ABOUT and path.suffix.lower() not in _NO_ROWS and path.as_posix() not in known:
            groups[path.parent, path.suffix].append(path)
    reason = f"not read: the ending is none of {', '.join(ENDINGS)}"
    notes = []
    for (parent, suffix), group in groups.items():
        many = len(group) > _MANY
        names = [f"{len(group)} files {(parent / f'*{suffix}').as_posix()}"] if many else [p.as_posix() for p in group]
        notes += [Note(name, reason) for name in names]
    return notes


def _registered(folder: Path, wanted: Collection[str], cache: Path | None) -> tuple[list[Source], list[Note]]:
    path = folder / REGISTRY
    if not is_there(path):
        return [], []
    try:
        entries = json.loads(text_of(path))
    except ValueError as error:
        raise InputError(str(path), f"invalid JSON: {error}", "an object of datasets", f"correct {path}") from None
    if not isinstance(entries, dict):
        raise InputError(str(path), "JSON that is not an object", "an object of datasets", f"correct {path}")
    sources: list[Source] = []
    notes: list[Note] = []
    for dataset, entry in entries.items():
        if isinstance(entry, dict):
            entry_measures(path, dataset, entry)  # a wrong name is told before a training, not after it
        found = _entry(folder, dataset, entry, dataset in wanted, cache)
        if isinstance(found, Note):
            notes.append(found)
        else:
            sources += found
    return sources, notes


def _entry(folder: Path, dataset: str, entry: Any, wanted: bool, cache: Path | None) -> list[Source] | Note:
    if not isinstance(entry, dict):
        return Note(dataset, "not an object")
    try:
        shape, flaw = _shape(entry)
    except ValueError as error:
        return Note(dataset, str(error))
    if "hf_hub_url" in entry:
        hub = HubDataset(
            entry["hf_hub_url"], entry.get("subset"), entry.get("split") or "train", entry.get("folder"), folder
        )
        if flaw or not (wanted or hub.is_local) or cache is None:
            return Note(dataset, flaw or "on the hub: name it as a recipe's `dataset` to load it")
        rows = fetch_dataset(hub, cache)
        if isinstance(rows, str):
            return Note(dataset, rows)
        return [Source(dataset, f"{dataset} ({hub.url})", rows, shape, entry.get("num_samples"))]
    if not isinstance(entry.get("file_name"), str):
        place = next((name for key, name in _ELSEWHERE.items() if key in entry), "nowhere")
        return Note(dataset, f"kept in {place}: give it a file_name or an hf_hub_url")
    path = folder / entry["file_name"]
    files = [
        file for file in (sorted(path.iterdir()) if path.is_dir() else [path]) if file.is_file() and ending_of(file)
    ]
    if not files:
        missing = "is not in the folder" if not path.exists() else f"is no file of rows ({', '.join(ENDINGS)})"
        return Note(dataset, f"{entry['file_name']} {missing}")
    return [Source(dataset, _name(file, folder), file, shape, entry.get("num_samples"), flaw) for file in files]


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()


def _shape(entry: dict[str, Any]) -> tuple[Shape, str]:
    formatting = entry.get("formatting") or "alpaca"
    if formatting not in ("alpaca", "sharegpt", "openai"):
        raise ValueError(f"formatting {formatting!r}, which is none of alpaca, sharegpt and openai")
    columns, tags = entry.get("columns"), entry.get("tags")
    chosen: dict[str, Any] = {"formatting": formatting, "ranking": bool(entry.get("ranking"))}
    if isinstance(columns, dict):  # as in LLaMA-Factory: columns that are not named then have no default either
        chosen |= {name: columns.get(name) for name in _COLUMNS}
    if isinstance(tags, dict):
        chosen |= {name: tags.get(name) for name in _TAGS}
        defaults = {field.name: field.default for field in fields(Shape)}
        chosen |= {name: chosen[name] or defaults[name] for name in ("role_tag", "content_tag")}
    for given, known, place in (
        (entry, _KEYS, "the entry"), (columns, (*_COLUMNS, *_MEDIA, "kto_tag"), "columns"), (tags, _TAGS, "tags"),
    ):  # fmt: skip
        keys = list(given) if isinstance(given, dict) else []
        for key in keys:
            near = None if key in known else nearest_name(str(key), known, _NEAR)
            if near and near not in keys:
                return Shape(**chosen), f"'{key}' in {place} of {REGISTRY}, which nothing reads: write '{near}'"
    named = columns if isinstance(columns, dict) else {}
    media = [name for name in _MEDIA if named.get(name)]
    if media:
        return Shape(**chosen), f"{' and '.join(media)}, which a text model doesn't take"
    if named.get("kto_tag"):
        return Shape(**chosen), "KTO labels, for which there is no training here: make pairs of chosen and rejected"
    return Shape(**chosen), ""
