"""Parquet and Arrow pad structs with other rows' keys: those nulls are no data, and reach neither prompt nor answer."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.finetune.dataset.example_rows import read, write


def called(name: str, parameters: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a conversation of one call whose tool and arguments are structs, not JSON text."""
    about = {"type": "object", "properties": parameters, "required": [*parameters]}
    return {
        "messages": [
            {"role": "user", "content": f"Ask {name}, please."},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": name, "arguments": arguments}}]},
            {"role": "tool", "content": f"{name} says yes."},
            {"role": "assistant", "content": f"Yes, says {name}."},
        ],
        "tools": [
            {"type": "function", "function": {"name": name, "description": f"Asks {name}.", "parameters": about}}
        ],
    }


ROWS = [
    called("tide", {"harbour": {"type": "string"}}, {"harbour": "Bergen"}),
    called("price", {"item": {"type": "string", "enum": ["tent", None]}}, {"item": "tent", "sizes": [1, None]}),
    called("clock", {}, {}),
]


def write_columns(folder: Path, table: pa.Table, way: str) -> None:
    if way == "parquet":
        pq.write_table(table, folder / "rows.parquet")
    else:
        new = pa.ipc.new_stream if way == "arrow" else pa.ipc.new_file
        with new(str(folder / "rows.arrow"), table.schema) as stream:
            stream.write_table(table)


@pytest.mark.parametrize("way", ["parquet", "arrow", "ipc file"])
def test_columns_hold_the_same_tools_and_calls_as_json_lines(tmp_path: Path, way: str):
    for folder in (tmp_path / "columns", tmp_path / "lines"):
        folder.mkdir()
    write_columns(tmp_path / "columns", pa.Table.from_pylist(ROWS), way)
    write(tmp_path / "lines", "rows.jsonl", ROWS)
    columns, lines = read(tmp_path / "columns"), read(tmp_path / "lines")
    assert not columns.problems and len(columns.rows) == 3
    assert [row["messages"] for row in columns.rows] == [row["messages"] for row in lines.rows]
    assert [row["row_id"] for row in columns.rows] == [row["row_id"] for row in lines.rows]
    assert [json.loads(row["tools"]) for row in columns.rows] == [json.loads(row["tools"]) for row in lines.rows]
    said = columns.rows[1]["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(said) == {"item": "tent", "sizes": [1, None]}  # a null in a list was written there


def test_arguments_of_a_map_are_an_object(tmp_path: Path):
    call = pa.struct([("name", pa.string()), ("arguments", pa.map_(pa.string(), pa.string()))])
    turn = pa.struct([("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.list_(call))])
    row = called("tide", {}, {})["messages"]
    row[1]["tool_calls"] = [{"name": "tide", "arguments": [("harbour", "Bergen")]}]
    pq.write_table(pa.table({"messages": pa.array([row], pa.list_(turn))}), tmp_path / "rows.parquet")
    (made,) = read(tmp_path).rows
    assert json.loads(made["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {"harbour": "Bergen"}


def test_a_number_that_pandas_padded_is_no_source(tmp_path: Path):
    rows = [
        {"instruction": f"Number {n}?", "output": f"It is {n}.", "source": float("nan") if n else 7.0} for n in (0, 1)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert [row["source"] == "nan" for row in read(tmp_path).rows] == [False, False]


def test_tools_in_a_list_of_json_texts_are_read(tmp_path: Path):
    row = ROWS[0] | {"tools": [json.dumps(tool) for tool in ROWS[0]["tools"]]}
    write(tmp_path, "rows.jsonl", [row])
    (made,) = read(tmp_path).rows
    assert json.loads(made["tools"]) == ROWS[0]["tools"]
