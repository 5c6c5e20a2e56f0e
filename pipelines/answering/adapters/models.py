"""Our embedder in the form of either framework, and a language model for summaries that costs no call."""

from typing import TYPE_CHECKING, Any

from pipelines.knowledge.sentences import sentences
from pipelines.protocols import Embedder

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import CustomLLM

_SENTENCES, _LONGEST = 10, 200
_BATCH = 512


def llamaindex_embedding(embedder: Embedder) -> "BaseEmbedding":
    """Return the embedder as LlamaIndex calls one."""
    from llama_index.core.base.embeddings.base import BaseEmbedding

    class GraftlineEmbedding(BaseEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embeddings([query])[0]

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
            return embedder.embed([text])[0].tolist()

    return GraftlineEmbeddings()


def extractive_llm(context_tokens: int = 4096) -> "CustomLLM":
    """Return a model for LlamaIndex whose summary of a prompt is the first sentence of each text in it.

    Indexes that summarise cost one call a group of chunks; this one lets them be compared without.
    """
    from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata

    class ExtractiveLLM(CustomLLM):
        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(context_window=context_tokens, num_output=256, model_name="first-sentences")

        def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
            body = prompt.split("---------------------")[1] if prompt.count("---------------------") > 1 else prompt
            firsts = []
            for block in body.split("\n\n"):
                spans = sentences(block)
                firsts += [" ".join(block[start:end].split())[:_LONGEST] for start, end in spans[:1]]
            return CompletionResponse(text=" ".join(firsts[:_SENTENCES]))

        def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
            yield self.complete(prompt)

    return ExtractiveLLM()
