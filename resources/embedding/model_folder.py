"""What the files of a sentence-transformers model say of it, without loading it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.core.checkpoints.whole import safetensors_header
from pipelines.core.errors import ConfigurationError
from resources.file_digests import FileDigests

_DIGESTED = (".json", ".txt", ".model", ".safetensors", ".onnx", ".onnx_data")
_NO_LIMIT = 1 << 30
"""Tokenizers without a limit name a number of thirty digits."""
_PROMPTS = {"query": ("query",), "document": ("document", "passage")}
"""Names under which models keep their prompts: E5 has passages, Qwen3-Embedding queries alone."""


def vector_length(folder: Path) -> int:
    """Return the numbers in a vector: those of the last module that says so, else of the transformer."""
    for module in reversed(read_json(folder / "modules.json", default=[])):
        config = read_json(folder / module["path"] / "config.json", default={}) if module["path"] else {}
        for key in ("out_features", "embedding_dimension", "word_embedding_dimension"):
            if key in config:
                return int(config[key])
    return int(read_json(folder / "config.json")["hidden_size"])


def longest_input(folder: Path) -> int | None:
    """Return the most tokens that the model reads, the special ones among them; None where no file says so.

    As sentence-transformers has it: its own setting, else the tokenizer's limit, at most one position a token.
    """
    modules = read_json(folder / "modules.json", default=[])
    transformer = folder / (modules[0]["path"] if modules else "")
    for file in sorted(transformer.glob("sentence_*_config.json")):
        if stated := read_json(file).get("max_seq_length"):
            return int(stated)
    limits = [
        read_json(transformer / "tokenizer_config.json", default={}).get("model_max_length"),
        read_json(transformer / "config.json", default={}).get("max_position_embeddings"),
    ]
    return min((int(limit) for limit in limits if limit and 0 < limit < _NO_LIMIT), default=None)


def prompts(folder: Path) -> dict[str, str]:
    """Return what the model puts before its inputs, by the prompts' names."""
    return read_json(folder / "config_sentence_transformers.json", default={}).get("prompts") or {}


def prompt_before(kind: str, known: Mapping[str, str | None]) -> str | None:
    """Return what stands before a `query` or a `document`, None where that is nothing."""
    return next((known[name] for name in _PROMPTS[kind] if known.get(name)), None)


def revision(folder: Path, digests: FileDigests) -> str:
    """Return a digest of the model's files: every byte of them, in whatever form the weights are."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _DIGESTED:
            digest.update(f"{path.relative_to(folder).as_posix()}:{digests.sha256(path)}\n".encode())
    return digest.hexdigest()


def checked(folder: Path, model: str) -> Path:
    """Return the folder; an error for a model that would run code of its own or read pickles, or is not whole."""
    modules = read_json(folder / "modules.json", default=[])
    foreign = [module["type"] for module in modules if not module["type"].startswith("sentence_transformers.")]
    weights = {file.parent for file in folder.rglob("*.safetensors")}
    pickled = [file for file in folder.rglob("pytorch_model*.bin") if file.parent not in weights]
    found = ""
    if not (folder / "config.json").exists():
        found = "a folder without config.json"
    elif foreign:
        found = f"code of its own ({foreign[0]})"
    elif not weights or pickled:
        found = "weights that are not safetensors"
    if found:
        raise ConfigurationError(
            "EMBEDDING_MODEL",
            f"{model}: {found}",
            "a sentence-transformers model in safetensors, without own code",
            "unset EMBEDDING_MODEL for the packaged multilingual-e5-small, or save the model with "
            "SentenceTransformer.save_pretrained",
        )
    for file in folder.rglob("*.safetensors"):
        safetensors_header(file)
    return folder


def read_json(path: Path, default: Any = None) -> Any:
    """Return a JSON file's value, or the default where there is no such file."""
    if not path.exists() and default is not None:
        return default
    return json.loads(path.read_text(encoding="utf-8"))
