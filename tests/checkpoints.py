"""A checkpoint's folder of a few bytes: whole in every file that is looked at before it is loaded."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def write_safetensors(path: Path, names: Sequence[str], fill: int = 0) -> None:
    """Write weights of two bytes each."""
    entries = {name: {"dtype": "F16", "shape": [1], "data_offsets": [2 * n, 2 * n + 2]} for n, name in enumerate(names)}
    header = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes([fill]) * 2 * len(names))


def write_checkpoint(folder: Path, sharded: bool = False, words: int = 8, rows: int = 10) -> Path:
    """Write a whole checkpoint, its weights in one file or in two with their index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"vocab_size": rows}))
    if sharded:
        for shard, name in zip(SHARDS, ("first", "second"), strict=True):
            write_safetensors(folder / shard, [name])
        index = {"weight_map": dict(zip(("first", "second"), SHARDS, strict=True))}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    else:
        write_safetensors(folder / "model.safetensors", ["first", "second"])
    tokenizer = {"model": {"vocab": {f"w{n}": n for n in range(words)}}, "added_tokens": [{"content": "<s>"}]}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s>"}))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder
