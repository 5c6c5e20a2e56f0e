"""Swap: how documents are cut. GRAFTLINE_CHUNKER names a strategy, GRAFTLINE_CHUNK_TOKENS the size.

python examples/another_chunker.py [STRATEGY TOKENS]
"""

import sys

from small_world import run, small_world

if __name__ == "__main__":
    strategy, tokens = sys.argv[1:3] or ("structure", "24")
    with small_world(GRAFTLINE_CHUNKER=strategy, GRAFTLINE_CHUNK_TOKENS=tokens) as root:
        run("documents,chunks")
        from resources.tables.tables import TableStore

        for chunk in TableStore(root / "home" / "tables").read("chunks").to_pylist():
            print(f"{chunk['path']} {chunk['start']}–{chunk['end']}, {chunk['tokens']} tokens")
