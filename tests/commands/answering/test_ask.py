from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.knowledge.vectors.embedding import vector_table
from pipelines.opening import Models, answerer_over
from resources.settings import Settings
from resources.tables.tables import TableStore
from tests.answering.world import build_store
from tests.commands.process import graftline
from tests.fakes import FakeEmbedder, FakeLanguageModel


def test_asking_before_the_first_run_says_what_to_type(tmp_path: Path):
    result = graftline("ask", "How long can I return a tent?", GRAFTLINE_HOME=str(tmp_path))
    assert result.returncode == 1
    assert "graftline run" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("chunks", "command"),
    [("fake-embedder@1", "graftline run --select knowledge_graph"), ("old@1", "graftline run --reembed")],
)
def test_a_graph_of_another_model_is_made_anew_by_the_shortest_command(tmp_path: Path, chunks: str, command: str):
    embedder, tables = FakeEmbedder(), TableStore(tmp_path / "tables")
    vectors = vector_table("chunk_id", {"c1": embedder.embed(["tent"])[0]}, embedder)
    tables.write("chunk_embeddings", vectors.set_column(1, "model", pa.array([chunks])))
    settings = Settings.load({"GRAFTLINE_HOME": str(tmp_path)})
    models = Models(embedder, FakeLanguageModel(), None)
    answerer_over(settings, build_store(), models).close()
    tables.write_record("knowledge_graph", {"embedder": "old@1"}, "x")
    with pytest.raises(ConfigurationError, match=f"Next: .*{command}$"):
        answerer_over(settings, build_store(), models)


def test_a_wrong_filter_is_one_line_before_anything_is_loaded(tmp_path: Path):
    result = graftline("ask", "Boots?", "--since", "2024/05/01", GRAFTLINE_HOME=str(tmp_path))
    assert result.returncode == 1 and result.stderr.strip().endswith("Next: --since 2024-05-01")
    assert len(result.stderr.splitlines()) == 1
