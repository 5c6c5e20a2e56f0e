"""The file of multilingual-e5-small: its numbers, and its tokenizer against what XLM-RoBERTa's is known to say."""

import itertools
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resources.embedding.local import SentenceEmbedder
from resources.embedding.model_files import PackedE5Files
from resources.embedding.packed_e5 import PackedE5, data_file, dequantised
from resources.file_digests import FileDigests
from resources.settings import CHECKOUT

FILE, MISSING = data_file(FileDigests(Path("unused"), least_bytes=1 << 40))
needs_the_file = pytest.mark.skipif(FILE is None, reason=MISSING)


def test_a_block_is_sixteen_low_halves_then_sixteen_high_ones_less_eight_times_its_scale():
    halves = bytes([0x0F, 0xF0, 0x88, *[0x97] * 13])
    row = np.frombuffer(struct.pack("<e", 0.5) + halves + struct.pack("<e", -2.0) + bytes([0x80] * 16), np.uint8)
    found = dequantised(np.stack([row, row]))
    assert found.shape == (2, 64) and found.dtype == np.float32
    low, high = [3.5, -4.0, 0.0, *[-0.5] * 13], [-4.0, 3.5, 0.0, *[0.5] * 13]
    assert found[1].tolist() == [*low, *high, *[16.0] * 16, *[0.0] * 16]


def test_the_numbers_are_those_of_the_gguf_library():
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    rows = np.random.default_rng(5).integers(0, 256, (7, 36), dtype=np.uint8)
    rows[:, [1, 19]] &= 0b10111111  # no scale that is no number
    np.testing.assert_array_equal(dequantised(rows), dequantize(rows, GGMLQuantizationType.Q4_0))


