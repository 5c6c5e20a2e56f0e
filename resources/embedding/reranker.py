"""The cross-encoder that GRAFTLINE_RERANKER names: a sentence-transformers model, in safetensors, without own code."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.core.checkpoints.whole import safetensors_header
from pipelines.core.errors import ConfigurationError
from resources.embedding import model_folder
from resources.file_digests import FileDigests
from resources.settings import Settings

_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_BATCH = 16


class CrossEncoderReranker:
    """Judges pairs of question and passage; the model is loaded when first used."""

    def __init__(self, home: Path, model: str) -> None:
        self._home, self._model = home, model

    @functools.cached_property
    def name(self) -> str:
        """Model and revision, the revision from the model's files."""
        return f"{Path(self._model).name}@{model_folder.revision(self.folder, FileDigests.of_home(self._home))}"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score a text, higher is better."""
        if not texts:
            return []
        pairs = [(question, text) for text in texts]
        return [float(value) for value in self._encoder.predict(pairs, batch_size=_BATCH, show_progress_bar=False)]

    @functools.cached_property
    def _encoder(self) -> Any:
        from sentence_transformers import CrossEncoder

        folder = self.folder
        if not list(folder.rglob("*.safetensors")):
            raise self._refused("weights that are not safetensors")
        if "auto_map" in (folder / "config.json").read_text(encoding="utf-8"):
            raise self._refused("code of its own")
        for file in folder.rglob("*.safetensors"):
            safetensors_header(file)
        return CrossEncoder(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            num_labels=1,
            model_kwargs={"use_safetensors": True},
        )

    @functools.cached_property
    def folder(self) -> Path:
        """The model's folder, fetched from the hub into the home where the machine does not have it."""
        folder = Path(self._model).expanduser()
        if folder.is_dir():
            return folder
        from huggingface_hub import snapshot_download

        cache, reason = self._home / "models" / "hub", ""
        for options in ({"local_files_only": True}, {"cache_dir": cache}):
            try:
                return Path(snapshot_download(self._model, allow_patterns=_FILES, **options))  # type: ignore[arg-type]
            except Exception as error:  # no such name, no network, no such model: the last one tells
                reason = " ".join(str(error).split())[:160]
        raise self._refused(f"neither a folder nor a model on this machine; the hub says: {reason}")

    def _refused(self, found: str) -> ConfigurationError:
        return ConfigurationError(
            "GRAFTLINE_RERANKER",
            f"{self._model}: {found}",
            "a sentence-transformers cross-encoder in safetensors",
            "unset GRAFTLINE_RERANKER, or give a folder or a hub name such as BAAI/bge-reranker-v2-m3",
        )


def open_reranker(settings: Settings) -> CrossEncoderReranker | None:
    """Return the cross-encoder that the settings name, or None."""
    return CrossEncoderReranker(settings.home, settings.reranker) if settings.reranker else None
