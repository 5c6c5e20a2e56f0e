"""One evaluator for every adapter: the mean loss of the answers' tokens on rows that nobody trained on, in float32."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from peft import PeftModel  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

from pipelines.finetune.masking import IGNORED, encode  # noqa: E402

_BATCH = 8


def encoded(tokenizer, path):
    """Return the rows' ids and labels under the checkpoint's own chat template, the longest first."""
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").split("\n") if line]
    pairs = [
        encode(
            tokenizer,
            [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["answer"]}],
            2048,
        )
        for row in rows
    ]
    return sorted(pairs, key=lambda row: -len(row["input_ids"]))


def loss(model, rows):
    """Return the mean cross-entropy of all tokens with a label, in nats."""
    total, tokens = 0.0, 0
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        width = len(batch[0]["input_ids"])
        ids = torch.tensor([row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in batch])
        mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in batch])
        labels = torch.tensor([row["labels"] + [IGNORED] * (width - len(row["labels"])) for row in batch])[:, 1:]
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        with torch.no_grad():
            states = inner.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[:, :-1]
            counted = labels != IGNORED
            total += cross_entropy(inner.lm_head(states[counted]), labels[counted], reduction="sum").item()
        tokens += int(counted.sum())
    return total / tokens, tokens


if __name__ == "__main__":
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = encoded(AutoTokenizer.from_pretrained(spec["base"]), spec["rows"])
    found = {}
    for name, adapter in spec["adapters"].items():
        model = AutoModelForCausalLM.from_pretrained(spec["base"], dtype=torch.float32).eval()
        if adapter:
            model = PeftModel.from_pretrained(model, adapter).eval()
        found[name], tokens = loss(model, rows)
    Path(spec["output"]).write_text(
        json.dumps({"losses": found, "tokens": tokens, "rows": len(rows)}), encoding="utf-8"
    )
