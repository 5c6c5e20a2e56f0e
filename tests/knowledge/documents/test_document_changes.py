"""What a run does when files are added, edited, renamed and deleted, or when a setting changes."""

import os
import time
from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.knowledge.documents import manifest as manifest_module
from pipelines.knowledge.documents.document_changes import indexed_versions
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.manifest import plan_reading, scan
from pipelines.knowledge.documents.sources import list_files
from resources.embedding.vector_cache import CachedEmbedder
from tests.fakes import FakeEmbedder
from tests.flow import Flow

TEXT = "# {0}\n\nThe {0} weighs two kilograms. It is made in Oslo by hand. Everyone who owns a {0} likes it.\n"


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("tent", "boot", "lamp", "stove"):
        put(folder / f"{name}.md", TEXT.format(name))
    return Flow(folder, tmp_path / "home", FakeEmbedder())


def put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files of this test count as old; a change time cannot be set back."""
    monkeypatch.setattr(manifest_module, "_GRANULARITY_NS", -(10**12))


def clean(flow: Flow, home: Path) -> dict[str, str]:
    rebuilt = Flow(flow.folder, home, flow.embedder)
    rebuilt.settings, rebuilt.limits = flow.settings, flow.limits
    rebuilt.embed()
    return rebuilt.digests()


def test_a_run_in_which_nothing_changed_hashes_parses_cuts_and_embeds_nothing(flow: Flow, monkeypatch):
    flow.embed()
    settle(monkeypatch)
    before, calls = {name: flow.tables.pointer(name) for name in flow.tables.names()}, len(flow.embedder.calls)
    monkeypatch.setattr(manifest_module, "file_digest", lambda path: pytest.fail(f"{path} was read"))
    done = flow.embed()
    assert all((work.new, work.changed, work.gone) == (0, 0, 0) for work in done.values())
    assert done["documents"].same == 4 and done["documents"].computed == {"parsed": 0}
    assert done["chunks"].computed == {"documents": 0, "chunks": 0} and len(flow.embedder.calls) == calls
    assert {name: flow.tables.pointer(name) for name in flow.tables.names()} == before


def test_a_renamed_file_is_recognised_and_nothing_of_it_is_parsed_or_embedded(flow: Flow, tmp_path: Path):
    flow.embed()
    (flow.folder / "old").mkdir()
    (flow.folder / "tent.md").rename(flow.folder / "old" / "shelter.md")
    before = flow.embedder.computed
    done = flow.embed()
    assert flow.last and flow.last.plan.renamed == [("tent.md", "old/shelter.md")]
    assert (flow.last.plan.new, flow.last.plan.gone) == ([], [])
    assert done["documents"].computed == {"parsed": 0} and done["chunk_embeddings"].computed == {"vectors": 0}
    assert flow.embedder.computed == before
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_a_copy_is_parsed_and_embedded_by_nobody_either(flow: Flow, tmp_path: Path):
    flow.embed()
    put(flow.folder / "copy.md", TEXT.format("tent"))
    done = flow.embed()
    assert (done["documents"].new, done["documents"].computed) == (1, {"parsed": 0})
    assert done["chunk_embeddings"].computed == {"vectors": 0} and done["chunk_embeddings"].new > 0
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_an_edit_costs_what_was_edited(flow: Flow, tmp_path: Path):
    first = flow.embed()
    put(flow.folder / "boot.md", TEXT.format("boot") + "\n\nIt has new laces since the last autumn.\n")
    done = flow.embed()
    assert (done["documents"].changed, done["documents"].computed["parsed"]) == (1, 1)
    assert done["chunks"].computed["documents"] == 1 and done["chunks"].same >= first["chunks"].new * 3 // 4
    assert 0 < done["chunk_embeddings"].computed["vectors"] <= 2
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_an_edit_that_keeps_size_and_modification_time_is_noticed(flow: Flow):
    path = flow.folder / "boot.md"
    flow.embed()
    before = path.stat()
    put(path, TEXT.format("boot").replace("two", "six"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert flow.embed()["documents"].changed == 1


def test_a_file_touched_just_before_it_was_looked_at_is_read_again(flow: Flow, monkeypatch):
    flow.embed()
    read: list[str] = []
    original = manifest_module.file_digest
    monkeypatch.setattr(manifest_module, "file_digest", lambda path: read.append(path.name) or original(path))
    flow.embed()
    assert sorted(read) == ["boot.md", "lamp.md", "stove.md", "tent.md"]
    read.clear()
    later = time.time_ns() + 10 * 10**9
    states = scan(list_files(flow.folder).files, flow.tables.find("documents_manifest"), later)
    assert len(read) == 4 and all(state.checked_ns == later for state in states)


def test_rehashing_reads_every_file(flow: Flow, monkeypatch):
    flow.embed()
    settle(monkeypatch)
    read: list[str] = []
    original = manifest_module.file_digest
    monkeypatch.setattr(manifest_module, "file_digest", lambda path: read.append(path.name) or original(path))
    flow.embed()
    assert read == []
    flow.embed(rehash=True)
    assert len(read) == 4


def test_a_deleted_document_leaves_no_row_anywhere(flow: Flow, tmp_path: Path):
    flow.embed()
    (flow.folder / "lamp.md").unlink()
    done = flow.embed()
    assert done["documents"].gone == 1 and done["chunks"].gone == done["chunk_embeddings"].gone > 0
    for name in ("documents", "chunks", "documents_manifest"):
        assert "lamp.md" not in flow.tables.read(name)["path"].to_pylist()
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_what_is_deleted_and_comes_back_is_not_embedded_again(tmp_path: Path, flow: Flow):
    flow.embedder = CachedEmbedder(FakeEmbedder(), tmp_path / "vectors.sqlite")
    flow.embed()
    (flow.folder / "lamp.md").unlink()
    flow.embed()
    put(flow.folder / "lamp.md", TEXT.format("lamp"))
    done = flow.embed()
    assert done["chunk_embeddings"].new > 0 and done["chunk_embeddings"].computed == {"vectors": 0}


def test_other_chunk_settings_cut_everything_and_parse_nothing(flow: Flow, tmp_path: Path):
    flow.embed()
    flow.settings = ChunkSettings(max_tokens=40)
    done = flow.embed()
    assert done["documents"].computed == {"parsed": 0} and done["chunks"].computed["documents"] == 4
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_headers_switched_off_keep_the_chunks_ids_and_make_their_vectors_anew(flow: Flow, tmp_path: Path):
    flow.embed()
    ids = flow.tables.read("chunks")["chunk_id"].to_pylist()
    flow.settings = flow.settings.model_copy(update={"headers": False})
    done = flow.embed()
    assert flow.tables.read("chunks")["chunk_id"].to_pylist() == ids
    assert done["chunk_embeddings"].changed == len(ids)
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_another_model_is_refused_until_told_and_touches_the_vectors_only(flow: Flow, tmp_path: Path):
    flow.embed()
    before = flow.tables.pointer("chunk_embeddings")
    other = FakeEmbedder(dimensions=32)
    other.name = "other@2"
    flow.embedder = other
    with pytest.raises(ConfigurationError, match=r"other@2.*fake-embedder@1.*--reembed"):
        flow.embed()
    assert flow.tables.pointer("chunk_embeddings") == before and other.calls == []
    done = flow.embed(reembed=True)
    assert done["chunks"].computed == {"documents": 0, "chunks": 0}
    assert done["chunk_embeddings"].computed["vectors"] > 0 and done["documents"].computed == {"parsed": 0}
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_old_vectors_stand_until_all_new_ones_are_made(flow: Flow):
    flow.embed()
    before, rows = flow.tables.pointer("chunk_embeddings"), flow.tables.read("chunk_embeddings")

    class Failing(FakeEmbedder):
        name = "other@2"

        def embed(self, texts):
            raise KeyboardInterrupt

    flow.embedder = Failing(dimensions=16)
    with pytest.raises(KeyboardInterrupt):
        flow.embed(reembed=True)
    assert flow.tables.pointer("chunk_embeddings") == before and flow.tables.read("chunk_embeddings").equals(rows)


def test_another_reader_version_parses_its_format_only(flow: Flow, tmp_path: Path, monkeypatch):
    put(flow.folder / "notes.txt", "The stove burns for four hours on one filling of gas.")
    flow.embed()
    from pipelines.knowledge.documents.formats.readers import Reader

    original = Reader.version.func
    newer = property(lambda self: original(self) + ("+" if self.format == "text" else ""))
    monkeypatch.setattr(Reader, "version", newer)
    done = flow.embed()
    assert (done["documents"].changed, done["documents"].computed["parsed"]) == (1, 1)
    assert done["chunk_embeddings"].computed == {"vectors": 0}


def test_a_rejected_file_is_not_read_again_until_it_or_the_limits_change(flow: Flow, monkeypatch, tmp_path: Path):
    put(flow.folder / "empty.md", " \n")
    flow.embed()
    assert flow.tables.read("documents_ledger")["file"].to_pylist() == ["empty.md"]
    from pipelines.knowledge.documents import document_changes

    monkeypatch.setattr(document_changes, "read_document", lambda *_: pytest.fail("read again"))
    flow.embed()
    assert flow.tables.read("documents_ledger")["file"].to_pylist() == ["empty.md"]
    monkeypatch.undo()
    flow.limits = Limits(file_bytes=20)
    assert flow.embed()["documents"].gone == 4
    assert flow.digests() == clean(flow, tmp_path / "clean")
    flow.limits = Limits()
    assert flow.embed()["documents"].new == 4


def test_other_limits_try_the_rejected_again_and_drop_what_no_longer_fits(flow: Flow, tmp_path: Path):
    put(flow.folder / "empty.md", " \n")
    put(flow.folder / "atlas.md", "A map of Norway. " * 40)
    flow.limits = Limits(file_bytes=600)
    first = flow.embed()
    assert flow.tables.read("documents_ledger")["file"].to_pylist() == ["atlas.md", "empty.md"]
    flow.limits = Limits(file_bytes=600, seconds=90)
    slower = flow.embed()
    assert flow.last and flow.last.plan.same == ["boot.md", "lamp.md", "stove.md", "tent.md"]
    assert (flow.last.plan.new, flow.last.plan.rejected) == (["empty.md"], ["atlas.md"])
    assert slower["documents"].computed == {"parsed": 0} and first["documents"].computed == {"parsed": 4}
    flow.limits = Limits(file_bytes=6000)
    larger = flow.embed()
    assert (larger["documents"].new, larger["documents"].computed) == (1, {"parsed": 1})
    flow.limits = Limits(file_bytes=600)
    smaller = flow.embed()
    assert flow.last.plan.gone == flow.last.plan.rejected[:1] == ["atlas.md"] and flow.last.plan.changed == []
    assert (smaller["documents"].gone, smaller["documents"].computed) == (1, {"parsed": 0})
    assert flow.digests() == clean(flow, tmp_path / "clean")


def test_the_plan_says_what_the_run_then_does(flow: Flow):
    flow.embed()
    put(flow.folder / "new.md", TEXT.format("pan"))
    put(flow.folder / "boot.md", TEXT.format("shoe"))
    (flow.folder / "lamp.md").unlink()
    (flow.folder / "tent.md").rename(flow.folder / "tarp.md")
    before = {name: flow.tables.pointer(name) for name in flow.tables.names()}
    states = scan(list_files(flow.folder).files, flow.tables.find("documents_manifest"), time.time_ns())
    found = plan_reading(states, indexed_versions(flow.tables.amendable("documents")), flow.limits)
    assert (found.new, found.changed, found.gone, found.same) == (["new.md"], ["boot.md"], ["lamp.md"], ["stove.md"])
    assert found.renamed == [("tent.md", "tarp.md")] and not found.is_idle
    assert {name: flow.tables.pointer(name) for name in flow.tables.names()} == before
    flow.embed()
    assert flow.last and flow.last.plan == found


def test_tables_that_an_earlier_release_wrote_whole_lose_nothing(flow: Flow):
    flow.embed()
    before = flow.digests()
    for name in ("documents", "chunks", "chunk_embeddings"):
        rows = flow.tables.read(name)
        flow.tables.write(name, rows.slice(0, 0))
        flow.tables.write(name, rows)
    flow.embed()
    assert flow.digests() == before and len(flow.tables.handle("documents")) == 4
