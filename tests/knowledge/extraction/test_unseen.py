"""What cannot be looked at for a while stays as it was known: a file, a folder, a whole address."""

import os
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from pipelines.core.errors import InputError, ServiceError
from pipelines.knowledge.documents import document_changes, manifest
from pipelines.knowledge.documents.sources import SourceFile, list_files
from resources.tables.tables import TableStore
from tests.fakes import FakeEmbedder
from tests.flow import Flow
from tests.knowledge.documents.loaded import Loaded, load


class ClosedFolders(LocalFileSystem):
    """A local file system with folders that cannot be listed."""

    protocol = "closed"
    away: frozenset[str] = frozenset()

    def ls(self, path, detail=False, **options):
        if Path(self._strip_protocol(path)).name in self.away:
            raise ConnectionError("the server went away")
        return super().ls(path, detail=detail, **options)


fsspec.register_implementation("closed", ClosedFolders, clobber=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.md", "in/b.md", "in/c.md"):
        (tmp_path / "documents" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "documents" / name).write_text(f"# {name}\n\nText of {name}.\n", encoding="utf-8")
    return tmp_path / "documents"


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    system.pipe({"/flaky/a.md": b"One.", "/flaky/b.md": b"Two."})
    yield system
    system.rm("/flaky", recursive=True)


def silence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let one file of the memory time out."""
    opened = MemoryFileSystem._open

    def time_out(system, path, *arguments, **options):
        if path.endswith(name):
            raise TimeoutError(f"{path} timed out")
        return opened(system, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "_open", time_out)


def close(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let a folder refuse to be listed; the tests may run as root, who may list all."""
    scandir = os.scandir

    def refuse(path):
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


def paths(loaded: Loaded) -> list[str]:
    return sorted(loaded.table["path"].to_pylist())


def counts(loaded: Loaded) -> tuple[int, int, int, int]:
    work = loaded.work
    return work.new, work.changed, work.gone, work.same


def test_a_remote_file_that_is_not_answered_for_stays_and_is_read_when_it_is(memory, tmp_path: Path, monkeypatch):
    tables, cache = TableStore(tmp_path / "tables"), tmp_path / "cache"
    before = load("memory://flaky", tables, cache=cache)
    memory.pipe("/flaky/a.md", b"One and more.")
    silence(monkeypatch, "a.md")
    during = load("memory://flaky", tables, cache=cache)
    assert counts(during) == (0, 0, 0, 2) and during.stored.digest == before.stored.digest
    (row,) = during.problems.to_pylist()
    assert row["file"] == "a.md" and "timed out" in row["found"]
    assert "network" in row["fix"] and "ls -l" not in row["fix"]
    assert during.changes.plan.unread == ["a.md"] and during.changes.plan.is_idle
    monkeypatch.undo()
    after = load("memory://flaky", tables, cache=cache)
    assert counts(after) == (0, 1, 0, 1) and not len(after.problems)


def test_a_new_remote_file_that_is_not_answered_for_is_listed_and_comes_later(memory, tmp_path: Path, monkeypatch):
    tables, cache = TableStore(tmp_path / "tables"), tmp_path / "cache"
    silence(monkeypatch, "a.md")
    first = load("memory://flaky", tables, cache=cache)
    assert paths(first) == ["b.md"] and first.problems["file"].to_pylist() == ["a.md"]
    monkeypatch.undo()
    assert counts(load("memory://flaky", tables, cache=cache)) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    "edit", [lambda path: path.write_text("Other."), lambda path: path.rename(path.parent / "z.md")]
)
def test_a_file_that_goes_away_between_the_look_and_the_reading_stays(folder: Path, tmp_path: Path, monkeypatch, edit):
    tables = TableStore(tmp_path / "tables")
    before = load(folder, tables)
    edit(folder / "in" / "b.md")

    def fail(file: SourceFile, reading: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(document_changes, "read_document", fail)
    monkeypatch.setattr(document_changes, "_same_title", lambda *_: False)
    during = load(folder, tables)
    assert during.stored.digest == before.stored.digest and len(during.problems) == 1
    monkeypatch.undo()
    after = load(folder, tables)
    assert not len(after.problems) and after.work.same == 2 and after.stored.digest != before.stored.digest


def test_documents_below_a_folder_that_cannot_be_listed_stay_with_all_that_was_made_of_them(
    folder: Path, tmp_path: Path, monkeypatch
):
    flow = Flow(folder, tmp_path / "home", FakeEmbedder())
    flow.embed()
    before = flow.digests()
    with monkeypatch.context() as patch:
        close(patch, folder / "in")
        done = flow.embed()
    assert flow.digests() == before and done["documents"].gone == done["chunks"].gone == 0
    assert flow.last and (flow.last.plan.gone, flow.last.plan.unread) == ([], ["in/"])
    assert flow.last.plan.same == ["a.md", "in/b.md", "in/c.md"]
    (row,) = flow.tables.read("documents_ledger").to_pylist()
    assert row["found"] == "Permission denied (2 documents below it)" and f"ls -la {folder / 'in'}" in row["fix"]
    (folder / "in" / "c.md").unlink()
    assert flow.embed()["documents"].gone == 1 and not len(flow.tables.read("documents_ledger"))


def test_a_folder_whose_ignore_file_cannot_be_read_is_not_guessed_at(folder: Path, monkeypatch):
    (folder / "in" / ".gitignore").write_text("b.md\n")
    read_text = Path.read_text

    def refuse(path: Path, *arguments, **options):
        if path.name == ".gitignore":
            raise PermissionError(13, "Permission denied")
        return read_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", refuse)
    listing = list_files(folder)
    assert [file.name for file in listing.files] == ["a.md"]
    assert [problem.file for problem in listing.problems] == ["in/"]


def test_a_folder_of_documents_that_cannot_be_listed_ends_the_run(folder: Path, tmp_path: Path, monkeypatch):
    load(folder, tables := TableStore(tmp_path / "tables"))
    close(monkeypatch, folder)
    with pytest.raises(InputError, match=r"Permission denied.*what is indexed stays"):
        load(folder, tables)


def test_what_a_link_led_to_stays_until_the_link_is_removed(folder: Path, tmp_path: Path):
    (tmp_path / "drive").mkdir()
    (tmp_path / "drive" / "d.md").write_text("Text.")
    (folder / "d.md").symlink_to(tmp_path / "drive" / "d.md")
    tables = TableStore(tmp_path / "tables")
    load(folder, tables)
    (tmp_path / "drive").rename(tmp_path / "away")
    during = load(folder, tables)
    assert counts(during) == (0, 0, 0, 4) and "remove the link" in during.problems.to_pylist()[0]["fix"]
    (folder / "d.md").unlink()
    assert counts(load(folder, tables)) == (0, 0, 1, 3)


def test_a_remote_folder_that_cannot_be_listed_keeps_its_documents_and_copies(
    folder: Path, tmp_path: Path, monkeypatch
):
    tables, cache = TableStore(tmp_path / "tables"), tmp_path / "cache"
    before = load(f"closed://{folder}", tables, cache=cache)
    copies = sorted(cache.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(ClosedFolders, "away", {"in"})
        during = load(f"closed://{folder}", tables, cache=cache)
    assert paths(during) == paths(before) == ["a.md", "in/b.md", "in/c.md"] and sorted(cache.iterdir()) == copies
    assert [row["file"] for row in during.problems.to_pylist()] == ["in/"]
    assert "went away" in during.problems.to_pylist()[0]["found"]


def test_an_address_that_does_not_answer_is_not_an_empty_one(folder: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(ClosedFolders, "away", {folder.name})
    with pytest.raises(ServiceError, match=r"could not be reached \(ConnectionError: the server went away\)"):
        list_files(f"closed://{folder}", tmp_path / "cache")
    monkeypatch.undo()
    with pytest.raises(InputError, match="no document"):
        list_files(f"closed://{folder}/none", tmp_path / "cache")


def test_an_emptied_folder_keeps_what_is_indexed_and_says_how_to_be_rid_of_it(folder: Path, tmp_path: Path):
    tables = TableStore(tmp_path / "tables")
    load(folder, tables)
    for path in (folder / "a.md", folder / "in" / "b.md", folder / "in" / "c.md"):
        path.unlink()
    with pytest.raises(InputError, match=r"What is indexed stays: .* leave one short text there"):
        load(folder, tables)
    (folder / "empty.md").write_text("Nothing is here any more.")
    assert counts(load(folder, tables)) == (1, 0, 3, 0)


def test_a_damaged_file_is_rejected_as_before(folder: Path, tmp_path: Path):
    tables = TableStore(tmp_path / "tables")
    load(folder, tables)
    (folder / "a.md").write_bytes(b"\x00\x01\x02" * 9)
    after = load(folder, tables)
    assert after.work.gone == 1 and after.changes.plan.changed == ["a.md"]
    again = load(folder, tables)
    assert again.changes.plan.rejected == ["a.md"] and again.problems.equals(after.problems)


def test_a_kept_row_of_the_manifest_is_the_one_there_was(folder: Path, tmp_path: Path, monkeypatch):
    tables = TableStore(tmp_path / "tables")
    load(folder, tables)
    before = {row["path"]: row for row in tables.read("documents_manifest").to_pylist()}["a.md"]
    (folder / "a.md").write_text("Another text.")

    def fail(path: Path) -> str:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(manifest, "file_digest", fail)
    load(folder, tables)
    assert {row["path"]: row for row in tables.read("documents_manifest").to_pylist()}["a.md"] == before
