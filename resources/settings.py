"""Where everything is: environment variables over `.env` over defaults, each kept with the source of its value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from pipelines.answering.modes.names import ALL_MODES, MODES, Mode
from pipelines.core.masked import masked
from pipelines.knowledge.chunks.strategies import ChunkSettings, Strategy
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.measuring.intervals import DEFAULT_LEVEL
from pipelines.text.nearest import nearest_name
from resources.answering_variables import AnsweringVariables
from resources.cost_variables import CostVariables
from resources.engine_variables import EngineVariables
from resources.extraction_variables import ExtractionVariables
from resources.night_variables import NightVariables
from resources.setting_sources import CHECKOUT, Readings, below_checkout, first_error, read, refusal, variable


def _place(value: object) -> Path | str:
    text = str(value)
    return text if "://" in text else below_checkout(Path(text))


def _modes(value: object) -> tuple[str, ...]:
    named = dict.fromkeys(name.strip() for name in str(value).split(",") if name.strip())
    unknown = [name for name in named if name not in ALL_MODES]
    if unknown or not named:
        near = ",".join(dict.fromkeys(nearest_name(name, ALL_MODES, 0) or name for name in named)) or ",".join(MODES)
        raise refusal(f"'{', '.join(unknown)}'" if unknown else "no mode", f"some of {', '.join(ALL_MODES)}", near)
    return tuple(mode for mode in ALL_MODES if mode in named)


def _tokens(value: object) -> int | None:
    text = str(value)
    if text and not (text.isdecimal() and int(text)):
        raise refusal(f"'{text}'", "a whole number", "512")
    return int(text) if text else None


Folder = Annotated[Path, AfterValidator(below_checkout)]
Place = Annotated[Path | str, BeforeValidator(_place)]
Modes = Annotated[tuple[Mode, ...], NoDecode, BeforeValidator(_modes)]
Tokens = Annotated[int | None, BeforeValidator(_tokens)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Level = Annotated[float, Field(ge=0.5, lt=1)]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(CostVariables, EngineVariables, NightVariables, AnsweringVariables, ExtractionVariables):
    """All settings, checked: `load` reads environment and `.env`, `Settings(GRAFTLINE_HOME=…)` the given values alone.

    A new one is a line here. A value that will not do raises ConfigurationError.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", case_sensitive=True, env_ignore_empty=True)
    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    home: Folder = variable("GRAFTLINE_HOME", ".graftline", "tables, models, the graph, caches, exports")
    instructions: Folder = variable("GRAFTLINE_INSTRUCTIONS", "samples/instructions", "folder of rows to train on")
    documents: Place = variable("GRAFTLINE_DOCUMENTS", "samples/documents", "a folder, a glob, or an fsspec address")
    questions: Folder = variable("GRAFTLINE_QUESTIONS", "samples/questions", "folder of questions with answers")
    recipes: Folder = variable("GRAFTLINE_RECIPES", "recipes", "folder of trainings' YAML, a partition each")
    resolution: Literal["rules", "vectors", "model"] = variable(
        "GRAFTLINE_RESOLUTION", "rules", "what decides on names that look alike: rules, vectors or model (asks it)"
    )
    entity_edits: str = variable(
        "GRAFTLINE_ENTITY_EDITS", "", "file of merges and splits; unset: entities.yaml in the home"
    )
    description_tokens: Annotated[int, Field(ge=20)] = variable(
        "GRAFTLINE_DESCRIPTION_TOKENS", "400", "tokens above which a model shortens an entity's descriptions"
    )
    reports: Literal["auto", "model", "extractive"] = variable(
        "GRAFTLINE_REPORTS", "auto", "who writes communities' reports; auto: a model that can write, if one is set"
    )
    modes: Modes = variable("GRAFTLINE_MODES", "native,local,global", "modes in which the questions are answered")
    reranker: str = variable("GRAFTLINE_RERANKER", "", "a cross-encoder, folder or hub name, that orders passages")
    bad_share: Share = variable("GRAFTLINE_BAD_SHARE", "0.05", "share of rejected input above which a check fails")
    empty_share: Share = variable(
        "GRAFTLINE_EMPTY_SHARE", "0.5", "share of chunks a model may find nothing in before a check fails"
    )
    orphan_share: Share = variable(
        "GRAFTLINE_ORPHAN_SHARE", "0.5", "share of entities that may have no relation before a check warns"
    )
    level: Level = variable("GRAFTLINE_LEVEL", str(DEFAULT_LEVEL), "coverage of the intervals printed and decided by")
    judge: Literal["off", "on"] = variable(
        "GRAFTLINE_JUDGE", "off", "on: the language model judges base against adapter, two calls a held-out row"
    )
    max_file_mb: Amount = variable("GRAFTLINE_MAX_FILE_MB", "64", "size in MiB above which a document is rejected")
    read_seconds: Amount = variable("GRAFTLINE_READ_SECONDS", "60", "time after which reading a document is given up")
    chunker: Strategy = variable("GRAFTLINE_CHUNKER", "sentences", "how documents are cut")
    chunk_tokens: Annotated[int, Field(ge=8)] = variable("GRAFTLINE_CHUNK_TOKENS", "160", "tokens of the largest chunk")
    chunk_headers: Literal["on", "off"] = variable("GRAFTLINE_CHUNK_HEADERS", "on", "titles above what is embedded")
    api_key: SecretStr = variable("GRAFTLINE_API_KEY", "", "key that `graftline serve` asks for; unset: none")
    neo4j_uri: str = variable("NEO4J_URI", "", "address of Neo4j; unset: the embedded graph alone")
    neo4j_username: str = variable("NEO4J_USERNAME", "neo4j", "user of Neo4j")
    neo4j_password: SecretStr = variable("NEO4J_PASSWORD", "", "password of Neo4j")
    neo4j_database: str = variable("NEO4J_DATABASE", "neo4j", "database of Neo4j")
    mlflow_tracking_uri: str = variable("MLFLOW_TRACKING_URI", "", "MLflow's server; unset: a database in the home")
    llm_base_url: str = variable("LLM_BASE_URL", "", "OpenAI-compatible server of the language model; unset: run here")
    llm_model: str = variable("LLM_MODEL", "", "model on that server, a folder, or champion; unset: the small model")
    llm_api_key: SecretStr = variable("LLM_API_KEY", "", "key of that server")
    llm_context_tokens: Tokens = variable("LLM_CONTEXT_TOKENS", "", "what it reads at most; unset: as its server says")
    llm_options: SecretStr = variable("LLM_OPTIONS", "", "JSON: the arguments of a class that LLM_MODEL names")
    embedding_model: str = variable(
        "EMBEDDING_MODEL", "", "embedding model, folder or hub name; unset: multilingual-e5-small"
    )
    embedding_base_url: str = variable(
        "EMBEDDING_BASE_URL", "", "OpenAI-compatible server that embeds; unset: run here"
    )
    embedding_api_key: SecretStr = variable("EMBEDDING_API_KEY", "", "key of that server")
    embedding_options: SecretStr = variable("EMBEDDING_OPTIONS", "", "JSON: the arguments of a class named so")
    embedding_languages: str = variable(
        "EMBEDDING_LANGUAGES", "", "languages it reads: en,zh or any; unset: its card's"
    )
    embedding_prompts: str = variable(
        "EMBEDDING_PROMPTS", "", "JSON: its words before query and passage; unset: its files'"
    )
    embedding_max_tokens: Tokens = variable("EMBEDDING_MAX_TOKENS", "", "what a served model or a class reads at most")
    embedding_dtype: Literal["auto", "float32", "bfloat16", "int8"] = variable(
        "EMBEDDING_DTYPE", "auto", "numbers it computes with; auto: by the processor for the packaged model"
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise first_error(error, type(self)) from None

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Self:
        """Read the variables from the environment, else from `.env` in the checkout, else their defaults."""
        return cls.of(cls.read(environment, dotenv))

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Readings:
        """Return what `load` would check, unchecked: for `doctor`, and to tell of names that are none of ours."""
        return read(cls, environment, dotenv or CHECKOUT / ".env")

    @classmethod
    def of(cls, readings: Readings) -> Self:
        """Return the checked settings of what was read; ConfigurationError whose `where` is the wrong variable."""
        settings = cls(**readings.given)
        settings._sources.update(readings.sources)
        return settings

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given: `read` asks the other sources, so that it knows which one a value is from."""
        return (init_settings,)

    @property
    def sources(self) -> Mapping[str, str]:
        """For each variable "environment", ".env" or "default"; empty for settings that were given."""
        return self._sources

    def __repr_args__(self) -> Any:
        return [(name, masked(value) if isinstance(value, str) else value) for name, value in super().__repr_args__()]

    @property
    def documents_cache(self) -> Path:
        """Copies of documents that are read from elsewhere."""
        return self.home / "cache" / "documents"

    @property
    def entity_edits_file(self) -> Path:
        """Where merges and splits by hand are kept."""
        return below_checkout(Path(self.entity_edits)) if self.entity_edits else self.home / "entities.yaml"

    @property
    def graph_view(self) -> Path:
        """The page of the knowledge graph."""
        return self.home / "views" / "knowledge_graph.html"

    @property
    def nights(self) -> Path:
        """What each night did, with its digest."""
        return self.home / "nights"

    @property
    def limits(self) -> Limits:
        """What one document may ask of the machine."""
        return Limits(file_bytes=max(1, int(self.max_file_mb * (1 << 20))), seconds=self.read_seconds)

    @property
    def chunking(self) -> ChunkSettings:
        """How documents are cut."""
        return ChunkSettings(strategy=self.chunker, max_tokens=self.chunk_tokens, headers=self.chunk_headers == "on")

    @property
    def tracking_uri(self) -> str:
        return self.mlflow_tracking_uri or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"
