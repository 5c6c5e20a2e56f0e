"""One preparation of an instruction folder, in its own process: prints {"seconds", "digest"} as its last line."""

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from pipelines.finetune import dataset, instructions


def prepare(folder: Path, home: Path) -> dict[str, Any]:
    """Return the record of the prepared dataset, with the digest of all that is in it."""
    return dataset.build_dataset(instructions.load_instructions(folder).rows, home)


if __name__ == "__main__":
    import datasets  # noqa: F401  # loading it belongs to the start-up, which is timed apart

    started = time.monotonic()
    record = prepare(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"seconds": time.monotonic() - started, "digest": record["digest"]}))
