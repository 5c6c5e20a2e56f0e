"""Which extractor a setting names."""

from collections.abc import Callable, Mapping

from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import EXTRACTORS, extended
from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.mentions import Extractor


def _rules(_: LanguageModel) -> Extractor:
    from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor

    return RuleExtractor()


def _by_model(language_model: LanguageModel) -> Extractor:
    from pipelines.knowledge.extraction.by_model import LanguageModelExtractor

    return LanguageModelExtractor(language_model)


_OWN: dict[str, Callable[[LanguageModel], Extractor]] = {"rules": _rules, "llm": _by_model}


def extractors() -> Mapping[str, Callable[[LanguageModel], Extractor]]:
    """Return what makes an extractor by its name, those of installed packages last."""
    return extended(EXTRACTORS, _OWN)


def extractor_named(kind: str, language_model: LanguageModel) -> Extractor:
    """Return the extractor of this name; ConfigurationError where there is none."""
    if kind not in extractors():
        names = " or ".join(extractors())
        raise ConfigurationError("GRAFTLINE_EXTRACTOR", repr(kind), names, "export GRAFTLINE_EXTRACTOR=rules")
    return extractors()[kind](language_model)
