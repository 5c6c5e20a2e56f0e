"""Child process: log a checkpoint as an MLflow model and register it, with no hub in reach and no memory kept."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.core.child_process import read_spec

_REQUIREMENTS = ("transformers", "torch", "accelerate")
_NEVER_CALLED = ("peft", "bitsandbytes", "scipy", "sklearn", "triton", "torchvision")
"""Packages that MLflow and transformers import where they are installed: 1.4 of the child's 10 processor seconds."""
_CARD = "---\nlicense: other\n---\nMade by Graftline; the licence of its base model applies.\n"


def register(spec: dict[str, Any]) -> str:
    """Log spec["model"] under the run spec["run_id"] as a version of spec["name"]; return the version's number."""
    for name in _NEVER_CALLED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # to Python that is "not there"
    import mlflow
    from huggingface_hub import ModelCard

    with mlflow.start_run(run_id=spec["run_id"]):
        logged = mlflow.transformers.log_model(
            spec["model"],
            name="model",
            task="text-generation",
            registered_model_name=spec["name"],
            pip_requirements=[f"{name}=={version(name).split('+')[0]}" for name in _REQUIREMENTS],
            signature=_signature(),
            model_card=ModelCard(_CARD),  # without a card MLflow asks the hub for the base's
        )
    return str(logged.registered_model_version)


def _signature() -> Any:
    """Return text to text, with the one parameter that callers change."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    text, limit = Schema([ColSpec("string")]), ParamSpec("max_new_tokens", "long", 64)
    return ModelSignature(inputs=text, outputs=text, params=ParamSchema([limit]))


if __name__ == "__main__":
    specification = read_spec()
    number = register(specification)
    Path(specification["result"]).write_text(json.dumps({"version": number}), encoding="utf-8")
