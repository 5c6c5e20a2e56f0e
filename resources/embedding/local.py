"""The embedding model that is run here: a packaged one, or any sentence-transformers folder or hub name."""

import functools
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.core.progress.progress import Progress
from pipelines.text.languages.languages import language_of
from resources.embedding import model_files
from resources.embedding.languages import Languages
from resources.embedding.model_folder import prompt_before
from resources.embedding.prompts import Prompts, are_there

_LOG = logging.getLogger("graftline")


class SentenceEmbedder:
    """Turns texts into normalised vectors; whatever else it says of itself comes without loading the model.

    `languages` go before what the model's card names, `prompts` before what its configuration and its card name.
    """

    def __init__(
        self,
        home: Path,
        model: str | None = None,
        dtype: str = "float32",
        languages: Languages | None = None,
        prompts: Prompts | None = None,
    ) -> None:
        self._home = home
        self._model = model
        self._dtype = dtype
        self._stated_languages, self._stated_prompts = languages, prompts
        self.computed = 0
        self._lock = threading.Lock()
        self._warned_of_unread = self._warned_of_cut = False

    @functools.cached_property
    def files(self) -> model_files.ModelFiles:
        """The files of the model, fetched from the hub into the home where the machine does not have them."""
        return model_files.model_files(self._home, self._model, self._stated_prompts)

    @property
    def folder(self) -> Path:
        """The folder that they are in."""
        return self.files.folder

    @functools.cached_property
    def name(self) -> str:
        """Model and revision, the revision from the model's files."""
        kind = "" if self._dtype == "float32" else f"-{self._dtype}"
        return f"{self.files.name}@{self.files.revision}{kind}"

    @property
    def tokenizer(self) -> str:
        """Digest of the tokenizer: models that share it cut documents alike."""
        return self.files.tokenizer_digest

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.files.dimensions

    @functools.cached_property
    def max_tokens(self) -> int | None:
        """What the model reads of a text beside its special tokens and what is put before a document."""
        if self.files.longest_document is not None:
            return self.files.longest_document
        longest, prompt = self.files.longest_input, prompt_before("document", self.files.prompts)
        if longest is None:
            return None
        before = self.count_tokens([prompt.strip()])[0] if prompt else 0
        return max(1, longest - self._tokenizer.num_special_tokens_to_add(is_pair=False) - before)

    @functools.cached_property
    def _languages(self) -> Languages:
        return self.files.languages if self._stated_languages is None else self._stated_languages

    def reads(self, language: str) -> bool:
        """Say whether the model's card names the language, or none at all."""
        return language in self._languages

    @property
    def asymmetric(self) -> bool:
        """Whether the model wants words before questions or documents."""
        return are_there(self.files.prompts)

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
            batches: Sequence[Any] = self._loaded.batches(texts, kind)
        told = Progress("embedding", len(texts), "texts")
        for rows, batch in told.over(batches, lambda one: len(one[0])):
            with self._lock:  # a question between two batches of many texts need not wait for all of them
                vectors[rows] = self._loaded.encode(batch, kind)[: len(rows)]
        with self._lock:
            self.computed += len(texts)
        self._warn_of_cut()
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in this model's tokens, without the special ones."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    @functools.cached_property
    def _tokenizer(self) -> Any:
        return self.files.tokenizer()

    @functools.cached_property
    def _loaded(self) -> model_files.Loaded:
        return self.files.load(self._dtype, self.count_tokens)

    def _warn_of_cut(self) -> None:
        if self._loaded.cut and not self._warned_of_cut:
            self._warned_of_cut = True
            _LOG.warning(
                "%s reads %d tokens of a text, and %d texts are longer: their ends are not in their vectors, full text "
                "still finds them. Set GRAFTLINE_CHUNK_TOKENS lower, or EMBEDDING_MODEL to a model that reads more",
                self.files.name,
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
                "to a model that reads them, such as %s, which is packaged",
                self.files.name,
                ", ".join(sorted(self._languages.codes)),
                unread.name,
                model_files.E5,
            )
