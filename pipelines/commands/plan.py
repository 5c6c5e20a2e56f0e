"""`graftline plan`: what the next run would do; it reads only files whose size or time changed."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.commands.command import Command
from pipelines.core.errors import ConfigurationError

if TYPE_CHECKING:
    from pipelines.core.protocols import Embedder
    from resources.settings import Settings
    from resources.tables.tables import TableStore

_SHOWN = 20
_REASON_LENGTH = 120
_KINDS = ("new", "changed", "renamed", "gone", "rejected", "unread", "same")


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(as_json: bool) -> int:
    """List what the next run would do with documents and recipes, and what it would cost; changes nothing."""
    from resources.settings import Settings

    found = plan_of(Settings.load())
    print(json.dumps(found, ensure_ascii=False) if as_json else plan_text(found))
    return 0


def plan_of(settings: "Settings") -> dict[str, Any]:
    """Return {"counts": by kind, and by kind the paths, "reasons": by path, "settings": lines, "cost", "work": rows}.

    Nothing is written.

    `renamed` are {"from", "to"}; "rejected" are the files that the last run could not read and that are as they were,
    or that are no documents; "unread" are those that could not be looked at, whose documents stay as they are.
    "settings" say what is made anew, or refused, because a setting is another one. "cost" tells, of a language model
    that was chosen, what each asset would ask it for; "work" what each recipe would train and generate.
    """
    from assets.planning.planned import planned_costs
    from assets.planning.training import planned_work
    from pipelines.knowledge.documents.document_changes import indexed_versions
    from pipelines.knowledge.documents.manifest import plan_reading, scan
    from pipelines.knowledge.documents.sources import list_files
    from resources.tables.tables import TableStore

    tables = TableStore(settings.home / "tables")
    listing = list_files(settings.documents, settings.documents_cache)
    states = scan(listing.files, tables.find("documents_manifest"), time.time_ns())
    found = plan_reading(states, indexed_versions(tables.amendable("documents")), settings.limits, listing.problems)
    paths: dict[str, list[Any]] = {kind: list(getattr(found, kind)) for kind in _KINDS}
    paths["renamed"] = [{"from": old, "to": new} for old, new in found.renamed]
    return {
        "counts": {kind: len(paths[kind]) for kind in _KINDS},
        **paths,
        "reasons": {path: problem.found for path, problem in sorted(found.problems.items())},
        "settings": list(_by_settings(settings, tables)),
        "cost": planned_costs(settings, tables) if _is_here(settings) else [],
        "work": planned_work(settings, tables),
    }


def plan_text(found: dict[str, Any]) -> str:
    """Return the plan for a person: a line a path, the first of each kind, the counts, and what settings do."""
    marks = {"new": "+", "changed": "~", "renamed": ">", "gone": "-", "rejected": "!", "unread": "!"}
    lines = []
    for kind, mark in marks.items():
        lines += [f"{mark} {_line(kind, path, found['reasons'])}" for path in found[kind][:_SHOWN]]
        if len(found[kind]) > _SHOWN:
            lines.append(f"{mark} … and {len(found[kind]) - _SHOWN} more {kind}")
    counts = ", ".join(f"{count} {kind}" for kind, count in found["counts"].items())
    return "\n".join([*lines, counts, *found["settings"], *(one["told"] for one in (*found["cost"], *found["work"]))])


def _line(kind: str, path: Any, reasons: dict[str, str]) -> str:
    if kind == "renamed":
        return f"{path['from']} -> {path['to']}"
    if path not in reasons:
        return str(path)
    reason = reasons[path].splitlines()[0] if reasons[path] else "unknown"
    short = reason if len(reason) <= _REASON_LENGTH else f"{reason[:_REASON_LENGTH]}…"
    return f"{path}: {'kept as it was, ' if kind == 'unread' else ''}{short}"


def _by_settings(settings: "Settings", tables: "TableStore") -> Iterator[str]:
    """Yield what the next run makes anew, or refuses, because of a setting, a line each. No model is loaded."""
    from pipelines.core.embedders import refuse_other_model, stored_model
    from resources.embedding.embedders import open_embedder

    stored = stored_model(tables.amendable("chunk_embeddings"))
    try:
        if _is_here(settings):
            embedder = open_embedder(settings)
            yield from _cut_again(settings, tables, embedder)
            refuse_other_model(stored, embedder)
        else:
            yield from _fetched(settings.embedding_model, stored)
    except ConfigurationError as error:
        yield f"the next run is refused: {error}"
    yield from _read_again(settings, tables)


def _is_here(settings: "Settings") -> bool:
    """Say whether the embedding model's name and tokenizer are known without fetching anything."""
    from resources.embedding.model_files import PACKAGED
    from resources.models.llamaindex import PREFIX

    model = settings.embedding_model
    elsewhere = settings.embedding_base_url or model.startswith(PREFIX)
    if model in ("", *PACKAGED) or elsewhere or Path(model).expanduser().is_dir():
        return True
    from huggingface_hub import try_to_load_from_cache

    caches = (None, settings.home / "models" / "hub")
    return any(isinstance(try_to_load_from_cache(model, "config.json", cache_dir=cache), str) for cache in caches)


def _cut_again(settings: "Settings", tables: "TableStore", embedder: "Embedder") -> Iterator[str]:
    """Yield a line where no document's chunks are those of these settings."""
    from pipelines.knowledge.chunks.chunk_changes import chunk_changes

    documents, chunks = tables.amendable("documents"), tables.amendable("chunks")
    if documents is None or chunks is None:
        return
    stale = set(chunk_changes(documents, chunks, settings.chunking, embedder).drop)
    cut = {key for table in chunks.batches(["document_id"]) for key in table["document_id"].to_pylist()}
    if cut and cut == stale:
        yield (
            f"the next run cuts all {len(cut)} indexed documents again, and embeds what is new of it: another "
            "GRAFTLINE_CHUNKER, GRAFTLINE_CHUNK_TOKENS, GRAFTLINE_CHUNK_HEADERS or tokenizer than in the last run"
        )


def _fetched(model: str, stored: str) -> Iterator[str]:
    """Yield what becomes of a model that is not on this machine, so that its revision is not known."""
    yield f"the next run fetches EMBEDDING_MODEL={model}, which is not on this machine"
    if stored and stored.split("@")[0] != Path(model).name:
        yield f"the next run is refused without --reembed: the stored vectors are those of {stored}"


def _read_again(settings: "Settings", tables: "TableStore") -> Iterator[str]:
    """Yield a line where entities were found by another extractor."""
    from pipelines.knowledge.extraction.extractors import is_by

    stored = tables.stored("extractions")
    found = {
        name for part in (stored.batches(["extractor"]) if stored else ()) for name in part["extractor"].to_pylist()
    }
    if found and not any(is_by(settings.extractor, name) for name in found):
        former = ", ".join(sorted(found))
        yield f"the next run extracts from all chunks again: another GRAFTLINE_EXTRACTOR than {former}"
