"""Content ids, digests and versions of code: no positions, no random ids, no clock."""

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

_ID_BYTES = 12
_ROOT = Path(__file__).resolve().parents[2]
ROW_DIGESTS = 1 << (8 * _ID_BYTES)
"""Sums of row digests are taken modulo this."""


def content_id(*parts: str | int) -> str:
    """Return 24 hex digits made of the parts; each is length-prefixed, so that ("ab", "c") differs from ("a", "bc")."""
    digest = hashlib.blake2b(digest_size=_ID_BYTES)
    for part in parts:
        raw = str(part).encode()
        digest.update(f"{len(raw)}:".encode())
        digest.update(raw)
    return digest.hexdigest()


def json_digest(value: Any) -> str:
    """Return the digest of a JSON-able value, whatever the order of its keys."""
    return content_id(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str))


def file_digest(path: Path) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_ID_BYTES)).hexdigest()


def table_digest(table: pa.Table) -> str:
    """Return the digest of a table's values and column names, whatever its chunks or buffers look like.

    Vectors (fixed-size lists of floats) are hashed as their bytes, all else as JSON.
    """
    digest = hashlib.blake2b(digest_size=_ID_BYTES)
    for name in sorted(table.column_names):
        column = table.column(name).combine_chunks()
        digest.update(name.encode())
        if pa.types.is_fixed_size_list(column.type) and column.null_count == 0:
            values = column.flatten() if len(column) else pa.array([], pa.float32())
            digest.update(np.ascontiguousarray(values.to_numpy(zero_copy_only=False)).tobytes())
        else:
            digest.update(json.dumps(column.to_pylist(), ensure_ascii=False, default=str).encode())
    return digest.hexdigest()


def row_digests(table: pa.Table) -> list[int]:
    """Return one number below 2**96 a row, made of its values by column name; vectors count as their bytes."""
    vectors = [field.name for field in table.schema if pa.types.is_fixed_size_list(field.type)]
    plain = table.drop_columns(vectors).to_pylist()
    columns = [table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False) for name in vectors]
    matrices = [np.ascontiguousarray(column).reshape(table.num_rows, -1) for column in columns]
    found = []
    for number, row in enumerate(plain):
        digest = hashlib.blake2b(json.dumps(row, sort_keys=True, ensure_ascii=False).encode(), digest_size=_ID_BYTES)
        for matrix in matrices:
            digest.update(matrix[number].tobytes())
        found.append(int.from_bytes(digest.digest(), "big"))
    return found


def rows_digest(schema: pa.Schema, rows: int, total: int) -> str:
    """Return the digest of a set of rows from the sum of their `row_digests`: in any order, amended without reading."""
    columns = sorted(f"{field.name}:{field.type}" for field in schema)
    return content_id("rows", *columns, rows, total % ROW_DIGESTS)


def source_files(folder: Path, root: Path = _ROOT) -> list[Path]:
    """Return every Python file of `folder` and, from file to file, what they import from below `root`; sorted."""
    found: set[Path] = set()
    left = sorted(folder.glob("*.py"))
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += _imported(path, root)
    return sorted(path for path in found if path.name != "__init__.py")


def code_version(folder: Path, *others: str, root: Path = _ROOT) -> str:
    """Return 12 hex digits of the folder's `source_files` and of `others`, such as versions of packages."""
    files = source_files(folder, root)
    return content_id(*(f"{path.relative_to(root)} {file_digest(path)}" for path in files), *others)[:12]


def _imported(path: Path, root: Path) -> list[Path]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    paths = (root.joinpath(*name.split(".")).with_suffix(".py") for name in names)
    return [found for found in paths if found.is_file()]