def test_a_file_of_another_kind_is_not_read(tmp_path: Path):
    (tmp_path / "e5.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="begins with b'GGUF', not with E5S1"):
        PackedE5(tmp_path / "e5.bin")


@pytest.fixture(scope="module")
def packed() -> PackedE5:
    assert FILE is not None
    return PackedE5(FILE)


PUBLISHED = {
    "Hello World!": [35378, 6661, 38],
    "The quick brown fox jumps over the lazy dog.": [
        581, 63773, 119455, 6, 147797, 88203, 7, 645, 70, 21, 3285, 10269, 5
    ],
    "BERT is designed to pre-train deep bidirectional representations from unlabeled text by jointly conditioning on "
    "both left and right context in all layers.": [
        20080, 618, 83, 82775, 47, 479, 9, 1517, 73, 53894, 333, 80581, 110117, 18811, 5256, 1295, 51, 152526, 297,
        7986, 390, 124416, 538, 35431, 214, 98, 15044, 25737, 136, 7108, 43701, 23, 756, 135355, 7, 5,
    ],
    "This is a test 😊\nI was born in 92000, and this is falsé.\n生活的真谛是\nHi  Hello\nHi   Hello": [
        3293, 83, 10, 3034, 6, 82803, 87, 509, 103122, 23, 483, 13821, 4, 136, 903, 83, 84047, 446, 5, 6, 62668, 5364,
        245875, 354, 2673, 35378, 2673, 35378,
    ],
}  # fmt: skip
"""Ids that the tests of transformers publish for XLM-RoBERTa."""


@needs_the_file
@pytest.mark.parametrize("text", PUBLISHED, ids=lambda text: text[:12])
def test_ids_are_the_published_ones_of_xlm_roberta(packed: PackedE5, text: str):
    assert packed.tokenizer().encode(text).ids == [0, *PUBLISHED[text], 2]


class ByRules:
    """sentencepiece's rules, spelt out: the file's own table of characters, then pieces whose scores sum highest."""

    def __init__(self, file: Path) -> None:
        data = file.read_bytes()
        count, *_, length = struct.unpack_from("<5iQ", data, 44)
        ends = struct.unpack_from(f"<{count + 1}I", data, 72)
        scores = struct.unpack_from(f"<{count}f", data, 76 + 4 * count)
        start = 76 + 8 * count
        pieces = [data[start + a : start + b].decode() for a, b in itertools.pairwise(ends)]
        self.ids = {piece: (number, scores[number]) for number, piece in enumerate(pieces) if number != 3}
        self.unknown, self.longest = min(scores) - 10, max(map(len, pieces))
        place, self.table = start + length + 8, {}
        for _ in range(struct.unpack_from("<i", data, place - 8)[0]):
            code, width = struct.unpack_from("<IB", data, place)
            self.table[chr(code)] = "".join(map(chr, struct.unpack_from(f"<{width}I", data, place + 5)))
            place += 5 + 4 * width

    def encode(self, text: str) -> list[int]:
        text = "".join(self.table.get(letter, letter) for letter in text)
        while "  " in text:
            text = text.replace("  ", " ")
        text = ("" if text.startswith(" ") else "▁") + text.replace(" ", "▁")
        best: list[tuple[float, int, int]] = [(0.0, 0, 0)]
        for end in range(1, len(text) + 1):
            found = [(best[end - 1][0] + self.unknown, end - 1, 3)]
            for start in range(max(0, end - self.longest), end):
                if (piece := self.ids.get(text[start:end])) is not None:
                    found.append((best[start][0] + piece[1], start, piece[0]))
            best.append(max(found, key=lambda one: one[0]))
        ids, end = [], len(text)
        while end:
            _, end, number = best[end]
            ids.append(number)
        return [0, *reversed(ids), 2]


@needs_the_file
def test_ids_and_characters_are_those_of_sentencepieces_rules(packed: PackedE5):
    assert FILE is not None
    rules, tokenizer = ByRules(FILE), packed.tokenizer()
    texts = [
        "How long is the tent's warranty?", "帐篷的保修期是多久？", "全角ＡＢＣ，半角ｱｲｳ。", "テントの保証は二年です。",
        "텐트 보증 기간은 2년입니다.", "Гарантия на палатку — два года.", "ضمان الخيمة سنتان.",
        "तम्बू की वारंटी दो साल है।", "การรับประกันเต็นท์คือสองปี", "Η εγγύηση της σκηνής",
        "Das Zelt kostet 49,90 €; größer: ½ m²", "～ wave ~", "ﷺ" * 40,
        "a\u200bb\u00a0c\u3000d", "query: 帐篷", "𝒳 ﬁne ①",
    ]  # fmt: skip
    assert {text: tokenizer.encode(text).ids for text in texts} == {text: rules.encode(text) for text in texts}
    steps = {letter: tokenizer.normalizer.normalize_str(letter) for letter in rules.table}
    assert len(steps) == 4837 and steps == rules.table


@needs_the_file
def test_a_tokenizer_is_ones_own(packed: PackedE5):
    first, second = packed.tokenizer(), packed.tokenizer()
    first.enable_truncation(3)
    assert len(first.encode("one two three four").ids) == 3 < len(second.encode("one two three four").ids)


@needs_the_file
def test_words_are_looked_up_as_the_whole_table_has_them(packed: PackedE5):
    words = packed.weights()["embeddings.word_embeddings.weight"]
    whole = words.whole()
    assert whole.shape == (250_037, 384)
    np.testing.assert_array_equal(words.rows(np.array([35378, 0, 250_036, 35378])), whole[[35378, 0, 250_036, 35378]])


@needs_the_file
def test_what_the_file_says_of_the_model():
    assert FILE is not None
    files = PackedE5Files(FILE)
    assert (files.name, files.revision) == ("multilingual-e5-small", "1571fc982750")
    assert (files.dimensions, files.longest_input) == (384, 512)
    assert files.prompts == {"query": "query: ", "passage": "passage: "}
    assert len(files.languages.codes) == 93 and "zh" in files.languages and "mi" not in files.languages


@needs_the_file
def test_what_it_says_of_itself_maps_no_weights(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from resources.embedding.local import SentenceEmbedder as E; "
        "e = E(Path(sys.argv[1])); print(e.dimensions, e.files.longest_input, e.max_tokens, e.name); "
        "print(sys.argv[2] in Path('/proc/self/maps').read_text())"
    )
    command = [sys.executable, "-c", script, str(tmp_path), str(FILE)]
    said, mapped = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said.startswith("384 512 508 multilingual-e5-small@") and mapped == "False"


@needs_the_file
def test_the_longest_document_is_what_the_tokenizer_leaves_beside_its_own_tokens(tmp_path: Path):
    files = SentenceEmbedder(tmp_path).files
    tokenizer = files.tokenizer()
    whole, own = tokenizer.encode(f"passage: {'one ' * 9}"), tokenizer.encode("one " * 9, add_special_tokens=False)
    assert len(whole.ids) - len(own.ids) == files.longest_input - files.longest_document
