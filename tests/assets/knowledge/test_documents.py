from pathlib import Path

import dagster as dg
import pytest

from assets.inputs import input_folders
from assets.knowledge import documents as module
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.assets.gates_and_levels import refusals
from tests.fakes import FakeEmbedder

ASSETS = [module.documents, module.chunks, module.chunk_embeddings]
CHECKS = [
    module.documents_rejected_share,
    module.chunk_spans_are_exact,
    module.chunk_embeddings_are_complete,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("tents", "boots", "lamps"):
        (folder / f"{name}.md").write_text(f"# {name}\n\nWe sell {name} in Oslo. The {name} are guaranteed.\n")
    return folder


def run(tmp_path: Path, embedder: FakeEmbedder, **values: str) -> dg.ExecuteInProcessResult:
    tables = TableStore(tmp_path / "tables")
    resources = {
        "io_manager": TableIOManager(tables),
        "settings": Settings(GRAFTLINE_HOME=str(tmp_path), GRAFTLINE_DOCUMENTS=str(tmp_path / "documents"), **values),
        "tables": tables,
        "embedder": embedder,
    }
    return dg.materialize([*input_folders, *ASSETS, *CHECKS], resources=resources, raise_on_error=False)


def metadata(result: dg.ExecuteInProcessResult, name: str) -> dict:
    (event,) = result.asset_materializations_for_node(name)
    return {key: value.value for key, value in event.metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def test_a_folder_becomes_documents_chunks_and_vectors_with_passing_checks(tmp_path: Path, folder: Path):
    result = run(tmp_path, FakeEmbedder())
    assert result.success and checks(result) == {check: True for check in checks(result)} and len(checks(result)) == 3
    assert set(refusals(TableStore(tmp_path / "tables"), CHECKS).values()) == {None}
    assert metadata(result, "documents")["rows"] == 3
    assert metadata(result, "chunk_embeddings")["computed_vectors"] == metadata(result, "chunks")["rows"]


def test_a_second_run_computes_nothing_and_an_edit_only_its_own(tmp_path: Path, folder: Path):
    run(tmp_path, FakeEmbedder())
    idle = FakeEmbedder()
    again = run(tmp_path, idle)
    assert idle.calls == []
    assert metadata(again, "documents")["computed_parsed"] == metadata(again, "chunks")["computed_chunks"] == 0
    (folder / "boots.md").write_text("# boots\n\nBoots are gone from the shops.\n")
    edited = run(tmp_path, FakeEmbedder())
    assert metadata(edited, "documents")["computed_parsed"] == metadata(edited, "chunks")["computed_documents"] == 1
    assert metadata(edited, "chunk_embeddings")["computed_vectors"] == 1
    (folder / "lamps.md").unlink()
    deleted = run(tmp_path, FakeEmbedder())
    paths = deleted.output_for_node("chunks").to_table()["path"].to_pylist()
    assert "lamps.md" not in paths and metadata(deleted, "chunk_embeddings")["gone"] == 1


def test_chunks_that_the_model_cannot_read_whole_are_counted(tmp_path: Path, folder: Path):
    limited, silent = FakeEmbedder(max_tokens=12), FakeEmbedder()
    found = metadata(run(tmp_path, limited), "chunk_embeddings")  # each file is one chunk: "# tents", header, 14 words
    assert (found["max_tokens"], found["longer_than_model"]) == (12, 3)
    assert metadata(run(tmp_path, FakeEmbedder(max_tokens=254)), "chunk_embeddings")["longer_than_model"] == 0
    assert "longer_than_model" not in metadata(run(tmp_path, silent), "chunk_embeddings")


def test_too_many_bad_files_fail_the_check_and_stop_what_is_below(tmp_path: Path, folder: Path):
    (folder / "bad.pdf").write_bytes(b"noise")
    result = run(tmp_path, FakeEmbedder())
    assert not result.success and checks(result) == {"documents_rejected_share": False}
    found = metadata(result, "documents")
    assert found["rejected"] == 1 and found["rejected_share"] == 0.25 and "bad.pdf" in found["ledger"]
    assert not (tmp_path / "tables" / "chunks.json").exists()
    refusal = refusals(TableStore(tmp_path / "tables"), CHECKS)["documents"]
    assert (
        refusal == "the gate of documents failed: documents_rejected_share (25.0% of the files rejected, 5.0% allowed)"
    )


def test_what_is_left_out_of_documents_is_told_by_document_and_in_all(tmp_path: Path, folder: Path, caplog):
    for name, marks in (("a", "<sup>[1]</sup>"), ("b", "<sup>[1]</sup><sup>[2]</sup>")):
        (folder / f"{name}.html").write_text(f"<nav>Home</nav><p>Oslo{marks} has a port.</p>")
    with caplog.at_level("INFO", "graftline"):
        told = metadata(run(tmp_path, FakeEmbedder()), "documents")
    assert told["left_out"] == {"navigation": 2, "reference marks": 3}
    assert told["left_out_of"].splitlines()[2:] == [
        "| b.html | 2 × reference marks, 1 × navigation |",
        "| a.html | 1 × navigation, 1 × reference marks |",
    ]
    assert "left out of the text of what was read: 3 × reference marks, 2 × navigation" in caplog.text
    assert metadata(run(tmp_path, FakeEmbedder()), "documents")["left_out"] == told["left_out"]


class Refusing(FakeEmbedder):
    """Refuses what speaks of boots."""

    def embed(self, texts):
        vectors = super().embed(texts)
        vectors[["boots" in text for text in texts]] = 0
        return vectors


def test_a_text_that_the_model_refuses_is_counted_tried_again_and_stops_only_where_it_is_too_many(
    tmp_path: Path, folder: Path
):
    result = run(tmp_path, Refusing())
    assert metadata(result, "chunk_embeddings")["without_vector"] == 1
    assert not checks(result)["chunk_embeddings_are_complete"]
    assert checks(run(tmp_path, Refusing(), GRAFTLINE_BAD_SHARE="0.5"))["chunk_embeddings_are_complete"]
    after = metadata(run(tmp_path, FakeEmbedder()), "chunk_embeddings")
    assert (after["without_vector"], after["computed_vectors"]) == (0, 1)
