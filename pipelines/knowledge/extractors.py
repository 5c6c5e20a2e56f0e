"""Which extractor a setting names."""

from pipelines.errors import ConfigurationError
from pipelines.knowledge.mentions import Extractor
from pipelines.protocols import LanguageModel


def extractor_named(kind: str, language_model: LanguageModel) -> Extractor:
    """Return the extractor `rules` or `llm`; ConfigurationError for any other."""
    if kind == "rules":
        from pipelines.knowledge.rule_extraction import RuleExtractor

        return RuleExtractor()
    if kind == "llm":
        from pipelines.knowledge.llm_extraction import LanguageModelExtractor

        return LanguageModelExtractor(language_model)
    raise ConfigurationError("GRAFTLINE_EXTRACTOR", repr(kind), "rules or llm", "export GRAFTLINE_EXTRACTOR=rules")
