"""The packaged embedder as a folder that every library loads. Arguments: where it goes; the last line is what to use.

The last line is JSON: {"model": the folder, "before": what stands before a document, "home": of what its counts need}.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from resources.embedding.local import SentenceEmbedder
from resources.embedding.model_folder import prompt_before
from resources.embedding.packed_e5 import PackedE5Files


def plain_folder(files: PackedE5Files, place: Path) -> Path:
    """Write the packed model as transformers saves a BertModel, its numbers in float32."""
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    weights, config = files.packed.weights(), dict(files.packed.config)
    words = "embeddings.word_embeddings.weight"
    model = BertModel(BertConfig(**{key: value for key, value in config.items() if key != "model_type"}), False)
    model.load_state_dict(weights | {words: weights[words].whole()}, strict=False)  # position_ids are no weights
    model.save_pretrained(place)
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    PreTrainedTokenizerFast(
        tokenizer_object=files.tokenizer(), model_max_length=files.longest_input, **special
    ).save_pretrained(place)
    return place


if __name__ == "__main__":
    place = Path(sys.argv[1])
    files = SentenceEmbedder(place.parent).files
    folder = plain_folder(files, place) if isinstance(files, PackedE5Files) else files.folder
    before = prompt_before("document", files.prompts) or ""
    print(json.dumps({"model": str(folder), "before": before, "home": str(place.parent)}))
