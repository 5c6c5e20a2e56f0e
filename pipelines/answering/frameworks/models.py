"""Our embedder in the form of either framework, and a language model for summaries that costs no call."""

from typing import TYPE_CHECKING, Any

from pipelines.core.protocols import Embedder
from pipelines.text.languages.languages import final_marks
from pipelines.text.sentences import sentences

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import CustomLLM

BORDER = "\x1e"
"""Stands before each text that is to be summarised: LlamaIndex joins them by a line's end, which is in them as well."""
_LONGEST = 100
"""Characters of a text in a summary: of ten texts together about what MiniLM reads, 256 tokens."""
_BATCH = 512


def llamaindex_embedding(embedder: Embedder) -> "BaseEmbedding":
    """Return the embedder as LlamaIndex calls one."""
    from llama_index.core.base.embeddings.base import BaseEmbedding

    class GraftlineEmbedding(BaseEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            return embedder.embed_queries([query])[0].tolist()

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return embedder.embed(texts).tolist()

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return GraftlineEmbedding(model_name=embedder.name, embed_batch_size=_BATCH)


def langchain_embeddings(embedder: Embedder) -> "Embeddings":
    """Return the embedder as LangChain calls one."""
    from langchain_core.embeddings import Embeddings

    class GraftlineEmbeddings(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return embedder.embed(texts).tolist()

        def embed_query(self, text: str) -> list[float]:
            return embedder.embed_queries([text])[0].tolist()

    return GraftlineEmbeddings()


def extractive_llm(context_tokens: int = 4096) -> "CustomLLM":
    """Return a model for LlamaIndex whose summary of a prompt is the beginning of each text in it: first sentences.

    Indexes that summarise cost one call a group of chunks; this one lets them be compared without.
    """
    from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata

    class ExtractiveLLM(CustomLLM):
        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(context_window=context_tokens, num_output=256, model_name="first-sentences")

        def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
            firsts = [_beginning(text) for text in prompt.split(BORDER) if text.strip()]
            return CompletionResponse(text=BORDER + " ".join(firsts))

        def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
            yield self.complete(prompt)

    return ExtractiveLLM()


def _beginning(text: str) -> str:
    """Return a text's heading, where it has one, and its first sentence."""
    spans = sentences(text)
    last = next((end for start, end in spans if text[start:end].rstrip()[-1:] in final_marks()), len(text))
    return " ".join(text[:last].split())[:_LONGEST]
