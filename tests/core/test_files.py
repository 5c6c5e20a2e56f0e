"""Writing a file or a folder whole: what a reader sees, what a killed writer leaves, whose bits a file has."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipelines.core import files
from pipelines.core.files import beside, is_unfinished, remove_leftovers, switch, write_atomically
from resources.settings import CHECKOUT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def bits(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def fill(folder: Path, text: str) -> None:
    """Put a folder of two files in its place."""
    with beside(folder, folder=True) as new:
        (new / "one.txt").write_text(text, encoding="utf-8")
        (new / "below").mkdir()
        (new / "below" / "two.txt").write_text(text, encoding="utf-8")


def texts(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (folder / "one.txt", folder / "below" / "two.txt")]


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Return a folder in which a process was killed while it wrote."""
    command = [sys.executable, "-m", "tests.core.writing_child", str(tmp_path)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "started\n"
        child.send_signal(signal.SIGKILL)
    assert names(tmp_path) == [".file.txt.part", ".folder.part"]
    return tmp_path


def test_text_and_bytes_are_written_as_they_are_and_folders_made_on_the_way(tmp_path: Path):
    write_atomically(tmp_path / "a" / "b.json", "头灯\r\n")
    assert (tmp_path / "a" / "b.json").read_bytes() == "头灯\r\n".encode()
    write_atomically(tmp_path / "a" / "b.json", b"\x00\xff")
    assert (tmp_path / "a" / "b.json").read_bytes() == b"\x00\xff"
    assert names(tmp_path / "a") == ["b.json"]


def test_what_stands_is_read_until_all_of_the_new_is_there(tmp_path: Path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with beside(path) as new:
        new.write_text("ne")
        assert path.read_text() == "old"
        new.write_text("new")
    assert path.read_text() == "new" and names(tmp_path) == ["file.txt"]


def test_a_reader_of_a_file_that_is_replaced_again_and_again_never_sees_a_half(tmp_path: Path):
    path, stop, seen = tmp_path / "file.txt", threading.Event(), set()
    write_atomically(path, "a" * 100_000)

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_text())

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(60):
        write_atomically(path, "ab"[number % 2] * 100_000)
    stop.set()
    thread.join()
    assert seen <= {"a" * 100_000, "b" * 100_000}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_writer_that_fails_leaves_the_former_file_and_nothing_beside_it(tmp_path: Path, error: BaseException):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(type(error)), beside(path) as new:
        new.write_text("ne")
        raise error
    assert path.read_text() == "old" and names(tmp_path) == ["file.txt"]


def test_a_writer_that_takes_its_work_away_leaves_what_stands(tmp_path: Path):
    fill(tmp_path / "folder", "old")
    with beside(tmp_path / "folder", folder=True) as new:
        new.rmdir()
    assert texts(tmp_path / "folder") == ["old", "old"] and names(tmp_path) == ["folder"]


def test_a_killed_writer_leaves_no_half_and_the_next_one_removes_what_it_left(killed: Path):
    write_atomically(killed / "file.txt", "whole")
    fill(killed / "folder", "whole")
    assert names(killed) == ["file.txt", "folder"]
    assert (killed / "file.txt").read_text() == "whole" and names(killed / "folder") == ["below", "one.txt"]


def test_leftovers_of_the_dead_go_and_what_is_being_written_stays(killed: Path):
    (killed / ".old.part4711").mkdir()  # an earlier release's, with its process number
    (killed / ".user.partition").touch()
    with beside(killed / "living.txt") as new:
        remove_leftovers(killed)
        assert names(killed) == [new.name, ".user.partition"] and is_unfinished(new)
    remove_leftovers(killed / "nowhere")
    assert names(killed) == [".user.partition", "living.txt"]


def test_two_writers_at_once_have_a_place_each_and_the_last_one_stands(tmp_path: Path):
    with beside(tmp_path / "file.txt") as first:
        with beside(tmp_path / "file.txt") as second:
            assert first != second
            first.write_text("first")
            second.write_text("second")
        assert (tmp_path / "file.txt").read_text() == "second"
    assert (tmp_path / "file.txt").read_text() == "first" and names(tmp_path) == ["file.txt"]


def test_many_writers_of_one_folder_at_once_leave_one_whole_folder(tmp_path: Path):
    threads = [threading.Thread(target=fill, args=(tmp_path / "folder", str(number))) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one, two = texts(tmp_path / "folder")
    assert one == two and one in "01234567" and names(tmp_path) == ["folder"]


def test_a_folder_takes_the_place_of_a_folder_a_file_and_nothing(tmp_path: Path):
    path = tmp_path / "place"
    fill(path, "one")
    (path / "more.txt").touch()
    fill(path, "two")
    assert texts(path) == ["two", "two"] and names(path) == ["below", "one.txt"]
    write_atomically(path, "a file")
    assert path.read_text() == "a file"
    fill(path, "three")
    assert texts(path) == ["three", "three"] and names(tmp_path) == ["place"]


def test_a_folder_that_cannot_be_switched_leaves_the_former_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fill(tmp_path / "folder", "old")
    real = os.rename

    def refuse(one: Path, other: Path) -> None:
        if Path(one).name == ".folder.part":
            raise OSError(5, "input/output error")
        real(one, other)

    monkeypatch.setattr(files.os, "rename", refuse)
    with pytest.raises(OSError, match="input/output"):
        fill(tmp_path / "folder", "new")
    assert texts(tmp_path / "folder") == ["old", "old"] and names(tmp_path) == ["folder"]


def test_a_folder_whose_writer_died_in_the_middle_of_the_switch_is_put_back(tmp_path: Path):
    fill(tmp_path / "folder", "old")
    (tmp_path / "folder").rename(tmp_path / ".folder.former")  # killed after this
    with pytest.raises(OSError, match="disk full"), beside(tmp_path / "folder", folder=True):
        raise OSError("disk full")
    assert texts(tmp_path / "folder") == ["old", "old"] and names(tmp_path) == ["folder"]


def test_what_was_made_elsewhere_takes_the_place_of_an_unfinished_folder(tmp_path: Path):
    fill(tmp_path / "work", "new")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "half.txt").touch()
    switch(tmp_path / "work", tmp_path / "folder")
    assert texts(tmp_path / "folder") == ["new", "new"] and names(tmp_path) == ["folder"]


def test_a_new_file_has_the_bits_of_any_file_a_private_one_is_its_owners_and_what_stands_keeps_its_own(tmp_path: Path):
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "plain", "x")
        write_atomically(tmp_path / "private", "x", private=True)
        fill(tmp_path / "folder", "x")
    finally:
        os.umask(before)
    assert [bits(tmp_path / name) for name in ("plain", "private", "folder")] == [0o644, 0o600, 0o755]
    for name, mode in (("plain", 0o640), ("private", 0o604)):
        (tmp_path / name).chmod(mode)
        write_atomically(tmp_path / name, "y", private=True)
        assert bits(tmp_path / name) == mode
    (tmp_path / "folder").chmod(0o700)
    fill(tmp_path / "folder", "y")
    assert bits(tmp_path / "folder") == 0o700


def test_bytes_are_on_disk_before_they_are_seen_in_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    order: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def replace(one: Path, other: Path) -> None:
        order.append("switch")
        real_replace(one, other)

    monkeypatch.setattr(files.os, "fsync", sync)
    monkeypatch.setattr(files.os, "replace", replace)
    write_atomically(tmp_path / "file.txt", "x")
    assert order == ["file", "switch", "folder"]


def test_where_a_file_system_has_no_locks_nothing_is_taken_for_a_leftover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise OSError(95, "not supported")

    (tmp_path / ".file.txt.part").write_text("whose?")
    monkeypatch.setattr(files.fcntl, "flock", refuse)
    write_atomically(tmp_path / "file.txt", "x")
    assert (tmp_path / "file.txt").read_text() == "x" and names(tmp_path) == [".file.txt.part", "file.txt"]
