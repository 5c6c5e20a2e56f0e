"""What transformers would have said at each token of an engine's answers, looked at once for the same answers."""

from typing import Any, Protocol

import pyarrow as pa

from pipelines.core.identity import json_digest
from pipelines.finetune.evaluation.answers import Engine, ModelFolder

_CODE_VERSION = "1"


class RecordStore(Protocol):
    """Digests and JSON records by name; `resources.tables.tables.TableStore`."""

    def digest(self, name: str) -> str | None: ...

    def read_record(self, name: str) -> dict[str, Any]: ...

    def write_record(self, name: str, record: dict[str, Any], digest: str) -> str: ...


def transformers_choices(
    twice: pa.Table, model: ModelFolder, recipe: str, engine: Engine, store: RecordStore
) -> dict[str, list[list[int]]]:
    """Return by dtype transformers' likeliest tokens at the places of `adapter_ids` after `prompt_ids` (tokens)."""
    prompts, answers = twice["prompt_ids"].to_pylist(), twice["adapter_ids"].to_pylist()
    name, key = f"transformers_choices/{recipe}", json_digest([model.digest, prompts, answers, _CODE_VERSION])
    if store.digest(name) != key:
        found = engine.choices(model.path, prompts, answers) if prompts else {"float32": [], "bfloat16": []}
        store.write_record(name, found, key)
    return store.read_record(name)
