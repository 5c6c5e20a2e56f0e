"""What `graftline plan` says: reasons behind its marks, and what settings make anew or refuse."""

from pathlib import Path

import pytest

from pipelines.commands.plan import plan_of, plan_text
from pipelines.core.schemas import chunk_embeddings
from pipelines.knowledge.vectors.vector_changes import vector_changes
from resources.embedding.embedders import open_embedder
from resources.settings import Settings
from resources.tables.tables import TableStore
from tests.fakes import FakeEmbedder
from tests.knowledge.documents.loaded import cut, load


def settings(place: Path, **values: str) -> Settings:
    folders = {name: str(place / name.lower()) for name in ("HOME", "DOCUMENTS", "RECIPES")}  # no recipe
    return Settings(**{f"GRAFTLINE_{name}": folder for name, folder in folders.items()}, **values)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder whose documents were read and cut by the default settings, with vectors of the default's name."""
    (tmp_path / "documents").mkdir()
    for name in ("boot", "lamp"):
        (tmp_path / "documents" / f"{name}.md").write_text(f"# {name}\n\nThe {name} is made in Oslo.\n")
    (tmp_path / "documents" / "empty.md").write_text("\n")
    (tmp_path / "documents" / "later.md").symlink_to(tmp_path / "away.md")
    defaults, fake = settings(tmp_path), FakeEmbedder()
    tables, embedder = TableStore(defaults.home / "tables"), open_embedder(defaults)
    chunks, _ = cut(load(defaults.documents, tables).stored, tables, defaults.chunking, embedder)
    fake.name = embedder.name
    tables.amend("chunk_embeddings", chunk_embeddings(fake.dimensions), vector_changes(chunks, None, fake))
    return tmp_path


def test_a_rejected_or_unread_path_is_printed_with_its_reason(place: Path):
    found = plan_of(settings(place))
    assert found["counts"] == {"new": 0, "changed": 0, "renamed": 0, "gone": 0, "rejected": 1, "unread": 1, "same": 2}
    assert found["reasons"]["empty.md"] == "no text"
    assert plan_text(found).splitlines() == [
        "! empty.md: no text",
        "! later.md: kept as it was, a link to nothing (No such file or directory)",
        "0 new, 0 changed, 0 renamed, 0 gone, 1 rejected, 1 unread, 2 same",
    ]


def test_a_long_reason_is_cut_to_the_first_line(place: Path):
    found = plan_of(settings(place)) | {"reasons": {"empty.md": "x" * 300 + "\nmore"}}
    assert max(map(len, plan_text(found).splitlines())) < 150 and "more" not in plan_text(found)


@pytest.mark.parametrize(
    "other", [{"GRAFTLINE_CHUNKER": "structure"}, {"GRAFTLINE_CHUNK_TOKENS": "80"}, {"GRAFTLINE_CHUNK_HEADERS": "off"}]
)
def test_settings_that_cut_all_documents_again_are_named(place: Path, other: dict[str, str]):
    assert plan_of(settings(place))["settings"] == []
    (line,) = plan_of(settings(place, **other))["settings"]
    assert "cuts all 2 indexed documents again" in line and next(iter(other)) in line
    assert plan_text(plan_of(settings(place, **other))).endswith(line)


def test_another_embedding_model_is_said_to_be_refused_and_nothing_is_fetched(place: Path, monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("fetched"))
    served = plan_of(settings(place, EMBEDDING_MODEL="other", EMBEDDING_BASE_URL="http://127.0.0.1:1"))["settings"]
    assert "is refused" in served[-1] and "multilingual-e5-small" in served[-1] and "--reembed" in served[-1]
    mock = "llamaindex:llama_index.core.embeddings.MockEmbedding"
    (named,) = plan_of(settings(place, EMBEDDING_MODEL=mock))["settings"]
    assert "is refused" in named and "MockEmbedding@llamaindex-" in named and "--reembed" in named
    fetched, refused = plan_of(settings(place, EMBEDDING_MODEL="nobody/nothing-of-the-kind"))["settings"]
    assert "fetches EMBEDDING_MODEL=nobody/nothing-of-the-kind" in fetched and "--reembed" in refused


def test_vectors_of_the_former_default_are_said_to_be_refused_and_its_name_takes_them(tmp_path: Path, place: Path):
    former = settings(place, EMBEDDING_MODEL="all-MiniLM-L6-v2")
    tables, embedder, fake = TableStore(former.home / "tables"), open_embedder(former), FakeEmbedder()
    chunks, _ = cut(load(former.documents, tables).stored, tables, former.chunking, embedder)
    fake.name = embedder.name
    found = vector_changes(chunks, tables.amendable("chunk_embeddings"), fake, reembed=True)
    tables.amend("chunk_embeddings", chunk_embeddings(fake.dimensions), found)
    assert plan_of(former)["settings"] == []
    again, refused = plan_of(settings(place))["settings"]
    assert "cuts all 2 indexed documents again" in again and "tokenizer" in again
    assert embedder.name in refused and "multilingual-e5-small" in refused and "--reembed" in refused


def test_another_extractor_is_said_to_read_all_chunks_again(place: Path):
    import pyarrow as pa

    from pipelines.core.schemas import EXTRACTIONS

    row = {name: None for name in EXTRACTIONS.names} | {"chunk_id": "c", "extractor": "rules-1"}
    TableStore(settings(place).home / "tables").write("extractions", pa.Table.from_pylist([row], schema=EXTRACTIONS))
    assert plan_of(settings(place))["settings"] == []
    (line,) = plan_of(settings(place, GRAFTLINE_EXTRACTOR="llm"))["settings"]
    assert "another GRAFTLINE_EXTRACTOR than rules-1" in line


def test_the_plan_writes_nothing_and_loads_no_model(place: Path, monkeypatch):
    from resources.embedding.local import SentenceEmbedder

    monkeypatch.setattr(SentenceEmbedder, "embed", lambda *_: pytest.fail("embedded"))
    before = sorted((path, path.stat().st_mtime_ns) for path in (place / "home").rglob("*"))
    plan_of(settings(place, GRAFTLINE_CHUNK_TOKENS="80"))
    assert sorted((path, path.stat().st_mtime_ns) for path in (place / "home").rglob("*")) == before
