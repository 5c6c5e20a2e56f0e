"""The connection to a Neo4j server: queries in, records out, every failure as an error that says what to type."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pipelines.core.errors import QueryError, ServiceError
from pipelines.core.masked import without_user

if TYPE_CHECKING:
    import neo4j

_CONNECT_SECONDS, _RETRY_SECONDS = 5.0, 5.0
_HOW = "start it (docker compose up -d neo4j), correct NEO4J_URI, or unset NEO4J_URI to use the embedded store"
_MEMORY = "give the server more heap (server.memory.heap.max_size; a transaction takes up to 70 % of it)"
_ABOUT_THE_QUERY = ("Neo.ClientError.Statement.", "Neo.ClientError.Procedure.")


class PassingError(ServiceError):
    """The server is away, busy or restarting: what may be done twice can be tried again."""


class OutOfMemoryError(ServiceError):
    """The server has too little memory for one transaction."""


class Neo4jConnection:
    """One driver for one database; nothing is sent before the first query."""

    def __init__(self, uri: str, username: str, password: str, database: str) -> None:
        import neo4j

        self.database = database
        # An address may carry a password; what is shown does not.
        self.address = without_user(uri)
        self.name = f"NEO4J_URI {self.address}"
        try:
            self._driver = neo4j.GraphDatabase.driver(
                uri,
                auth=(username, password),
                connection_timeout=_CONNECT_SECONDS,
                connection_acquisition_timeout=2 * _CONNECT_SECONDS,
                max_transaction_retry_time=_RETRY_SECONDS,
                telemetry_disabled=True,
                notifications_min_severity="OFF",
            )
        except (neo4j.exceptions.DriverError, ValueError):
            raise ServiceError(
                f"NEO4J_URI {self.address}", "not an address of Neo4j", "bolt://host:7687 or neo4j+s://host", _HOW
            ) from None

    def verify(self) -> None:
        """Raise ServiceError unless the server answers, takes the credentials and has the database."""
        with self.session() as session:
            session.run("RETURN 1").consume()  # not retried: a person waits for the answer

    def read(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Return the records of one read query, retried while the server is merely busy."""
        with self.session() as session:
            return session.execute_read(lambda transaction: transaction.run(query, parameters).data())

    def read_between(self, mark: str, query: str, /, **parameters: Any) -> tuple[Any, list[dict[str, Any]], Any]:
        """Return the records of a query, and what another one finds before and after it in the same transaction."""

        def work(transaction: "neo4j.ManagedTransaction") -> tuple[Any, list[dict[str, Any]], Any]:
            before = transaction.run(mark).data()
            found = transaction.run(query, parameters).data()
            return before, found, transaction.run(mark).data()

        with self.session() as session:
            return session.execute_read(work)

    def read_only(
        self, query: str, most: int, seconds: float, mark: str = "RETURN 1"
    ) -> tuple[Any, tuple[list[str], list[list[Any]]], Any]:
        """Return the columns of a query from outside and its first records, their values as the driver has them, and
        what `mark` finds before and after it.

        The server lets it read and nothing else, and ends it after `seconds`. QueryError with the server's words.
        """
        import neo4j

        session = self._driver.session(database=self.database, default_access_mode=neo4j.READ_ACCESS, fetch_size=most)
        with self.errors(), session, session.begin_transaction(timeout=seconds) as transaction:
            try:
                before = transaction.run(mark).data()  # type: ignore[arg-type]
                result = transaction.run(query)  # type: ignore[arg-type]  # guarded: resources.graph.cypher_guard
                found = list(result.keys()), [record.values() for record in result.fetch(most)]
                transaction.rollback()  # what was not fetched is not counted out either
                return before, found, self.read(mark)
            except neo4j.exceptions.ClientError as error:
                said, expected = f"{error.code}: {error.message}", "Cypher of Neo4j 5.26 that only reads"
                if "TimedOut" in (error.code or "") or "Terminated" in (error.code or ""):
                    said, expected = f"a query that took more than {seconds:g} seconds", "one that ends sooner"
                elif not (error.code or "").startswith(_ABOUT_THE_QUERY):
                    raise
                raise QueryError("the Cypher statement", said, expected, "write it again") from None

    def write(self, query: str, /, **parameters: Any) -> None:
        """Run one query in a transaction of its own, schema changes among them."""
        with self.session() as session:
            session.execute_write(lambda transaction: transaction.run(query, parameters).consume())

    def change(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run one query in a transaction of its own, retried while the server is busy, and return its records.

        Where the server breaks off it may have been done: only for what may be done twice.
        """
        with self.session() as session:
            return session.execute_write(lambda transaction: transaction.run(query, parameters).data())

    @contextmanager
    def session(self) -> Iterator["neo4j.Session"]:
        """Open a session; whatever the server or the network refuses becomes a ServiceError."""
        with self.errors(), self._driver.session(database=self.database) as session:
            yield session

    def begin(self) -> "OpenTransaction":
        """Begin a transaction that stays open until its `commit` or `abandon`."""
        with self.errors():
            return OpenTransaction(self, self._driver.session(database=self.database))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise what the server or the network refuses as ServiceError."""
        import neo4j.exceptions as refused

        where = self.name
        try:
            yield
        except refused.AuthError:
            raise ServiceError(
                where,
                "user name or password refused",
                "credentials of that server",
                "set NEO4J_USERNAME and NEO4J_PASSWORD (environment or .env)",
            ) from None
        except refused.Neo4jError as error:
            if "DatabaseNotFound" in (error.code or ""):
                found = f"no database {self.database!r}"
                raise ServiceError(where, found, "an existing database", "set NEO4J_DATABASE=neo4j") from None
            if "OutOfMemory" in (error.code or ""):
                raise OutOfMemoryError(where, f"{error.code}: {error.message}", "more memory", _MEMORY) from error
            if isinstance(error, refused.TransientError | refused.DatabaseUnavailable):
                raise PassingError(where, f"{error.code}: {error.message}", "a server that is ready", _HOW) from error
            raise ServiceError(
                where, f"{error.code}: {error.message}", "Neo4j 5.26 that takes this query", "graftline doctor"
            ) from error
        except (refused.DriverError, OSError, ValueError) as error:
            # The driver's text may repeat the address as it was given.
            raise PassingError(where, f"no answer ({type(error).__name__})", "a running Neo4j", _HOW) from None

    def close(self) -> None:
        """Close the driver's connections."""
        self._driver.close()


class OpenTransaction:
    """A transaction whose work nobody sees before `commit`, and which others may get ready during."""

    def __init__(self, connection: Neo4jConnection, session: "neo4j.Session") -> None:
        self._connection, self._session = connection, session
        self._transaction = session.begin_transaction()

    def run(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run one query and return its records."""
        with self._connection.errors():
            return self._transaction.run(query, parameters).data()

    def commit(self) -> None:
        """Make all of it public at once; ServiceError where the server refuses, or breaks off and may have done it."""
        with self._connection.errors():
            self._transaction.commit()
            self._session.close()

    def abandon(self) -> None:
        """Undo all of it, unless it is committed; a server that is gone undoes it by itself."""
        with suppress(ServiceError), self._connection.errors():
            self._transaction.close()
            self._session.close()
