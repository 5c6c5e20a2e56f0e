import json
from pathlib import Path

import pyarrow as pa

from pipelines.answering.scoreboard.questions import load_questions
from pipelines.core.schemas import CHUNKS, ENTITIES, RELATIONS
from resources.tables.tables import TableStore
from tests.commands.process import graftline


def _graph(home: Path) -> None:
    tables = TableStore(home / "tables")
    entities = [
        {"entity_id": "e1", "name": "Fjell 2", "type": "PRODUCT", "chunk_ids": ["c1"]},
        {"entity_id": "e2", "name": "Halden", "type": "LOCATION", "chunk_ids": ["c1"]},
    ]
    relation = {"relation_id": "r1", "source_id": "e1", "target_id": "e2", "type": "STORED_AT", "chunk_ids": ["c1"]}
    tables.write("entities", pa.Table.from_pylist(entities, schema=ENTITIES))
    tables.write("relations", pa.Table.from_pylist([relation], schema=RELATIONS))
    chunk = {"chunk_id": "c1", "path": "a.md", "language": "en"}
    tables.write("chunks", pa.Table.from_pylist([chunk], schema=CHUNKS))


def test_the_file_is_one_that_the_scoreboard_reads_and_a_persons_file_is_left_alone(tmp_path: Path) -> None:
    _graph(tmp_path)
    result = graftline("questions", GRAFTLINE_HOME=str(tmp_path), GRAFTLINE_QUESTIONS=str(tmp_path / "q"))
    assert result.returncode == 0 and "2 questions (2 single-hop)" in result.stdout and "38 fewer" in result.stdout
    table, problems = load_questions(tmp_path / "q")
    assert not problems and set(table["origin"].to_pylist()) == {"generated"}
    assert "Where is Fjell 2 stored?" in table["question"].to_pylist()

    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps({"question": "mine"}), encoding="utf-8")
    refused = graftline("questions", "--out", str(own), GRAFTLINE_HOME=str(tmp_path))
    assert refused.returncode == 1 and "line 1" in refused.stderr and "mine" in own.read_text(encoding="utf-8")


def test_before_the_first_run_it_says_what_to_type(tmp_path: Path) -> None:
    result = graftline("questions", GRAFTLINE_HOME=str(tmp_path))
    assert result.returncode == 1 and "graftline run" in result.stderr and "Traceback" not in result.stderr
