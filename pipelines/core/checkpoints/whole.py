"""Whether a model's folder is whole: headers, lengths, the index and the tokenizer, looked at without loading it."""

import json
import re
import struct
from pathlib import Path
from typing import Any

from pipelines.core.checkpoints.revision import weight_files
from pipelines.core.errors import InputError, shell_command

_POINTER = b"version https://git-lfs"
_INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"(.+)-(\d+)-of-(\d+)\.safetensors")
_MOST_HEADER_BYTES = 100_000_000
"""As github.com/huggingface/safetensors has it."""
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.txt")
_LEAST_SHARE = 0.5
"""Of the model's rows, the share that a tokenizer names at least: tables are filled up to a round number, no more."""


def require_whole(folder: Path, hub_name: str = "") -> None:
    """InputError with what to type where a folder is no whole checkpoint; `hub_name` is where it was fetched from."""
    _Look(folder, hub_name).at_everything()


def safetensors_header(path: Path) -> dict[str, Any]:
    """Return the header of a safetensors file: name to {dtype, shape, data_offsets}; InputError where it isn't whole.

    Format: 8 bytes little-endian length, a JSON header, then the weights (github.com/huggingface/safetensors).
    """
    return _Look(path.parent).header(path)


class _Look:
    """A look at one folder."""

    def __init__(self, folder: Path, hub_name: str = "") -> None:
        self.folder, self.hub_name = folder, hub_name

    def at_everything(self) -> None:
        config = self._config()
        self._weights()
        self._tokenizer(config)

    def header(self, path: Path) -> dict[str, Any]:
        size = path.stat().st_size
        with path.open("rb") as file:
            self._require_no_pointer(path, file.read(len(_POINTER)))
            file.seek(0)
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= _MOST_HEADER_BYTES:
                raise self._broken(path, f"{size:,} bytes that don't begin as a safetensors file does")
            raw = file.read(length)
        try:
            header = json.loads(raw)
            end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
        except (ValueError, TypeError, KeyError, AttributeError):
            if len(raw) == length:
                raise self._broken(path, "a header that cannot be read") from None
            end = 0
        if size != 8 + length + end:
            raise self._broken(path, f"{size:,} bytes of the {8 + length + end:,} or more that its header announces")
        return header

    def _config(self) -> dict[str, Any]:
        if not (self.folder / "config.json").is_file():
            if (self.folder / "adapter_config.json").is_file():
                raise InputError(
                    str(self.folder),
                    "an adapter, without the model that it was trained on",
                    "a whole model",
                    "name the merged model's folder instead (graftline export merges an adapter)",
                )
            raise self._missing("config.json", "no config.json")
        return self._json(self.folder / "config.json")

    def _weights(self) -> None:
        index = self.folder / _INDEX
        names = self._json(index).get("weight_map") if index.exists() else None
        if index.exists() and not (isinstance(names, dict) and names):
            raise self._broken(index, "no weight_map")
        files = weight_files(self.folder)
        if not files:
            raise self._without_safetensors()
        for path in files:
            if not path.is_file():
                raise self._missing(path.name, f"no {path.name}, which {_INDEX} names")
        held = {name: path.name for path in files for name in self.header(path)}
        if names and files[0].name != "model.safetensors":
            lost = sorted(name for name, file in names.items() if held.get(name) != file)
            if lost:
                raise self._broken(self.folder / names[lost[0]], f"no weight {lost[0]}, which {_INDEX} says is in it")
        elif not index.exists():
            self._require_all_shards(files)

    def _require_all_shards(self, files: list[Path]) -> None:
        """Without an index, shards are known by their names; they are not loaded without it either."""
        for path in files:
            shard = _SHARD.fullmatch(path.name)
            if shard is None:
                continue
            stem, width = shard[1], len(shard[2])
            for number in range(1, int(shard[3]) + 1):
                name = f"{stem}-{number:0{width}}-of-{shard[3]}.safetensors"
                if not (self.folder / name).exists():
                    raise self._missing(name, f"no {name}")
            raise self._missing(_INDEX, f"shards without {_INDEX}")

    def _tokenizer(self, config: dict[str, Any]) -> None:
        for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json"):
            if (self.folder / name).exists():
                self._json(self.folder / name)
        fast = self.folder / "tokenizer.json"
        if fast.exists():
            self._require_fit(self._json(fast), config)
            return
        found = [self.folder / name for name in _TOKENIZERS if (self.folder / name).exists()]
        found += [path for path in self.folder.glob("*.tiktoken")]
        if (self.folder / "vocab.json").exists() and (self.folder / "merges.txt").exists():
            found.append(self.folder / "merges.txt")
        for path in found:
            with path.open("rb") as file:
                self._require_no_pointer(path, file.read(len(_POINTER)))
        own = self.folder / "tokenizer_config.json"
        if not found and not (own.exists() and "auto_map" in self._json(own)):
            raise self._missing("tokenizer*", "no tokenizer (tokenizer.json, tokenizer.model or a vocabulary)")

    def _require_fit(self, tokenizer: dict[str, Any], config: dict[str, Any]) -> None:
        """InputError for another model's tokenizer: one with words for few of the model's rows, or for more."""
        rows = (config.get("text_config") or config).get("vocab_size")
        vocabulary = (tokenizer.get("model") or {}).get("vocab")
        if not isinstance(rows, int) or not isinstance(vocabulary, dict | list):
            return
        words = set(vocabulary) if isinstance(vocabulary, dict) else {word for word, *_ in vocabulary}
        named = len(words | {added["content"] for added in tokenizer.get("added_tokens") or []})
        # Tokens that were added beyond the rows are given rows when training starts; words of the vocabulary never are.
        if named < rows * _LEAST_SHARE or len(words) > rows:
            raise self._missing(
                "tokenizer*",
                f"a tokenizer of {named:,} tokens beside a model of {rows:,}",
                "the model's own tokenizer",
            )

    def _without_safetensors(self) -> InputError:
        others = sorted(path.name for kind in ("*.bin", "*.pt", "*.pth", "*.gguf") for path in self.folder.glob(kind))
        found = f"no safetensors file{f' (but {others[0]})' if others else ''}"
        fix = "name another model in the recipe's model_name_or_path"
        if others and not others[0].endswith(".gguf"):
            fix = f"save it once with save_pretrained({str(self.folder)!r}, safe_serialization=True), or {fix}"
        return InputError(str(self.folder), found, "a checkpoint in safetensors form", fix)

    def _json(self, path: Path) -> dict[str, Any]:
        raw = path.read_bytes()
        self._require_no_pointer(path, raw)
        try:
            value = json.loads(raw)
        except ValueError:
            raise self._broken(path, f"{len(raw):,} bytes that are no JSON") from None
        if not isinstance(value, dict):
            raise self._broken(path, "JSON that is no object")
        return value

    def _require_no_pointer(self, path: Path, start: bytes) -> None:
        if start.startswith(_POINTER):
            raise InputError(
                str(path),
                "a Git LFS pointer in the file's place",
                "the file itself",
                shell_command("git", "-C", self.folder, "lfs", "pull"),
            )

    def _broken(self, path: Path, found: str) -> InputError:
        return InputError(str(path), found, "the whole file", self._fetch(path.name))

    def _missing(self, name: str, found: str, expected: str = "a whole checkpoint") -> InputError:
        return InputError(str(self.folder), found, expected, self._fetch(name))

    def _fetch(self, pattern: str) -> str:
        if self.hub_name:
            return shell_command("hf", "download", self.hub_name, "--include", pattern, "--force-download")
        command = shell_command("hf", "download", "MODEL", "--include", pattern, "--local-dir", self.folder)
        return f"copy it there from where the model came, or {command}"
