"""A checkpoint as the GGUF file that llama.cpp reads: the one that lies beside it, or one that is written from it.

Written are the families whose tensors llama.cpp takes as they are but for their names (and the halves of Llama's query
and key, which it wants interleaved), with byte-level BPE. For others llama.cpp has its own `convert_hf_to_gguf.py`.
"""

import json
from pathlib import Path
from typing import Any

from pipelines.core.files import beside
from resources.engines.batch_engine import CannotRun, stop_token_ids

_FAMILIES = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}
_KINDS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "q8_0": "Q8_0", "q4_0": "Q4_0"}
_BLOCK = 32
"""Weights of q8_0 and q4_0 share a scale in blocks of so many."""
_NORMAL, _CONTROL, _USER = 1, 3, 4
"""llama.cpp's kinds of tokens."""


def gguf_of(model: Path, kind: str, folder: Path) -> Path:
    """Return a checkpoint's GGUF file, its matrices as `kind`; CannotRun where it has none and none can be made."""
    own = sorted(model.glob("*.gguf"))
    if own:
        return own[0]
    path = folder / f"{model.name}-{kind}.gguf"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with beside(path) as new:
            _write(model, kind, new)
    return path


def _write(model: Path, kind: str, path: Path) -> None:
    import gguf

    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    named = (config.get("architectures") or ["an architecture without a name"])[0]
    if named not in _FAMILIES:
        known = ", ".join(_FAMILIES)
        raise CannotRun(f"{named} is none of {known}; put the .gguf of llama.cpp's convert_hf_to_gguf.py into {model}")
    family = _FAMILIES[named]
    writer = gguf.GGUFWriter(path, family, use_temp_file=True)
    _add_shape(writer, config)
    _add_tokens(writer, model, int(config["vocab_size"]))
    names = gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, family.upper()), config["num_hidden_layers"])
    for name, values in _tensors(model):
        renamed = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if renamed is None:
            raise CannotRun(f"{named} has a tensor {name} that llama.cpp's {family} has not")
        if family == "llama" and name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = config["num_attention_heads" if "q_proj" in name else "num_key_value_heads"]
            values = interleaved(values, heads)
        matrix = values.ndim > 1 and not (kind.startswith("q") and values.shape[-1] % _BLOCK)
        to = getattr(gguf.GGMLQuantizationType, _KINDS[kind] if matrix else "F32")
        writer.add_tensor(renamed, gguf.quants.quantize(values, to), raw_dtype=to)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleaved(values: Any, heads: int) -> Any:
    """Return the rows of a query or key matrix as llama.cpp turns them: those of a head's halves by turns.

    >>> import numpy
    >>> interleaved(numpy.array([[0], [1], [2], [3]]), 1).ravel().tolist()
    [0, 2, 1, 3]
    """
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return halves.swapaxes(1, 2).reshape(values.shape)


def _add_shape(writer: Any, config: dict[str, Any]) -> None:
    heads = config["num_attention_heads"]
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    width = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_rope_dimension_count(width)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_vocab_size(config["vocab_size"])
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", "default") != "default":
        raise CannotRun(f"positions scaled by {rope['rope_type']}: convert it with llama.cpp's convert_hf_to_gguf.py")
    writer.add_rope_freq_base(rope.get("rope_theta") or config.get("rope_theta") or 10000.0)


def _add_tokens(writer: Any, model: Path, size: int) -> None:
    read = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    if read["model"]["type"] != "BPE" or read["model"].get("byte_fallback"):
        raise CannotRun("a tokenizer other than byte-level BPE: convert it with llama.cpp's convert_hf_to_gguf.py")
    by_id = {number: text for text, number in read["model"]["vocab"].items()}
    kinds = dict.fromkeys(by_id, _NORMAL)
    for added in read.get("added_tokens", []):
        by_id[added["id"]] = added["content"]
        kinds[added["id"]] = _CONTROL if added["special"] else _USER
    merges = [one if isinstance(one, str) else " ".join(one) for one in read["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    # How text is divided before BPE; nothing here sends it text.
    writer.add_tokenizer_pre("default")
    writer.add_token_list([by_id.get(number, f"[PAD{number}]") for number in range(size)])
    writer.add_token_types([kinds.get(number, 5) for number in range(size)])
    writer.add_token_merges(merges)
    ends = stop_token_ids(model)
    if ends:
        writer.add_eos_token_id(ends[0])
    if len(ends) > 1:
        writer.add_eot_token_id(ends[1])
    writer.add_add_bos_token(False)


def _tensors(model: Path) -> Any:
    import torch
    from safetensors import safe_open

    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, "pt") as stored:
            for name in stored.keys():  # noqa: SIM118 - not a dictionary
                if not name.endswith("rotary_emb.inv_freq"):
                    yield name, stored.get_tensor(name).to(torch.float32).numpy()
