"""One connection for many threads; a file that was removed is made anew."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from resources.sqlite_file import SqliteFile


def prepare(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)")


def add(file: SqliteFile, number: int) -> int:
    with file.opened() as connection, connection:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        return id(connection)


def numbers(file: SqliteFile) -> list[int]:
    with file.opened() as connection:
        return sorted(row[0] for row in connection.execute("SELECT number FROM numbers"))


def test_threads_share_a_connection_and_lose_nothing(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "below" / "file.sqlite", prepare)
    with ThreadPoolExecutor(8) as pool:
        used = set(pool.map(lambda number: add(file, number), range(200)))
    assert len(used) == 1 and numbers(file) == list(range(200))
    assert numbers(SqliteFile(tmp_path / "below" / "file.sqlite", prepare)) == list(range(200))


def test_a_file_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    file = SqliteFile(path, prepare)
    add(file, 1)
    path.unlink()
    assert numbers(file) == []
    add(file, 2)
    assert numbers(file) == [2]
