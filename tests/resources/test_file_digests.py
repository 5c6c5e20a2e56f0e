import hashlib
import os
from pathlib import Path

import pytest

from pipelines.core.identity import file_digest
from resources import file_digests
from resources.file_digests import FileDigests


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    read = file_digests._sha256
    monkeypatch.setattr(file_digests, "_sha256", lambda path: names.append(path.name) or read(path))
    return names


def test_a_large_file_is_read_once_and_again_when_it_changed_even_at_its_former_time(tmp_path: Path, digested: list):
    file, other = tmp_path / "weights", tmp_path / "other"
    file.write_bytes(b"aaaa")
    other.write_bytes(b"cccc")
    for _ in range(2):
        memory = FileDigests(tmp_path / "cache" / "digests.json", least_bytes=4)
        assert memory.sha256(file) == hashlib.sha256(b"aaaa").hexdigest()
        assert memory.sha256(other) == hashlib.sha256(b"cccc").hexdigest()
    assert digested == ["weights", "other"]
    stat = file.stat()
    file.write_bytes(b"bbbb")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert memory.sha256(file) == hashlib.sha256(b"bbbb").hexdigest() and len(digested) == 3


def test_a_small_file_and_a_memory_that_is_no_json_cost_a_reading(tmp_path: Path, digested: list):
    file, memory = tmp_path / "config.json", tmp_path / "digests.json"
    file.write_bytes(b"{}")
    assert FileDigests(memory).sha256(file) == FileDigests(memory).sha256(file)
    assert len(digested) == 2 and not memory.exists()
    memory.write_text("[half")
    assert FileDigests(memory, 1).sha256(file) == FileDigests(memory, 1).sha256(file) and len(digested) == 3


def test_both_digests_of_a_file_are_remembered_beside_each_other(tmp_path: Path, digested: list) -> None:
    file, memory = tmp_path / "weights", FileDigests(tmp_path / "digests.json", least_bytes=1)
    file.write_bytes(b"aaaa")
    for _ in range(2):
        assert memory.file_digest(file) == file_digest(file) != memory.sha256(file)
    assert digested == ["weights"]
    file.write_bytes(b"aaab")
    assert memory.file_digest(file) == file_digest(file) and memory.sha256(file) and len(digested) == 2
