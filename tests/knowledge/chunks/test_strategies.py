"""What holds of every chunker: exact spans, nothing lost, none inside another, the budget kept, the same each time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import ConfigurationError
from pipelines.knowledge.chunks.headers import contextual_headers
from pipelines.knowledge.chunks.outline import outline
from pipelines.knowledge.chunks.pieces import CHARACTERS_A_TOKEN, Span
from pipelines.knowledge.chunks.strategies import ChunkSettings, chunk_spans
from pipelines.text.sections import headings
from tests.fakes import FakeEmbedder

EMBEDDER = FakeEmbedder()
count = EMBEDDER.count_tokens
STRATEGIES = ["sentences", "structure", "code", "semantic", "parent-child"]
FORMATS = ["markdown", "html", "python", "javascript", "go", "ruby"]

MARKDOWN = [
    "# A\n",
    "## B\n\n",
    "Title\n===\n",
    "Some words. More words here!\n",
    "七天内可以退货。不行；",
    "\n\n",
    "```\n",
    "| a | b |\n",
    "- item one\n",
    "x" * 300,
    " " * 300,
    "word " * 20,
    "\r\n",
    "\u3000",
    "---\n",
]
CODE = [
    "def f(x):\n    return x\n",
    "class A:\n",
    "    def g(self):\n        pass\n",
    "# 注释\n",
    "\n",
    "@decorated\n",
    "x = [1, 2, 3]\n",
    "function h(a) {\n  return a;\n}\n",
    "func k() int { return 1 }\n",
    "}\n",
    "(((",
    "'''",
    "é",
]
TEXTS = st.lists(st.sampled_from(MARKDOWN + CODE), max_size=25).map("".join).filter(str.strip)


def cut(text: str, strategy: str, format: str = "markdown", budget: int = 12, **more) -> list[Span]:
    chosen = ChunkSettings(strategy=strategy, max_tokens=budget, parent_tokens=3 * budget, **more)
    return chunk_spans(text, chosen, count, format, EMBEDDER.embed)


def texts(text: str, strategy: str, format: str = "markdown", budget: int = 12, **more) -> list[str]:
    return [text[span.start : span.end] for span in cut(text, strategy, format, budget, **more)]


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from(FORMATS), st.integers(8, 40), st.integers(0, 2))
def test_every_chunker_keeps_its_promises(strategy: str, text: str, format: str, budget: int, overlap: int):
    found = cut(text, strategy, format, budget, overlap_sentences=overlap)
    covered: set[int] = set()
    for span, following in zip(found, [*found[1:], None], strict=True):
        assert 0 <= span.start < span.end <= len(text)
        assert span.tokens <= budget and span.end - span.start <= budget * CHARACTERS_A_TOKEN
        assert following is None or (span.start < following.start and span.end < following.end)
        assert span.parent is None or span.parent[0] <= span.start < span.end <= span.parent[1]
        assert (span.parent is not None) == (strategy == "parent-child")
        covered.update(range(span.start, span.end))
    assert all(place in covered or character.isspace() or character == "\ufeff" for place, character in enumerate(text))
    assert cut(text, strategy, format, budget, overlap_sentences=overlap) == found


def test_structure_never_reaches_across_a_section_and_keeps_blocks_whole():
    text = "# A\n\nOne two three.\n\n# B\n\nFour five six.\n\n| a | b |\n| c | d |\n"
    assert texts(text, "structure", budget=14) == [
        "# A\n\nOne two three.", "# B\n\nFour five six.", "| a | b |\n| c | d |"]  # fmt: skip
    assert texts("# A\n\n## B\n\nOne two.\n\n## C\n\nThree.", "structure") == [
        "# A\n\n## B\n\nOne two.",
        "## C\n\nThree.",
    ]


@pytest.mark.parametrize("strategy", ["sentences", "structure", "semantic", "parent-child"])
def test_a_comment_in_a_code_block_is_no_heading(strategy: str):
    block = "```bash\n# set it up now please\nmake all of it\n# run the thing\nmake run\n```"
    assert block in texts(f"# A\n\n{block}", strategy, budget=40, percentile=100)[0]
    assert texts("Three kinds of fruit.\n#1 apples\n#2 pears", strategy, "text", 12, percentile=100) == [
        "Three kinds of fruit.\n#1 apples\n#2 pears"
    ]


def test_only_a_bare_fence_closes_a_code_block_and_code_within_a_line_opens_none():
    text = "~~~\n~~~bash\n# no\n~~~\n\n# A\n\n```x``` is code.\n\n# B\n\nend"
    assert outline(text, "markdown").path(text.index("end"), len(text)) == "B"
    assert [heading.title for heading in headings(text)] == ["A", "B"]
    assert texts("```\none two\n\n```bash\n\nthree four\n```", "structure", budget=20) == [
        "```\none two\n\n```bash\n\nthree four\n```"
    ]


def test_code_is_cut_at_definitions_with_their_comments_and_decorators():
    text = (
        "import os\n\n\n# Adds.\n@cached\ndef add(a, b):\n    return a + b\n\n\n"
        "class Shop:\n    def sell(self, tent):\n        return tent.price\n\n"
        "    def buy(self, boot):\n        return boot\n"
    )
    found = cut(text, "code", "python", 18)
    assert [text[span.start : span.end].split("\n")[0] for span in found] == [
        "import os", "# Adds.", "class Shop:", "def buy(self, boot):"]  # fmt: skip
    told = outline(text, "python")
    assert [told.path(span.start, span.end) for span in found] == ["", "add", "Shop > sell", "Shop > buy"]
    assert [told.paths(span.start, span.end) for span in found] == [
        [], ["add"], ["Shop", "Shop > sell"], ["Shop", "Shop > buy"]]  # fmt: skip
    assert told.paths(0, len(text)) == ["add", "Shop", "Shop > sell", "Shop > buy"]


def test_code_without_a_grammar_is_cut_at_unindented_blocks():
    text = "def a\n  puts 1\n\n  puts 2\nend\n\ndef b\n  puts 3\nend\n"
    assert texts(text, "code", "ruby", 8) == ["def a\n  puts 1\n\n  puts 2\nend", "def b\n  puts 3\nend"]


def test_semantic_chunks_end_where_the_subject_changes():
    tents = "Tents keep rain out. Tents keep wind out. Tents keep snow out. Tents keep sand out."
    text = f"{tents} Invoices cost money. Invoices name money. Invoices show money. Invoices ask money."
    assert texts(text, "semantic", budget=40, percentile=95)[0] == tents
    with pytest.raises(ConfigurationError, match="GRAFTLINE_CHUNKER"):
        chunk_spans(text, ChunkSettings(strategy="semantic"), count)


def test_children_of_one_parent_share_it_and_none_reaches_across():
    text = "# A\n\nOne two three four. Five six seven eight. Nine ten eleven.\n\n# B\n\nTwelve."
    found = cut(text, "parent-child", budget=8, overlap_sentences=0)
    assert [text[span.parent[0] : span.parent[1]][:3] for span in found] == ["# A", "# A", "# A", "# B"]


def test_headings_in_code_and_front_matter_are_no_sections_and_underlined_ones_are():
    text = "---\n# no\n---\nTop\n===\n\n```\n# no\n```\n\n### Deep ###\n\ntext\n\nNext\n----\n\nend"
    places = [(text.index(word), len(text)) for word in ("```", "text", "end")]
    told = outline(text, "markdown")
    assert [told.path(*place) for place in places] == ["Top", "Top > Deep", "Top > Next"]
    assert told.paths(0, len(text)) == ["Top", "Top > Deep", "Top > Next"]
    assert told.paths(0, text.index("Top")) == [] and told.paths(*places[1]) == ["Top > Deep", "Top > Next"]


def test_a_header_holds_its_budget_and_does_not_say_the_title_twice():
    headers = contextual_headers("Returns", ["", "Returns > Shoes", "Shops > Oslo > Hours"], 6, count)
    assert headers == {"": "Returns", "Returns > Shoes": "Returns > Shoes", "Shops > Oslo > Hours": "Returns > Hours"}
    assert contextual_headers("", [""], 6, count) == {"": ""}
    assert count([contextual_headers("w " * 300, [""], 6, count)[""]])[0] <= 6


def test_the_default_digest_is_that_of_sizes_alone_and_others_differ():
    digests = {ChunkSettings(strategy=strategy).digest for strategy in STRATEGIES}
    assert len(digests) == 5 and ChunkSettings(headers=False).digest == ChunkSettings().digest
    assert ChunkSettings(percentile=50).digest == ChunkSettings().digest
