"""A server process over the small world whose model obeys every attack: server_child.py HOME PORT."""

import sys
from pathlib import Path

import pyarrow as pa
import uvicorn

from pipelines.core.schemas import DOCUMENTS
from pipelines.serving.app import create_app
from resources.tables.tables import TableStore
from tests.adversarial.attacks import FORGED
from tests.answering.world import TEXTS
from tests.serving.test_server import House, Writing

if __name__ == "__main__":
    tables = TableStore(Path(sys.argv[1]) / "tables")
    empty = {name: None for name in DOCUMENTS.names}
    rows = [empty | {"document_id": path, "path": path, "title": path, "text": text} for path, text in TEXTS.items()]
    tables.write("documents", pa.Table.from_pylist(rows, schema=DOCUMENTS))
    app = create_app(House(Writing(lambda messages: FORGED)).warm, tables)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
