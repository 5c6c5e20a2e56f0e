"""All GPU rows by one command: without a GPU skipped with the reason; a part that fails or hangs leaves the others."""

import json
import time
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.gpu import Part, measure

GOOD = {"rows": [{"id": "speed", "unit": "x", "target": "", "value": 2.0, "ours": None, "peer": None, "note": ""}]}


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes a part of a module's text."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def made(name: str, text: str, seconds: float = 60.0, rows: tuple[str, ...] = ("speed",)) -> Part:
        (tmp_path / f"{name}.py").write_text(text)
        return Part(name, dict.fromkeys(rows, ("x", ">= 1")), seconds)

    return made


WRITES = f"import sys\nopen(sys.argv[sys.argv.index('--json') + 1], 'w').write({json.dumps(json.dumps(GOOD))})\n"


def test_without_a_gpu_every_row_of_the_project_is_skipped_with_the_reason(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(gpu, "has_gpu", lambda: False)
    monkeypatch.setattr(gpu, "measure", lambda *_: pytest.fail("nothing can be measured"))
    gpu.main(["--json", str(tmp_path / "gpu.json"), "--markdown", str(tmp_path / "gpu.md")])
    rows = json.loads((tmp_path / "gpu.json").read_text())["rows"]
    of_each_part = {"eval_vs_transformers_gpu", "gpu_speed", "gpu_memory", "vllm_tokens_per_second_gpu"}
    assert of_each_part <= {row["id"] for row in rows}
    assert {(row["value"], row["note"]) for row in rows} == {(None, "skipped: no GPU here")}
    assert "skipped: no GPU here" in (tmp_path / "gpu.md").read_text()


def test_what_was_measured_on_a_gpu_is_not_lost_by_a_run_without_one(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(gpu, "has_gpu", lambda: False)
    found = tmp_path / "gpu.json"
    gpu.main(["--json", str(found)])
    written = json.loads(found.read_text())
    written["rows"][0]["value"] = 12.5
    found.write_text(json.dumps(written))
    gpu.main(["--json", str(found)])
    first, *others = json.loads(found.read_text())["rows"]
    assert first["value"] == 12.5 and {row["value"] for row in others} == {None}


def test_a_torch_that_does_not_see_the_gpu_is_a_reason_of_its_own(monkeypatch):
    import torch

    monkeypatch.setattr(gpu, "has_gpu", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.lacking() == f"torch {torch.__version__} does not see the GPU of this machine"


def test_a_part_that_fails_and_one_that_hangs_leave_the_others_their_rows(part, tmp_path: Path):
    hangs = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(99)'])\n{WRITES}"
    parts = [
        part("fails", "raise SystemExit('no memory for it')"),
        part("hangs", hangs, seconds=2.0),
        part("works", WRITES, rows=("speed", "memory")),
    ]
    started = time.monotonic()
    rows, _ = measure(parts, tmp_path / "work")
    assert [row.value for row in rows] == [None, None, 2.0, None] and time.monotonic() - started < 30
    assert rows[0].note == "skipped: it ended with status 1: no memory for it"
    assert rows[1].note == "skipped: it was not done after 2 s"
    assert rows[3].note == "skipped: its benchmark did not report it"


def test_no_part_begins_when_the_time_of_all_is_over(part, tmp_path: Path):
    parts = [part("slow", "import time; time.sleep(99)"), part("works", WRITES)]
    rows, _ = measure(parts, tmp_path / "work", seconds=1.0)
    assert [row.note for row in rows] == ["skipped: it was not done after 1 s", "skipped: no time was left for it"]
