import os
import zipfile
from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError, InputError, ServiceError
from pipelines.knowledge.documents.sources import list_files
from resources.tables.tables import TableStore
from tests.knowledge.documents.loaded import load


def write(root: Path, *names: str, text: str = "Text.") -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def names(address: Path | str, cache: Path | None = None) -> list[str]:
    return [file.name for file in list_files(address, cache).files]


def test_a_pattern_takes_what_it_matches_below_the_folder_before_it(tmp_path: Path):
    write(tmp_path, "a.md", "b.txt", "docs/c.md", "docs/deep/d.md", "docs/e.html")
    assert names(tmp_path / "**" / "*.md") == ["a.md", "docs/c.md", "docs/deep/d.md"]
    assert names(tmp_path / "docs" / "*.md") == ["c.md"]
    assert names(f"{tmp_path}/d*/[ce].*") == ["docs/c.md", "docs/e.html"]
    with pytest.raises(InputError, match="GRAFTLINE_DOCUMENTS"):
        list_files(tmp_path / "*.pdf")


def test_braces_stand_for_each_of_their_parts(tmp_path: Path):
    write(tmp_path, "a.md", "b.txt", "c.html", "in/d.md", "in/e.txt", "out/f.md")
    assert names(tmp_path / "*.{md,txt}") == ["a.md", "b.txt"]
    assert names(f"{tmp_path}/{{in,out}}/*.{{md,html}}") == ["in/d.md", "out/f.md"]
    assert names(f"file://{tmp_path}/**/*.{{txt,html}}", tmp_path.parent / "cache") == ["b.txt", "c.html", "in/e.txt"]


def test_one_file_is_a_source_by_its_own_name(tmp_path: Path):
    write(tmp_path, "a.md", "b.md", "c.xls")
    assert names(tmp_path / "a.md") == names(f"file://{tmp_path}/a.md", tmp_path.parent / "cache") == ["a.md"]
    with pytest.raises(InputError, match="a file that is no document"):
        list_files(tmp_path / "c.xls")


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tmp_path: Path):
    assert names(write(tmp_path / "docs [old]", "a.md")) == ["a.md"]


def test_ignore_files_hold_for_their_folder_and_the_inner_one_decides(tmp_path: Path):
    write(tmp_path, "a.md", "draft.md", "build/x.md", "in/draft.md", "in/keep.md", "in/deep/skip.txt", "in/deep/y.md")
    (tmp_path / ".gitignore").write_text("draft.md\nbuild/\n", encoding="utf-8")
    (tmp_path / "in" / ".graftlineignore").write_text("# ours\n!draft.md\n*.txt\n", encoding="utf-8")
    wanted = ["a.md", "in/deep/y.md", "in/draft.md", "in/keep.md"]
    assert names(tmp_path) == wanted
    assert names(f"file://{tmp_path}", tmp_path.parent / "cache") == wanted


def test_links_to_files_are_read_and_links_to_folders_listed(tmp_path: Path):
    write(tmp_path, "here/a.md")
    (tmp_path / "here" / "b.md").symlink_to(tmp_path / "here" / "a.md")
    (tmp_path / "here" / "up").symlink_to(tmp_path)
    listing = list_files(tmp_path / "here")
    assert [file.name for file in listing.files] == ["a.md", "b.md"]
    assert [(problem.file, "loop" in problem.found) for problem in listing.problems] == [("up", True)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_listed(tmp_path: Path):
    write(tmp_path, "a.md", "closed/b.md")
    (tmp_path / "closed").chmod(0)
    assert [problem.file for problem in list_files(tmp_path).problems] == ["closed/"]


def test_an_address_is_read_like_the_folder_it_names(tmp_path: Path):
    write(tmp_path / "docs", "a.md", "zh/b.txt", ".hidden.md", "in/c.html", text="<p>退货</p>")
    local = load(tmp_path / "docs", TableStore(tmp_path / "local"))
    remote = load(f"file://{tmp_path}/docs", TableStore(tmp_path / "remote"), cache=tmp_path / "cache")
    assert remote.table.equals(local.table) and len(local.table) == 3
    assert names(f"file://{tmp_path}/docs/**/*.txt", tmp_path / "cache") == ["zh/b.txt"]


def test_only_what_changed_is_fetched_again_and_what_is_gone_leaves_the_cache(tmp_path: Path):
    import fsspec

    memory, cache, tables = fsspec.filesystem("memory"), tmp_path / "cache", TableStore(tmp_path / "tables")
    memory.pipe({"/shop/a.md": b"One.", "/shop/in/b.md": b"Two."})
    try:
        first = load("memory://shop", tables, cache=cache)
        copies = {path.name for path in cache.iterdir()}
        assert first.table["path"].to_pylist() and len(copies) == 2
        memory.pipe("/shop/a.md", b"One and more.")
        second = load("memory://shop", tables, cache=cache)
        assert second.work.computed == {"parsed": 1} and second.work.changed == 1
        assert len({path.name for path in cache.iterdir()} & copies) == 1 and len(list(cache.iterdir())) == 2
        memory.rm("/shop/in/b.md")
        third = load("memory://shop", tables, cache=cache)
        assert third.table["path"].to_pylist() == ["a.md"] and third.work.gone == 1 and len(list(cache.iterdir())) == 1
    finally:
        memory.rm("/shop", recursive=True)
    with pytest.raises(InputError, match="GRAFTLINE_DOCUMENTS"):
        load("memory://shop", tables, cache=cache)


def test_documents_inside_an_archive_are_read(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("docs/a.md", "One.")
        archive.writestr("docs/b.html", "<h1>Two</h1>")
        archive.writestr("other/c.md", "Three.")
    address, tables = f"zip://docs::file://{tmp_path}/all.zip", TableStore(tmp_path / "tables")
    loaded = load(address, tables, cache=tmp_path / "cache")
    assert sorted(loaded.table["path"].to_pylist()) == ["a.md", "b.html"]
    assert names(f"zip://*/*.md::file://{tmp_path}/all.zip", tmp_path / "cache") == ["docs/a.md", "other/c.md"]


def test_a_damaged_part_of_an_archive_is_rejected_and_not_taken_for_one_out_of_reach(tmp_path: Path):
    tables, address = TableStore(tmp_path / "tables"), f"zip://::file://{tmp_path}/all.zip"
    for text in ("Text of a document.", "Another one."):
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            archive.writestr("a.md", text)
            archive.writestr("b.md", "Two.")
        if text == "Another one.":
            content = (tmp_path / "all.zip").read_bytes()
            (tmp_path / "all.zip").write_bytes(content.replace(b"Another", b"An0ther"))
        loaded = load(address, tables, cache=tmp_path / "cache")
    assert loaded.table["path"].to_pylist() == ["b.md"] and loaded.changes.plan.unread == []
    (row,) = loaded.problems.to_pylist()
    assert "a damaged part of an archive" in row["found"] and row["fix"] == "make the archive anew"


def test_an_address_that_cannot_be_read_says_what_to_install_or_check(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="pip install"):
        list_files("nowhere://bucket/docs", tmp_path)
    (tmp_path / "no.zip").write_bytes(b"no archive")
    with pytest.raises(ServiceError, match="an address that answers"):
        list_files(f"zip://::file://{tmp_path}/no.zip", tmp_path)


def test_the_state_changes_with_every_edit_and_only_then(tmp_path: Path):
    write(tmp_path, "a.md", "b.md")
    state = list_files(tmp_path).state
    assert list_files(tmp_path).state == state
    write(tmp_path, "a.md", text="Text and more.")
    assert list_files(tmp_path).state != state
