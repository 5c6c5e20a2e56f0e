"""Models are counted by the weight files that a process of the tree has mapped or opened, and by nothing else."""

import mmap
import os
import sys
from pathlib import Path

from benchmarks.children.night_noop import watched, weight_files


def test_a_mapped_and_an_opened_weight_file_count_and_other_files_do_not(tmp_path: Path):
    weights, opened, table = (tmp_path / name for name in ("model.safetensors", "model.gguf", "words.json"))
    for path in (weights, opened, table):
        path.write_bytes(b"x" * 5000)
    with weights.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with mapped, opened.open("rb"), table.open("rb"):
        found = weight_files(os.getpid())
    assert {str(weights), str(opened)} <= found and str(table) not in found
    assert not any(Path(path).parent.name == "site-packages" and path.endswith(".pth") for path in found)


def test_what_a_child_of_the_command_maps_is_seen_and_the_status_is_the_commands(tmp_path: Path):
    weights = tmp_path / "模型.bin"
    weights.write_bytes(b"x" * 5000)
    inner = f"import mmap,time; f=open({str(weights)!r},'rb'); m=mmap.mmap(f.fileno(),0,access=1); time.sleep(1)"
    outer = f"import subprocess,sys; subprocess.run([sys.executable,'-c',{inner!r}]); sys.exit(3)"
    seconds, _, seen, status = watched([sys.executable, "-c", outer], dict(os.environ), tmp_path / "log")
    assert (str(weights) in seen, status) == (True, 3) and seconds > 1
