"""One preparation of an instruction folder, in its own process: prints {"seconds", "digest"} as its last line."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from pipelines.finetune.preparation import prepare

if __name__ == "__main__":
    import datasets  # noqa: F401  # loading it belongs to the start-up, which is timed apart

    started = time.monotonic()
    record = prepare(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"seconds": time.monotonic() - started, "digest": record["digest"]}))
