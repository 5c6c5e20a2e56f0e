"""The names of all retrieval modes; no imports, so that the command line knows them at once."""

from typing import Literal, get_args

GraphMode = Literal["native", "local", "global"]
SearchMode = Literal["vector", "bm25", "hybrid"]
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
Mode = GraphMode | SearchMode | AdapterMode

MODES: tuple[Mode, ...] = get_args(GraphMode)
"""What a night answers every question in, unless GRAFTLINE_MODES says otherwise."""
SEARCH_MODES: tuple[SearchMode, ...] = get_args(SearchMode)
ADAPTER_MODES: tuple[AdapterMode, ...] = get_args(AdapterMode)
ALL_MODES: tuple[Mode, ...] = (*MODES, *SEARCH_MODES, *ADAPTER_MODES)
