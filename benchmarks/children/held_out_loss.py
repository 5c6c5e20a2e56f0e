"""One evaluator for every adapter: the loss of the answers' tokens on rows that nobody trained on, in float32."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from peft import PeftModel  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

from pipelines.finetune.templates.masking import IGNORED, encode_conversation  # noqa: E402

_BATCH = 8


def encoded(tokenizer, path):
    """Return (place, ids and labels) of the rows under the checkpoint's own chat template, the longest first."""
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").split("\n") if line]
    pairs = [
        encode_conversation(
            tokenizer,
            [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["answer"]}],
            2048,
        )
        for row in rows
    ]
    return sorted(enumerate(pairs), key=lambda pair: -len(pair[1]["input_ids"]))


def losses(model, rows):
    """Return each row's summed cross-entropy over its tokens with a label, in nats, and their number, by place."""
    sums, counts = [0.0] * len(rows), [0] * len(rows)
    for start in range(0, len(rows), _BATCH):
        places, batch = zip(*rows[start : start + _BATCH], strict=True)
        width = len(batch[0]["input_ids"])
        ids = torch.tensor([row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in batch])
        mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in batch])
        labels = torch.tensor([row["labels"] + [IGNORED] * (width - len(row["labels"])) for row in batch])[:, 1:]
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        with torch.no_grad():
            states = inner.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[:, :-1]
            counted = labels != IGNORED
            values = cross_entropy(inner.lm_head(states[counted]), labels[counted], reduction="none").double()
        parts = torch.zeros(len(batch), dtype=torch.float64).index_add_(0, counted.nonzero()[:, 0], values)
        for place, part, count in zip(places, parts.tolist(), counted.sum(1).tolist(), strict=True):
            sums[place], counts[place] = part, count
    return sums, counts


if __name__ == "__main__":
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = encoded(AutoTokenizer.from_pretrained(spec["base"]), spec["rows"])
    found, by_row = {}, {}
    for name, adapter in spec["adapters"].items():
        model = AutoModelForCausalLM.from_pretrained(spec["base"], dtype=torch.float32).eval()
        if adapter:
            model = PeftModel.from_pretrained(model, adapter).eval()
        sums, counts = losses(model, rows)
        found[name] = sum(sums) / sum(counts)
        by_row[name] = [part / count for part, count in zip(sums, counts, strict=True)]
    Path(spec["output"]).write_text(
        json.dumps({"losses": found, "by_row": by_row, "tokens": sum(counts), "rows": len(rows)}), encoding="utf-8"
    )
