"""LLaMA-Factory's own training, as `llamafactory-cli train` runs it on one device, with a recorder as callback."""

import importlib.machinery
import importlib.util
import json
import sys
import types

if not importlib.util.find_spec("torchaudio"):
    # LLaMA-Factory imports it even for text, and its wheel may not fit a CPU torch: an empty one stands in for it.
    absent = types.ModuleType("torchaudio")
    absent.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = absent

from llamafactory.train.tuner import run_exp
from recorder import Recorder

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    run_exp(spec["arguments"], callbacks=[Recorder(spec["record"], packed=spec["check_isolation"])])
