"""A night in which nothing changed, as a whole process: prints its seconds and the models that it loaded, as JSON.

Arguments: the home, and --first to do one night before, which takes in whatever did change. Models are counted from
outside: the weight files that any process of the night's tree has mapped or opened, by /proc (Linux only).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
WEIGHTS = (".safetensors", ".bin", ".gguf", ".onnx", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")
"""How the files that hold a model's weights end; a tokenizer or a table of words ends otherwise."""
_POLL_SECONDS = 0.02


def weight_files(pid: int) -> set[str]:
    """Return the weight files that a process has mapped or opened at this moment; none of one that has ended."""
    return {path for path in (*_mapped(pid), *_opened(pid)) if _is_weights(path.removesuffix(" (deleted)"))}


def _is_weights(path: str) -> bool:
    # A .pth of site-packages lists folders for Python.
    return path.endswith(WEIGHTS) and not (path.endswith(".pth") and Path(path).parent.name == "site-packages")


def _mapped(pid: int) -> Iterator[str]:
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        parts = line.split(maxsplit=5)
        if len(parts) == 6 and parts[5].startswith("/"):
            yield parts[5]


def _opened(pid: int) -> Iterator[str]:
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            try:
                yield os.readlink(entry.path)
            except OSError:
                continue
    except OSError:
        return


def watched(command: list[str], environment: dict[str, str], log: Path) -> tuple[float, float, set[str], int]:
    """Run a command to its end; return its seconds, those of the processor, the weight files seen, its exit status."""
    seen: set[str] = set()
    started, before = time.monotonic(), _used()
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        root = psutil.Process(child.pid)
        while child.poll() is None:
            try:
                tree = [child.pid, *(process.pid for process in root.children(recursive=True))]
            except psutil.Error:
                tree = [child.pid]
            for pid in tree:
                seen |= weight_files(pid)
            time.sleep(_POLL_SECONDS)
    return time.monotonic() - started, _used() - before, seen, child.returncode


def _used() -> float:
    times = os.times()
    return times.children_user + times.children_system


def main() -> int:
    """Print one JSON object: seconds, those of the processor, models loaded, weight files, status, log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--first", action="store_true", help="do one night before the one that is measured")
    options = parser.parse_args()
    home = options.home.resolve()
    environment = {**os.environ, "GRAFTLINE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command, log = [sys.executable, "-m", "pipelines.commands.cli", "night"], home / "work" / "night_noop.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if options.first:
        before = watched(command, environment, log)[3]
        if before:
            print(json.dumps({"seconds": None, "models_loaded": None, "status": before, "log": str(log)}))
            return before
    seconds, processor, seen, status = watched(command, environment, log)
    found = {
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "models_loaded": len(seen),
        "weight_files": sorted(seen),
    }
    print(json.dumps({**found, "status": status, "log": str(log)}))
    return status


if __name__ == "__main__":
    sys.exit(main())
