"""Prints the counters of the latest materialisation of each asset named, as one JSON object."""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import dagster as dg  # noqa: E402

if __name__ == "__main__":
    os.environ.setdefault("DAGSTER_HOME", str(ROOT))
    found = {}
    with dg.DagsterInstance.get() as instance:
        for name in sys.argv[1:]:
            event = instance.get_latest_materialization_event(dg.AssetKey(name))
            metadata = event.asset_materialization.metadata if event and event.asset_materialization else {}
            found[name] = {
                key: entry.value for key, entry in metadata.items() if isinstance(entry, dg.IntMetadataValue)
            }
    print(json.dumps(found))
