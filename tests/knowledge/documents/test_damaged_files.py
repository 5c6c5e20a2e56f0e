"""The issue's line: files damaged in 25 ways leave a ledger of reasons and every good file indexed, within memory."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from resources.settings import CHECKOUT
from tests.knowledge.documents.damaged import WAYS, good_files

_MOST_MIB = 1200


@pytest.mark.parametrize(
    ("each", "good"), [(1, 30), pytest.param(20, 200, marks=pytest.mark.slow)], ids=["25 files", "500 files"]
)
def test_damaged_files_leave_reasons_and_every_good_file_is_indexed(tmp_path: Path, each: int, good: int):
    assert len(WAYS) == 25
    documents = tmp_path / "documents"
    wanted: dict[str, str] = {}
    for way, (write, pattern) in WAYS.items():
        folder = documents / way
        folder.mkdir(parents=True)
        for number in range(each):
            wanted[f"{way}/{write(folder, number)}"] = pattern
    texts = good_files(documents, good)
    result = subprocess.run(
        [sys.executable, "-m", "tests.knowledge.documents.load_child", str(documents), str(tmp_path / "tables"), "40"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(result.stdout)
    assert found["problems"].keys() == wanted.keys()
    for name, pattern in wanted.items():
        assert re.search(pattern, found["problems"][name]), (name, found["problems"][name])
    assert found["texts"].keys() == texts.keys() == set(found["chunked"])
    for name, text in texts.items():
        assert text in found["texts"][name], name
    assert max(found["peaks"].values()) < _MOST_MIB, found["peaks"]
    assert found["longest"] <= 20 * 160  # a chunk of the gigantic lines
