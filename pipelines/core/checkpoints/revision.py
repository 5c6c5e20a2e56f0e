"""One digest of all that a checkpoint's folder says: weights, configuration, tokenizer and chat template."""

import json
from collections.abc import Callable
from pathlib import Path

from pipelines.core.identity import content_id, file_digest

_READ_WITH_WEIGHTS = (".json", ".jinja", ".txt", ".model", ".tiktoken", ".py")
_ABOUT_A_RUN = ("graftline.json", "result.json")
"""What this program writes beside a checkpoint; it says nothing that the model reads."""
_INDEX = "model.safetensors.index.json"
_WHOLE = "model.safetensors"


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that are loaded, sorted: the one, else the index's shards, else all there are.

    Folders may hold the same weights a second time under other names (`consolidated.safetensors`).
    """
    if (folder / _WHOLE).exists():
        return [folder / _WHOLE]
    if (folder / _INDEX).exists():
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        return [folder / name for name in sorted(set(index["weight_map"].values()))]
    return sorted(folder.glob("*.safetensors"))


def configuration_digest(folder: Path) -> str:
    """Return the digest of all that is read beside the weights: configuration, tokenizer, templates, own code."""
    files = {
        path.relative_to(folder).as_posix(): path
        for path in [*folder.glob("*"), *folder.glob("*templates/*")]
        if path.suffix in _READ_WITH_WEIGHTS and path.name not in _ABOUT_A_RUN and path.is_file()
    }
    return content_id("configuration", *(part for name in sorted(files) for part in (name, file_digest(files[name]))))


def checkpoint_digest(folder: Path, weights: str = "", of: Callable[[Path], str] = file_digest) -> str:
    """Return the digest of a checkpoint; `weights` is what `weights_digest` says of it, where that is known."""
    return content_id("checkpoint", weights or weights_digest(folder, of), configuration_digest(folder))


def weights_digest(folder: Path, of: Callable[[Path], str] = file_digest) -> str:
    """Return the digest of the weights' files alone; `of` gives a file's, as `file_digest` does."""
    digests = [of(path) for path in weight_files(folder)]
    return digests[0] if len(digests) == 1 else content_id(*digests)
