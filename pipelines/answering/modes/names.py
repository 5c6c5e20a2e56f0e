"""The names of all retrieval modes, those of installed packages last; no mode is imported for its name."""

from typing import Literal, get_args

from pipelines.core import extensions

RoutedMode = Literal["auto"]
GraphMode = Literal["native", "local", "global"]
WalkMode = Literal["ppr"]
ReportMode = Literal["drift"]
SearchMode = Literal["vector", "bm25", "hybrid"]
ModelMode = Literal["agentic", "cypher"]
AdapterMode = Literal[
    "llamaindex-vector",
    "llamaindex-summary",
    "llamaindex-tree",
    "llamaindex-keyword",
    "llamaindex-property-graph",
    "langchain-bm25",
    "langchain-ensemble",
    "langchain-compression",
    "guide",
]
Mode = str
"""One of ALL_MODES."""

MODES: tuple[Mode, ...] = get_args(GraphMode)
"""What a night answers every question in, unless GRAFTLINE_MODES says otherwise."""
AUTO: RoutedMode = "auto"
"""The mode that chooses another one for each question."""
DEFAULT_MODE: Mode = AUTO
"""What answers a question for which no mode is named, whichever way it comes in."""
SEARCH_MODES: tuple[SearchMode, ...] = get_args(SearchMode)
WALK_MODES: tuple[WalkMode, ...] = get_args(WalkMode)
"""Those that walk the graph and ask no model."""
REPORT_MODES: tuple[ReportMode, ...] = get_args(ReportMode)
"""Those that start from reports and go on from there."""
MODEL_MODES: tuple[ModelMode, ...] = get_args(ModelMode)
"""Those that ask the model while they search."""
ADAPTER_MODES: tuple[AdapterMode, ...] = get_args(AdapterMode)
_OWN: tuple[Mode, ...] = (AUTO, *MODES, *WALK_MODES, *REPORT_MODES, *SEARCH_MODES, *MODEL_MODES, *ADAPTER_MODES)
ALL_MODES: tuple[Mode, ...] = (*_OWN, *extensions.names_beside(extensions.MODES, _OWN))
