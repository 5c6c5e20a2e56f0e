"""TRL's plain SFTTrainer: LoRA over prompt and completion, everything that the settings don't name as TRL has it."""

import json
import sys

import torch
from datasets import Dataset
from peft import LoraConfig
from recorder import Recorder
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer


def conversations(path):
    """Return the rows as TRL's conversational prompt and completion: its loss is then on the answer alone."""
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return Dataset.from_list(
        [
            {
                "prompt": [{"role": "user", "content": row["question"]}],
                "completion": [{"role": "assistant", "content": row["answer"]}],
            }
            for row in rows
        ]
    )


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    arguments = dict(spec["arguments"])
    weights = getattr(torch, arguments.pop("weights"))
    trainer = SFTTrainer(
        spec["base"],
        SFTConfig(**arguments, model_init_kwargs={"dtype": weights}),
        train_dataset=conversations(spec["rows"]),
        processing_class=AutoTokenizer.from_pretrained(spec["base"]),
        peft_config=LoraConfig(**spec["lora"]),
        callbacks=[Recorder(spec["record"], packed=spec["check_isolation"])],
    )
    trainer.train()
    trainer.model.save_pretrained(arguments["output_dir"])
