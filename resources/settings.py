"""Where everything is: environment variables, also read from `.env`, each with the source of its value."""

import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

from pipelines.answering.modes.names import ALL_MODES, MODES, Mode
from pipelines.core.errors import ConfigurationError
from pipelines.knowledge.chunks.strategies import ChunkSettings, Strategy
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.measuring.intervals import DEFAULT_LEVEL

CHECKOUT = Path(__file__).resolve().parent.parent

DEFAULTS: dict[str, str] = {
    "GRAFTLINE_HOME": ".graftline",
    "GRAFTLINE_INSTRUCTIONS": "samples/instructions",
    "GRAFTLINE_DOCUMENTS": "samples/documents",
    "GRAFTLINE_QUESTIONS": "samples/questions",
    "GRAFTLINE_RECIPES": "recipes",
    "GRAFTLINE_ENGINE": "",
    "GRAFTLINE_EXTRACTOR": "rules",
    "GRAFTLINE_MODES": "native,local,global",
    "GRAFTLINE_RERANKER": "",
    "GRAFTLINE_BAD_SHARE": "0.05",
    "GRAFTLINE_LEVEL": str(DEFAULT_LEVEL),
    "GRAFTLINE_MAX_FILE_MB": "64",
    "GRAFTLINE_READ_SECONDS": "60",
    "GRAFTLINE_CHUNKER": "sentences",
    "GRAFTLINE_CHUNK_TOKENS": "160",
    "GRAFTLINE_CHUNK_HEADERS": "on",
    "NEO4J_URI": "",
    "NEO4J_USERNAME": "neo4j",
    "NEO4J_PASSWORD": "",
    "NEO4J_DATABASE": "neo4j",
    "MLFLOW_TRACKING_URI": "",
    "LLM_BASE_URL": "",
    "LLM_MODEL": "",
    "LLM_API_KEY": "",
    "LLM_OPTIONS": "",
    "EMBEDDING_MODEL": "",
    "EMBEDDING_BASE_URL": "",
    "EMBEDDING_API_KEY": "",
    "EMBEDDING_OPTIONS": "",
    "EMBEDDING_LANGUAGES": "",
    "EMBEDDING_MAX_TOKENS": "",
    "EMBEDDING_DTYPE": "float32",
}
SECRETS = {"NEO4J_PASSWORD", "LLM_API_KEY", "LLM_OPTIONS", "EMBEDDING_API_KEY", "EMBEDDING_OPTIONS"}


@dataclass(frozen=True)
class Settings:
    """Resolved configuration; `sources` says for each variable "environment", ".env" or "default"."""

    values: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> "Settings":
        """Read the variables from the environment, else from `.env` in the checkout, else their defaults."""
        from dotenv import dotenv_values

        environment = os.environ if environment is None else environment
        file = dotenv_values(dotenv or CHECKOUT / ".env")
        values, sources = {}, {}
        for name, default in DEFAULTS.items():
            if environment.get(name):
                values[name], sources[name] = environment[name], "environment"
            elif file.get(name):
                values[name], sources[name] = str(file[name]), ".env"
            else:
                values[name], sources[name] = default, "default"
        return cls(values, sources)

    def _path(self, name: str) -> Path:
        # Relative paths are below the checkout, so that every entrance sees the same folder from any working folder.
        return CHECKOUT / Path(self.values[name]).expanduser()

    @property
    def home(self) -> Path:
        return self._path("GRAFTLINE_HOME")

    @property
    def instructions(self) -> Path:
        return self._path("GRAFTLINE_INSTRUCTIONS")

    @property
    def documents(self) -> Path | str:
        """A folder, a glob pattern, or the address of what fsspec reads ("s3://bucket/docs"), which stays a text."""
        value = self.values["GRAFTLINE_DOCUMENTS"]
        return value if "://" in value else self._path("GRAFTLINE_DOCUMENTS")

    @property
    def documents_cache(self) -> Path:
        """Copies of documents that are read from elsewhere."""
        return self.home / "cache" / "documents"

    @property
    def questions(self) -> Path:
        return self._path("GRAFTLINE_QUESTIONS")

    @property
    def recipes(self) -> Path:
        return self._path("GRAFTLINE_RECIPES")

    @property
    def bad_share(self) -> float:
        """Share of rejected input above which the asset's check fails; ConfigurationError for what is no number."""
        return self._number("GRAFTLINE_BAD_SHARE", least=0)

    @property
    def level(self) -> float:
        """Coverage of the intervals that are printed and decide; ConfigurationError unless from 0.5 to below 1."""
        return self._number("GRAFTLINE_LEVEL", least=0.5, below=1)

    @property
    def limits(self) -> Limits:
        """What one document may ask of the machine; ConfigurationError for a value that is no number above 0."""
        megabytes, seconds = self._number("GRAFTLINE_MAX_FILE_MB"), self._number("GRAFTLINE_READ_SECONDS")
        return Limits(file_bytes=max(1, int(megabytes * (1 << 20))), seconds=seconds)

    @property
    def chunking(self) -> ChunkSettings:
        """How documents are cut; ConfigurationError for a chunker that there is not, or a wrong number."""
        chunker, headers = self.values["GRAFTLINE_CHUNKER"], self.values["GRAFTLINE_CHUNK_HEADERS"]
        self._one_of("GRAFTLINE_CHUNKER", get_args(Strategy))
        self._one_of("GRAFTLINE_CHUNK_HEADERS", ("on", "off"))
        tokens = int(self._number("GRAFTLINE_CHUNK_TOKENS", least=8))
        return ChunkSettings(strategy=cast(Strategy, chunker), max_tokens=tokens, headers=headers == "on")

    def _one_of(self, name: str, known: Sequence[str]) -> None:
        if self.values[name] not in known:
            fix = f"set {name}={known[0]}"
            raise ConfigurationError(name, f"'{self.values[name]}'", f"one of {', '.join(known)}", fix)

    def _number(self, name: str, least: float = 0.001, below: float = float("inf")) -> float:
        try:
            number = float(self.values[name])
        except ValueError:
            number = float("nan")  # which is in no range
        if not least <= number < below:
            fix, top = f"set {name}={DEFAULTS[name]}", "" if below == float("inf") else f" and below {below:g}"
            raise ConfigurationError(name, f"'{self.values[name]}'", f"a number, at least {least:g}{top}", fix)
        return number

    @property
    def extractor(self) -> str:
        """`rules` (no language model) or `llm`: what finds entities and relations."""
        return self.values["GRAFTLINE_EXTRACTOR"]

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes in which every question of the folder is answered and scored."""
        named = dict.fromkeys(name.strip() for name in self.values["GRAFTLINE_MODES"].split(",") if name.strip())
        unknown = sorted(set(named) - set(ALL_MODES))
        if unknown or not named:
            found = f"'{', '.join(unknown)}'" if unknown else "no mode"
            raise ConfigurationError(
                "GRAFTLINE_MODES", found, f"some of {', '.join(ALL_MODES)}", f"GRAFTLINE_MODES={','.join(MODES)}"
            )
        return tuple(mode for mode in ALL_MODES if mode in named)

    @property
    def engine(self) -> str:
        """`vllm` where it is installed, else `transformers`."""
        chosen = self.values["GRAFTLINE_ENGINE"]
        return chosen or ("vllm" if importlib.util.find_spec("vllm") else "transformers")

    @property
    def tracking_uri(self) -> str:
        return self.values["MLFLOW_TRACKING_URI"] or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"
