import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines.core.child_process import ChildError, last_lines, run_child
from pipelines.core.errors import InputError

CHILD = "tests.core.echo_child"


def test_a_child_reads_its_specification_and_its_output_is_in_the_log(tmp_path: Path):
    log = run_child(CHILD, {"say": "你好"}, tmp_path / "work")
    assert log.read_text(encoding="utf-8").strip() == "你好"


def test_a_failure_ends_with_the_last_lines(tmp_path: Path):
    with pytest.raises(ChildError, match="no such thing") as caught:
        run_child(CHILD, {"fail": "no such thing"}, tmp_path)
    assert "child.log" in str(caught.value)


def test_an_error_of_ours_reaches_the_parent_as_it_is_and_is_not_told_twice(tmp_path: Path):
    with pytest.raises(InputError) as caught:
        run_child(CHILD, {"refuse": "退货 in stage"}, tmp_path)
    assert str(caught.value) == "the recipe: found 退货 in stage; expected something else. Next: correct it"
    with pytest.raises(ChildError, match="no such thing"):
        run_child(CHILD, {"fail": "no such thing"}, tmp_path)


@pytest.mark.parametrize(
    ("library", "found", "remedy"),
    [
        ("jinja", "TemplateError: System role not supported", "add template: chatml"),
        ("safetensors", "SafetensorError: Error while deserializing header", "fetch the model's weights again"),
        ("torch", "RuntimeError: .*can't allocate memory; expected", "a smaller batch"),
        ("tokenizers", "Exception: ", "fetch the model's tokenizer again"),
        ("plain", "KeyError; expected", "correct the cause"),
    ],
)
def test_a_librarys_exception_is_one_line_with_a_remedy(library: str, found: str, remedy: str, tmp_path: Path):
    with pytest.raises(ChildError, match=found) as caught:
        run_child(CHILD, {"library": library}, tmp_path)
    assert remedy in caught.value.fix and str(caught.value).count("\n") == 0 and "Traceback" not in str(caught.value)
    assert "Traceback" in (tmp_path / "child.log").read_text(encoding="utf-8")


def test_a_killed_child_names_the_signal(tmp_path: Path):
    with pytest.raises(ChildError, match="SIGKILL"):
        run_child(CHILD, {"signal": int(signal.SIGKILL)}, tmp_path)


def test_the_child_ends_when_the_watch_raises(tmp_path: Path):
    def impatient() -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise TimeoutError

    with pytest.raises(TimeoutError):
        run_child(CHILD, {"sleep": 60, "pid": str(tmp_path / "pid")}, tmp_path, watch=impatient)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_the_child_ends_though_its_parent_ignores_the_signal(tmp_path: Path):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        test_the_child_ends_when_the_watch_raises(tmp_path)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is signalled on Linux only")
def test_the_child_dies_with_its_parent(tmp_path: Path):
    spec = {"sleep": 60, "pid": str(tmp_path / "pid")}
    code = (
        "from pathlib import Path; from pipelines.core.child_process import run_child; "
        f"run_child({CHILD!r}, {spec!r}, Path({str(tmp_path)!r}))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent.parent.parent)
    deadline = time.monotonic() + 30
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    child = int((tmp_path / "pid").read_text())
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_progress_bar_counts_as_one_line(tmp_path: Path):
    (tmp_path / "log").write_bytes(b"start\n10%\r50%\r100%\nend\n")
    assert "100%" in last_lines(tmp_path / "log") and "50%" not in last_lines(tmp_path / "log")
