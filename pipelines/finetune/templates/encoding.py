"""The rows that a recipe trains on, as token ids; kept on disk by what they are made of."""

import inspect
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.core.identity import code_version, content_id, file_digest, json_digest
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.wanted_rows import kind_of
from pipelines.finetune.templates.masking import LEFT_OUT, template_digest


@dataclass(frozen=True)
class RowEncoding:
    """How a stage makes token ids of a stored row.

    `encode(row, tokenizer, recipe)` returns lists of ids by name and under LEFT_OUT, as words of one text, what of the
    row is not learned or not in the text; `has_loss` says whether such a row teaches anything, and `keys` are the
    recipe's keys that `encode` looks at.
    """

    encode: Callable[[Mapping[str, Any], Any, Recipe], dict[str, Any]]
    has_loss: Callable[[Mapping[str, list[int]]], bool]
    keys: tuple[str, ...]


def chosen_rows(rows: Any, recipe: Recipe, names: str | None, most: int | None = None) -> Any:
    """Return the rows of the recipe's stage and datasets; of each dataset the first max_samples (or `most` in all)."""
    kind = kind_of(recipe)
    columns = set(rows.column_names)
    wanted = {name.strip() for name in (names or "").split(",") if name.strip()}
    counts: dict[str, int] = {}
    kept: list[int] = []
    kinds = rows["kind"] if "kind" in columns else [kind] * len(rows)
    datasets = rows["dataset"] if "dataset" in columns else [""] * len(rows)
    for place, (row_kind, dataset) in enumerate(zip(kinds, datasets, strict=True)):
        known = not wanted or "dataset" not in columns or dataset in wanted
        if row_kind != kind or not known or (most is not None and len(kept) >= most):
            continue
        counts[dataset] = counts.get(dataset, 0) + 1
        if most is None and recipe.max_samples and counts[dataset] > recipe.max_samples:
            continue
        kept.append(place)
    return rows.select(kept)


def tokens_of(
    rows: Any,
    tokenizer: Any,
    recipe: Recipe,
    encoding: RowEncoding,
    cache: Path,
    place_of: Callable[[str], str] = "row {}".format,
) -> tuple[Any, Counter[str]]:
    """Return the rows as the token ids that the stage's `encoding` makes of them, and how much of what they leave out.

    Cached on disk by rows, tokenizer, template, stage, the encoding's keys and code. Rows that keep no token with loss
    are left out: len(rows) - len(result) of them. InputError names a row that can't be encoded by the place of its id.
    """

    def encode(row: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, Any]:
        try:
            return encoding.encode(row, tokenizer, recipe)
        except InputError as error:
            where = f"{place_of(row['row_id'])}: {error.where}" if row.get("row_id") else error.where
            raise InputError(where, error.found, error.expected, error.fix) from error

    cache.mkdir(parents=True, exist_ok=True)
    options = [recipe.stage, *(f"{key}={getattr(recipe, key)}" for key in encoding.keys)]
    key = content_id("tokens", rows._fingerprint, tokenizer_digest(tokenizer), *options, _code_of(encoding))
    encoded = rows.map(
        encode,
        fn_kwargs={"tokenizer": tokenizer, "recipe": recipe},
        remove_columns=rows.column_names,
        cache_file_name=str(cache / f"{key}.arrow"),
        new_fingerprint=key,
    )
    kept = encoded.filter(
        encoding.has_loss, cache_file_name=str(cache / f"{key}-kept.arrow"), new_fingerprint=f"{key}kept"
    )
    if LEFT_OUT not in encoded.column_names:
        return kept, Counter()
    return kept.remove_columns(LEFT_OUT), Counter(word for words in encoded[LEFT_OUT] for word in words.split())


def tokenizer_digest(tokenizer: Any) -> str:
    """Return the digest of all by which a tokenizer makes ids of a conversation: words, added tokens and template."""
    parts = [type(tokenizer).__qualname__, template_digest(tokenizer), len(tokenizer)]
    parts.append(json_digest(getattr(tokenizer, "special_tokens_map", {})))
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        state = json.loads(backend.to_str())
        return json_digest([*parts, {name: state[name] for name in state if name not in ("padding", "truncation")}])
    vocabulary = tokenizer.get_vocab() if hasattr(tokenizer, "get_vocab") else {}
    files = [getattr(tokenizer, name, None) for name in getattr(tokenizer, "vocab_files_names", {})]
    return json_digest([*parts, vocabulary, [file_digest(Path(file)) for file in files if file]])


def _code_of(encoding: RowEncoding) -> str:
    """Return the digest of the code that renders, masks and tokenises, and of the packages that it does so with."""
    sources = [inspect.getsource(function) for function in (encoding.encode, encoding.has_loss)]
    packages = [f"{name} {version(name)}" for name in ("transformers", "tokenizers", "jinja2")]
    return code_version(Path(__file__).parent, *sources, *packages)
