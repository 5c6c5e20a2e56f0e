"""The one exception family: what was found, what was expected, what to type next."""

from dataclasses import dataclass

from pipelines.core.masked import masked


class GraftlineError(Exception):
    """An error a person can act on: where, what was found, what was expected and the next command."""

    def __init__(self, where: str, found: str, expected: str, fix: str) -> None:
        where, found, expected, fix = map(masked, (where, found, expected, fix))
        super().__init__(f"{where}: found {found}; expected {expected}. Next: {fix}")
        self.where, self.found, self.expected, self.fix = where, found, expected, fix


class InputError(GraftlineError):
    """A file, row or recipe that cannot be used as it is."""


class ConfigurationError(GraftlineError):
    """A setting that is missing, unknown or contradicts another."""


class ServiceError(GraftlineError):
    """An outside system (Neo4j, MLflow, a language model) that does not answer or refuses."""


class QueryError(GraftlineError):
    """A query that a store refuses or cannot run, written for it from outside: it may be written again."""


class NotMaterializedError(GraftlineError):
    """A stage that needs what an earlier stage has not produced yet."""


@dataclass(frozen=True)
class Problem:
    """One rejected input, as a ledger row: the good rows go on, this one is listed.

    `row` counts from 1 in the file (0: the file as a whole).
    """

    file: str
    row: int
    found: str
    expected: str
    fix: str

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{place}: found {self.found}; expected {self.expected}. Next: {self.fix}"
