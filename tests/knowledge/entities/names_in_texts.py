"""Texts with marked names, [name|type|thing], as rows of EXTRACTIONS and CHUNKS."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from pipelines.core.schemas import EXTRACTIONS
from tests.knowledge.graph.graph_tables import chunk_table

FILE = Path(__file__).parent / "bilingual_names.yaml"
TYPES = {"P": "PERSON", "O": "ORGANIZATION", "L": "LOCATION", "D": "PRODUCT", "E": "EVENT", "C": "CONCEPT"}
_MARKED = re.compile(r"\[([^\[\]|]+)\|([A-Z])\|(\w+)\]")


def read_cases() -> list[dict[str, Any]]:
    """Return the cases of the bilingual test set."""
    found: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def marked(document: str, text: str, relations: Sequence[str] = ()) -> dict[str, Any]:
    """Return one document's row, its plain text under "text" and the thing of each mention under "thing"."""
    plain, mentions, last = "", [], 0
    for found in _MARKED.finditer(text):
        plain += text[last : found.start()]
        place = {"start": len(plain), "end": len(plain) + len(found[1])}
        mentions.append({"name": found[1], "type": TYPES[found[2]], **place, "thing": found[3]})
        plain, last = plain + found[1], found.end()
    plain += text[last:]
    said = [dict(zip(("source", "type", "target"), one.split(" > "), strict=True)) for one in relations]
    ends = {"start": 0, "end": len(plain), "evidence": plain, "weight": 1.0}
    return {"chunk_id": document, "document_id": document, "start": 0, "text": plain, "entities": mentions,
            "relations": [one | ends for one in said]}  # fmt: skip


def rows_of(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of all documents of some cases, as one corpus."""
    return [
        marked(path, text, (case.get("relations") or {}).get(path, ()))
        for case in cases
        for path, text in case["documents"].items()
    ]


def tables_of(
    documents: Mapping[str, str], relations: Mapping[str, Sequence[str]] | None = None
) -> tuple[pa.Table, pa.Table]:
    """Return EXTRACTIONS and CHUNKS of marked documents, one chunk each."""
    rows = [marked(path, text, (relations or {}).get(path, ())) for path, text in documents.items()]
    chunks = chunk_table({row["document_id"]: [row["text"]] for row in rows})
    ids = {row["path"]: row for row in chunks.to_pylist()}
    made = [
        {
            "chunk_id": ids[row["document_id"]]["chunk_id"], "document_id": ids[row["document_id"]]["document_id"],
            "start": 0, "extractor": "x", "status": "ok", "reason": "",
            "entities": [{k: v for k, v in one.items() if k != "thing"} for one in row["entities"]],
            "relations": row["relations"],
        }
        for row in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(made, EXTRACTIONS), chunks
