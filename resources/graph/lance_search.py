"""Search in one Lance dataset: exact and approximate vectors, BM25 and conditions; its indexes and when to remake them.

Measured on 100,000 x 384 with questions as queries, two busy cores: comparing every row 440 ms; IVF with 8-bit numbers
and refining 9 ms, ten nearest found to 94 %, made in 6 s; HNSW 6 ms and 94 %, made in 120 s, too long for every night.
"""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.core.filters import Filters
from resources.graph.rows import best_rows

if TYPE_CHECKING:
    import lance

TERMS, FORMAT, DATE = "_terms", "_format", "_date"
"""Columns beside a row's own: its search terms, and for a chunk the format and date of its document."""

APPROXIMATE_FROM = 10_000
"""Rows from which vectors get an index: comparing fewer takes less than 50 ms, and is exact."""
_STALE = 0.2
_ROWS_A_PARTITION, _PROBED = 800, 40
_REFINE = 4
"""Candidates a hit that are compared again by their whole vectors."""


def condition(filters: Filters) -> str:
    """Return the filters as an SQL condition for Lance, "" for none; values are literals, their quotes doubled."""
    parts = [
        _among("language", filters.languages),
        " OR ".join(f"starts_with(concat(path, '/'), {sql_literal(path)})" for path in filters.paths),
        _among(FORMAT, filters.formats),
    ]
    if filters.section:
        parts.append(f"array_has(sections, {sql_literal(filters.section)})")
    if filters.since or filters.until:
        parts += [f"{DATE} <> ''", f"{DATE} >= {sql_literal(filters.since)}"]
    if filters.until:
        parts.append(f"left({DATE}, {len(filters.until)}) <= {sql_literal(filters.until)}")
    return " AND ".join(f"({part})" for part in parts if part)


def sql_literal(value: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(sql_literal, values))})" if values else ""


def nearest_rows(
    dataset: "lance.LanceDataset", key: str, vector: np.ndarray, k: int, filters: Filters, exact: bool
) -> list[tuple[str, float]]:
    """Return (id, cosine similarity) of the k nearest rows, best first.

    By the index where there is one, unless `exact` or so few rows pass the filters that comparing them is quicker: the
    partitions near the query may hold none of them.
    """
    where = condition(filters)
    few = bool(where) and dataset.count_rows(filter=where) < APPROXIMATE_FROM

    def fetch(count: int) -> list[tuple[str | None, float]]:
        query = {"column": "vector", "q": np.asarray(vector, np.float32), "k": count, "metric": "cosine"}
        if exact or few:
            query["use_index"] = False
        else:
            query |= {"refine_factor": _REFINE, "nprobes": _PROBED}
        found = dataset.to_table(
            columns=[key, "_distance"], nearest=query, filter=where or None, prefilter=bool(where)
        ).to_pydict()
        return [(row, 1 - distance) for row, distance in zip(found[key], found["_distance"], strict=True)]

    return best_rows(fetch, k)


def matching_rows(
    dataset: "lance.LanceDataset", key: str, terms: str, k: int, filters: Filters
) -> list[tuple[str, float]]:
    """Return (id, score) of the k best rows by BM25 over the terms."""
    from lance.query import MatchQuery

    where = condition(filters)

    def fetch(count: int) -> list[tuple[str | None, float]]:
        found = dataset.to_table(
            columns=[key, "_score"],
            full_text_query=MatchQuery(terms, TERMS),
            limit=count,
            filter=where or None,
            prefilter=bool(where),
        ).to_pydict()
        return list(zip(found[key], found["_score"], strict=True))

    return best_rows(fetch, k) if terms else []


def make_indexes(dataset: "lance.LanceDataset", key: str, approximate_from: int = APPROXIMATE_FROM) -> None:
    """Index the ids, the terms and, from `approximate_from` rows on, the vectors of a dataset that was written.

    The terms anew every time: an index that is only amended keeps counting deleted rows, and a delta run's scores
    would differ from a clean rebuild's. The vectors' index stays until a fifth of the rows is not in it: those are
    compared one by one, so that nothing is missed.
    """
    dataset.create_scalar_index(
        TERMS,
        "INVERTED",
        replace=True,
        base_tokenizer="whitespace",
        stem=True,
        remove_stop_words=True,
        ascii_folding=True,
        with_position=False,
    )
    rows = dataset.count_rows()
    made = [index for index in dataset.describe_indices() if index.field_names == ["vector"]]
    if rows < approximate_from:
        for index in made:
            dataset.drop_index(index.name)
        return
    dataset.create_scalar_index(key, "BTREE", replace=True)
    if not made or rows - made[0].num_rows_indexed > _STALE * rows:
        partitions = max(2, rows // _ROWS_A_PARTITION)
        dataset.create_index("vector", "IVF_SQ", metric="cosine", replace=True, num_partitions=partitions)
