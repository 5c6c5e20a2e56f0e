"""Starts a file and a folder beside their places, says so, and waits to be killed."""

import sys
import time
from pathlib import Path

from pipelines.core.files import beside

if __name__ == "__main__":
    root = Path(sys.argv[1])
    with beside(root / "file.txt") as file, beside(root / "folder", folder=True) as folder:
        file.write_text("half", encoding="utf-8")
        (folder / "half.txt").write_text("half", encoding="utf-8")
        print("started", flush=True)
        time.sleep(60)
