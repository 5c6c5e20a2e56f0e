"""LightRAG over a folder of texts, as its README has it, its settings left as they are.

Arguments: the folder that it keeps, the folder of texts, the server's address. Documents that it has and whose text is
gone or another one are deleted first, by its own `adelete_by_doc_id`.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

import numpy as np
from lightrag import LightRAG
from lightrag.llm.openai import openai_complete_if_cache, openai_embed
from lightrag.utils import EmbeddingFunc, compute_mdhash_id

MODEL, EMBEDDING, DIMENSIONS = "gpt-4o-mini", "text-embedding-3-small", 1536


async def complete(prompt, system_prompt=None, history_messages=None, address="", **more):
    """Ask the server."""
    return await openai_complete_if_cache(
        MODEL, prompt, system_prompt=system_prompt, history_messages=history_messages or [], base_url=address,
        api_key="none", **more,
    )  # fmt: skip


async def embed(texts, address="", **_) -> np.ndarray:
    """Return the server's vectors."""
    return await openai_embed.func(texts, model=EMBEDDING, base_url=address, api_key="none")


async def main(kept: Path, folder: Path, address: str) -> None:
    """Bring the kept folder up to date with the texts."""
    kept.mkdir(parents=True, exist_ok=True)
    rag = LightRAG(
        working_dir=str(kept),
        llm_model_name=MODEL,
        llm_model_func=partial(complete, address=address),
        embedding_func=EmbeddingFunc(
            embedding_dim=DIMENSIONS, max_token_size=8192, func=partial(embed, address=address)
        ),
    )
    await rag.initialize_storages()
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}
    ids = {compute_mdhash_id(f"{name}\n{text}", prefix="doc-"): (name, text) for name, text in texts.items()}
    listing = kept / "documents.txt"
    known = listing.read_text(encoding="utf-8").split() if listing.exists() else []
    for key in known:
        if key not in ids:
            result = await rag.adelete_by_doc_id(key)
            assert result.status == "success", result
    new = [key for key in ids if key not in known]
    if new:
        await rag.ainsert([ids[key][1] for key in new], ids=new, file_paths=[f"{key}-{ids[key][0]}" for key in new])
    listing.write_text("\n".join(ids), encoding="utf-8")
    await rag.finalize_storages()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
