"""What a training takes of its machine, sampled while it runs: processor, memory and GPUs."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil

FILE = "system.jsonl"
_EVERY_SECONDS = 2.0
_SAMPLES = 500  # after so many the distance between samples grows, so that a long training keeps a short file
_QUERY = ["--query-gpu=utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"]


class SystemSampler:
    """Appends a line of figures to `path` every two seconds or more, whenever it is called in between."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = len(read_samples(path.parent))
        self.started = time.monotonic()
        self.last = -_EVERY_SECONDS
        psutil.cpu_percent()  # the first call only sets the mark from which the next one counts

    def __call__(self) -> None:
        passed = time.monotonic() - self.started
        if passed - self.last < max(_EVERY_SECONDS, passed / _SAMPLES):
            return
        self.last = passed
        row = {"sample": self.count, "time": int(time.time() * 1000), "seconds": passed, **machine_now(), **gpus_now()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.count += 1


def machine_now() -> dict[str, float]:
    """Return processor use (%, all cores: 100), the machine's used memory, and this process's children's (10^6 bytes).

    Named as MLflow names its own system metrics where it has them.
    """
    memory = psutil.virtual_memory()
    return {
        "cpu_utilization_percentage": psutil.cpu_percent(),
        "system_memory_usage_megabytes": memory.used / 1e6,
        "system_memory_usage_percentage": memory.percent,
        "training_memory_megabytes": _children_bytes() / 1e6,
    }


def gpus_now() -> dict[str, float]:
    """Return each GPU's use (%) and used memory as nvidia-smi tells them; {} where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return {}
    try:
        answer = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return parse_gpus(answer)


def parse_gpus(text: str) -> dict[str, float]:
    """Return the figures of nvidia-smi's lines `utilisation, used MiB, total MiB`; what it can't tell is left out."""
    found: dict[str, float] = {}
    for number, line in enumerate(text.strip().splitlines()):
        cells = [cell.strip() for cell in line.split(",")]
        names = (f"gpu_{number}_utilization_percentage", f"gpu_{number}_memory_usage_mebibytes")
        found |= {name: float(cell) for name, cell in zip(names, cells, strict=False) if cell.isdigit()}
    return found


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """Return the samples of a training in order; [] where none were taken."""
    path = folder / FILE
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _children_bytes() -> int:
    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.Error:  # it has just ended
            continue
    return total
