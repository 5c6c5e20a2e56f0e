"""nano-graphrag over a folder of texts, as its README has it, its settings left as they are.

Arguments: the folder that it keeps, the folder of texts; OPENAI_BASE_URL and OPENAI_API_KEY are its client's. It can
add texts and delete none.
"""

import sys
from pathlib import Path

from nano_graphrag import GraphRAG

if __name__ == "__main__":
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(sys.argv[2]).glob("*.txt"))]
    GraphRAG(working_dir=sys.argv[1], always_create_working_dir=True).insert(texts)
