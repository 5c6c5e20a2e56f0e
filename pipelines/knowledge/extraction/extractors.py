"""Which extractor a setting names."""

from collections.abc import Callable

from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import EXTRACTORS, extension, names_beside
from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.mentions import Extractor


def _rules(_: LanguageModel) -> Extractor:
    from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor

    return RuleExtractor()


def _by_model(language_model: LanguageModel) -> Extractor:
    from pipelines.knowledge.extraction.by_model import LanguageModelExtractor

    return LanguageModelExtractor(language_model)


_OWN: dict[str, Callable[[LanguageModel], Extractor]] = {"rules": _rules, "llm": _by_model}


def extractor_names() -> tuple[str, ...]:
    """Return the names of all extractors, those of installed packages last."""
    return (*_OWN, *names_beside(EXTRACTORS, _OWN))


def extractor_named(kind: str, language_model: LanguageModel) -> Extractor:
    """Return the extractor of this name, no other imported; ConfigurationError where there is none."""
    if kind not in extractor_names():
        names = " or ".join(extractor_names())
        raise ConfigurationError("GRAFTLINE_EXTRACTOR", repr(kind), names, "export GRAFTLINE_EXTRACTOR=rules")
    return (_OWN[kind] if kind in _OWN else extension(EXTRACTORS, kind))(language_model)
