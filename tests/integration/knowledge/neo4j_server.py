"""A Neo4j server of a test's own: started, stopped, killed and asked to import by the script that names it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from resources.graph.neo4j_store import Neo4jGraphStore

SCRIPT = os.environ.get("GRAFTLINE_TEST_NEO4J_SERVER", "")
needs_server = pytest.mark.skipif(not SCRIPT, reason="needs GRAFTLINE_TEST_NEO4J_SERVER: start, stop, kill, admin")


class Server:
    """One server below a folder; its port stays the same when it is started again."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home, self.options = home, options
        self.port, self.password = "0", ""

    def start(self) -> None:
        told = self.run("start", str(self.home), "--bolt-port", self.port, "--http-port", "0", *self.options)
        self.port = re.search(r"NEO4J_URI=bolt://\S+:(\d+)", told)[1]  # type: ignore[index]
        self.password = re.search(r"NEO4J_PASSWORD=(\S+)", told)[1]  # type: ignore[index]

    def stop(self) -> None:
        self.run("stop", str(self.home))

    def kill(self) -> None:
        self.run("kill", str(self.home))

    def admin(self, *words: str, folder: Path) -> None:
        self.run("admin", str(self.home), *words, folder=folder)

    def store(self) -> Neo4jGraphStore:
        return Neo4jGraphStore(f"bolt://127.0.0.1:{self.port}", "neo4j", self.password, "neo4j")

    def run(self, *words: str, folder: Path | None = None) -> str:
        done = subprocess.run([SCRIPT, *words], cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
