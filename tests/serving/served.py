"""A server of a house in a thread of this process, for clients that need an address."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.commands.ui import free_port
from pipelines.serving.app import create_app
from resources.tables.tables import TableStore
from tests.serving.test_server import House


@contextmanager
def served(house: House, home: Path) -> Iterator[str]:
    import uvicorn

    app = create_app(house.warm, TableStore(home / "tables"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=free_port(0), log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    thread.join()
