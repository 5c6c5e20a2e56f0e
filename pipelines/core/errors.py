"""The one exception family: what was found, what was expected, what to type next."""

import shlex
from dataclasses import dataclass

from pipelines.core.masked import masked


class GraftlineError(Exception):
    """An error a person can act on: where, what was found, what was expected and the next command."""

    def __init__(self, where: str, found: str, expected: str, fix: str) -> None:
        where, found, expected, fix = map(masked, (where, found, expected, fix))
        super().__init__(f"{where}: found {found}; expected {expected}. Next: {fix}")
        self.where, self.found, self.expected, self.fix = where, found, expected, fix


def shell_command(*words: object) -> str:
    """Return a command as a shell takes it, whatever paths and names stand in it.

    >>> shell_command("vllm", "serve", "/data/my model")
    "vllm serve '/data/my model'"
    """
    return shlex.join(str(word) for word in words)


def shell_setting(name: str, value: object) -> str:
    """Return NAME=value as a shell takes it.

    >>> shell_setting("LLM_MODEL", "模型 1")
    "LLM_MODEL='模型 1'"
    """
    return f"{name}={shlex.quote(str(value))}"


class InputError(GraftlineError):
    """A file, row or recipe that cannot be used as it is."""


class ConfigurationError(GraftlineError):
    """A setting that is missing, unknown or contradicts another."""


class ServiceError(GraftlineError):
    """An outside system (Neo4j, MLflow, a language model) that does not answer or refuses."""


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
