"""One preparation of an instruction folder, in its own process: prints {"seconds", "digest"} as its last line.

Arguments: the folder of rows, the home, and --loaded to leave the import of pandas out of the seconds.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from pipelines.finetune.dataset.preparation import prepare

if __name__ == "__main__":
    if "--loaded" in sys.argv:
        import pandas  # noqa: F401  # Arrow loads it at the first array of numbers; Dagster's process has it already

    started = time.monotonic()
    record = prepare(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"seconds": time.monotonic() - started, "digest": record["digest"]}))
