"""What a training starts from: a model on disk, known to others by its hub name."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BaseModel:
    """A base model: its folder, the name others know it by, and a revision made of all that it holds.

    The revision is of weights, configuration, tokenizer and chat template (`core.checkpoints`).

    `hub_revision` is the hub's commit where the files came from there, else None.
    """

    path: Path
    hub_name: str
    revision: str
    hub_revision: str | None = None
