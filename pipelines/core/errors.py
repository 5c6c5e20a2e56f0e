"""The one exception family: what was found, what was expected, what to type next."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pipelines.core.masked import masked

_LINE = 400
_CODE = Path(__file__).resolve().parents[2]
_REMEDIES = (
    (
        re.compile(r"OutOfMemory|MemoryError|out of memory|can't allocate memory|not enough memory", re.IGNORECASE),
        "take a smaller batch (per_device_train_batch_size), shorter texts (cutoff_len) or a smaller model",
    ),
    (
        re.compile(r"safetensors|SafetensorError|PytorchStreamReader"),
        "fetch the model's weights again: a file is not whole",
    ),
    (
        re.compile(r"^jinja2\.|TemplateError"),
        "correct the model's chat_template.jinja, or add template: chatml (or the model's own family) to the recipe",
    ),
    (
        re.compile(r"tokenizers|untagged enum|tokenizer\.json|SentencePiece", re.IGNORECASE),
        "fetch the model's tokenizer again (tokenizer.json and tokenizer_config.json)",
    ),
    (re.compile(r"^json\.|JSONDecodeError"), "correct the JSON, or write its file again"),
    (
        re.compile(r"^pyarrow\.|Parquet|lance error", re.IGNORECASE),
        "write that file again: it is not whole, or not of its kind",
    ),
    (re.compile(r"^PermissionError"), "give yourself the right to read and write it"),
    (re.compile(r"No space left|Errno 28|Disk quota"), "free disk space"),
)
"""Of the libraries' exceptions, written "module.Type: message": what a person can do."""


class GraftlineError(Exception):
    """An error a person can act on: where, what was found, what was expected and the next command."""

    def __init__(self, where: str, found: str, expected: str, fix: str) -> None:
        where, found, expected, fix = map(masked, (where, found, expected, fix))
        super().__init__(f"{where}: found {found}; expected {expected}. Next: {fix}")
        self.where, self.found, self.expected, self.fix = where, found, expected, fix


def of_library(error: BaseException, log: Path) -> tuple[str, str, str]:
    """Return found, expected and what to do of an exception that is not ours: one line, with the file that was at hand.

    `log` is where its traceback stands.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    file = _file_at_hand(error.__traceback__)
    found, remedy = library_line(f"{name}: {error}" if str(error).strip() else name)
    found += f" (while at work on {file})" if file and str(file) not in found else ""
    return found, "work that ends well", f"{remedy} (the traceback is in {log}), and run it again"


def library_line(text: str) -> tuple[str, str]:
    """Return the first line of a library's exception, written "module.Type: message", and what a person can do."""
    remedy = next((fix for pattern, fix in _REMEDIES if pattern.search(text)), "correct the cause")
    name, separator, message = text.strip().partition(": ")
    lines = message.strip().splitlines()
    return f"{name}{separator}{lines[0].strip()}"[:_LINE] if lines else name[:_LINE], remedy


def _file_at_hand(trace: TracebackType | None) -> Path | None:
    """Return the file that our own code, as near to the fault as can be, held by name."""
    found = None
    while trace is not None:
        frame = trace.tb_frame
        if Path(frame.f_code.co_filename).is_relative_to(_CODE):
            values = [*getattr(frame.f_locals.get("self"), "__dict__", {}).values(), *frame.f_locals.values()]
            held = [value for value in values if isinstance(value, Path) and value.is_file()]
            found = held[-1] if held else found
        trace = trace.tb_next
    return found


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
