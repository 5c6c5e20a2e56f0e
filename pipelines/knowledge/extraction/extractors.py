"""Which extractor a setting names."""

from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.mentions import Extractor


def extractor_named(kind: str, language_model: LanguageModel) -> Extractor:
    """Return the extractor `rules` or `llm`; ConfigurationError for any other."""
    if kind == "rules":
        from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor

        return RuleExtractor()
    if kind == "llm":
        from pipelines.knowledge.extraction.by_model import LanguageModelExtractor

        return LanguageModelExtractor(language_model)
    raise ConfigurationError("GRAFTLINE_EXTRACTOR", repr(kind), "rules or llm", "export GRAFTLINE_EXTRACTOR=rules")
