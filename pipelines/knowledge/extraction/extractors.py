"""Which extractor a setting names."""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import pyarrow as pa

from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import EXTRACTORS, extension, names_beside
from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.extraction.settings import ExtractionSettings
from pipelines.knowledge.mentions import BY_MODEL, Extractor

logger = logging.getLogger("graftline")
FAST, RULES = "fast", "rules"
"""The grade without a language model, and its name of earlier releases, with which its versions begin."""


def _rules(*_: object) -> Extractor:
    from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor

    return RuleExtractor()


def _by_model(language_model: LanguageModel, settings: ExtractionSettings) -> Extractor:
    from pipelines.knowledge.extraction.by_model.extractor import LanguageModelExtractor

    return LanguageModelExtractor(language_model, settings, _rules())


def _replay(_: LanguageModel, settings: ExtractionSettings) -> Extractor:
    from pipelines.knowledge.extraction.replay import ReplayExtractor

    return ReplayExtractor(settings)


_OWN: dict[str, Callable[[LanguageModel, ExtractionSettings], Extractor]] = {
    FAST: _rules,
    "llm": _by_model,
    "replay": _replay,
    RULES: _rules,
}
_PREFIXES = {FAST: f"{RULES}-", "llm": BY_MODEL, "replay": "replay-", RULES: f"{RULES}-"}


def extractor_names() -> tuple[str, ...]:
    """Return the names of all extractors, those of installed packages last."""
    return (*_OWN, *names_beside(EXTRACTORS, _OWN))


def is_by(kind: str, name: str) -> bool:
    """Say whether an extraction by this name (kind and version) is one of the extractor that a setting names."""
    return name.startswith(_PREFIXES.get(kind, kind))


def extractor_named(
    kind: str,
    language_model: LanguageModel,
    settings: ExtractionSettings = ExtractionSettings(),  # noqa: B008 - frozen
) -> Extractor:
    """Return the extractor of this name, no other imported; ConfigurationError where there is none."""
    if kind not in extractor_names():
        names = " or ".join(name for name in extractor_names() if name != RULES)
        raise ConfigurationError("GRAFTLINE_EXTRACTOR", repr(kind), names, f"export GRAFTLINE_EXTRACTOR={FAST}")
    if kind in _OWN:
        return _OWN[kind](language_model, settings)
    made: Extractor = extension(EXTRACTORS, kind)(language_model)
    return made


@runtime_checkable
class CallingExtractor(Protocol):
    """An extractor that counts its calls of a language model."""

    counts: Mapping[str, int]


@runtime_checkable
class MatchingExtractor(Protocol):
    """An extractor whose findings have to be brought to their chunks."""

    def unmatched(self, chunks: pa.Table) -> dict[str, int]: ...


def calls_of(extractor: Extractor) -> dict[str, int]:
    """Return what an extractor asked a language model in this run; nothing of one that asks none."""
    return dict(extractor.counts) if isinstance(extractor, CallingExtractor) else {}


def unmatched_rows(extractor: Extractor, chunks: pa.Table) -> dict[str, int]:
    """Return how many rows of a file came to no chunk, by reason, and warn of them."""
    found = extractor.unmatched(chunks) if isinstance(extractor, MatchingExtractor) else {}
    for reason, count in found.items():
        logger.warning("replay: %d times %s", count, reason)
    return found
