import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.sentences import sentences
from pipelines.text.words import words


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tents are sold. Boots too! Why?", ["Tents are sold.", "Boots too!", "Why?"]),
        ("Ask Mr. Eide or Dr. Moe, e.g. in Oslo.", ["Ask Mr. Eide or Dr. Moe, e.g. in Oslo."]),
        (
            "It costs 14.90 euros. See No. 5. No. We do not.",
            ["It costs 14.90 euros.", "See No. 5.", "No.", "We do not."],
        ),
        ("J. Weber knows. So do I. Ask us.", ["J. Weber knows.", "So do I.", "Ask us."]),
        ("We are Team A. Its lead is Nora A. Berg.", ["We are Team A.", "Its lead is Nora A. Berg."]),
        ("Go to https://a.b/c?d=1. Then pay.", ["Go to https://a.b/c?d=1.", "Then pay."]),
        ('"Why?" he asked. **Gas differs.** Yes.', ['"Why?" he asked.', "**Gas differs.**", "Yes."]),
        ("退货期为45天。开封的；不行！为什么？", ["退货期为45天。", "开封的；", "不行！", "为什么？"]),
        ("他说：“你好。”她走了（真的。）再见……好", ["他说：“你好。”", "她走了（真的。）", "再见……", "好"]),
        ('他说"好。"她走了。', ['他说"好。"', "她走了。"]),
        ("单价14.90元，见第3.5条。Fjell 2 tent。", ["单价14.90元，见第3.5条。", "Fjell 2 tent。"]),
        (
            "# Returns\n\nKeep it.\n- one. Two\n- three\n1. Pack\n",
            ["# Returns", "Keep it.", "- one.", "Two", "- three", "1. Pack"],
        ),
        ("| a. B | c |\n|---|---|\n| d | e |", ["| a. B | c |", "|---|---|", "| d | e |"]),
        ("Name: Petra Vogel\nRole: manager", ["Name: Petra Vogel", "Role: manager"]),
        ("\ufeff# Title\r\n\r\nText.\r\n", ["# Title", "Text."]),
        (" \n\t\u3000\ufeff", []),
        ("", []),
    ],
)
def test_sentences_of_both_languages(text: str, expected: list[str]):
    assert split(text) == expected


def test_a_wrapped_line_belongs_to_its_sentence_and_a_short_one_does_not():
    text = (
        "The pick rate rose from 62 to 118 items an hour, and the walking\n"
        "distance dropped to five kilometres. Nobody\n"
        "was dismissed for it, says the report of October 2025 on the halls.\n"
        "People\nNo job was cut.\n"
    )
    assert [sentence.replace("\n", " ") for sentence in split(text)] == [
        "The pick rate rose from 62 to 118 items an hour, and the walking distance dropped to five kilometres.",
        "Nobody was dismissed for it, says the report of October 2025 on the halls.",
        "People",
        "No job was cut.",
    ]


def test_why_we_have_our_own_splitter():
    """LlamaIndex ends a sentence after "Dr.", and looks chunks up afterwards: a repeated one gets a wrong place."""
    from llama_index.core import Document
    from llama_index.core.node_parser import SentenceSplitter

    def peer(text: str, size: int, overlap: int):
        splitter = SentenceSplitter(chunk_size=size, chunk_overlap=overlap, tokenizer=str.split, include_metadata=False)
        return splitter.get_nodes_from_documents([Document(text=text)])

    text = "Nordvik sells tents made in Bergen to us. Dr. Eide checks each one of them before it is sold."
    assert any(node.text.endswith("Dr.") for node in peer(text, 9, 0))
    assert split(text) == [
        "Nordvik sells tents made in Bergen to us.",
        "Dr. Eide checks each one of them before it is sold.",
    ]

    repeated = "Call us.\n\n" * 4
    places = [(node.start_char_idx, node.end_char_idx) for node in peer(repeated, 6, 0)]
    assert places == [(0, 28), (10, 18)]  # the second chunk is the fourth line, at 30
    assert sentences(repeated) == [(0, 8), (10, 18), (20, 28), (30, 38)]


TEXTS = st.text(alphabet=st.sampled_from(list("aB1. \n\r。！…\"'”(*|#-，中文\u3000\ufeff`e.g")), max_size=120)


@given(TEXTS)
def test_spans_are_in_order_trimmed_and_cover_all_but_white_space(text: str):
    spans = sentences(text)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert not text[position:start].strip(" \t\r\n\u3000\ufeff")
        assert text[start:end] == text[start:end].strip(" \r\n\u3000\ufeff")
        position = end
    assert not text[position:].strip(" \t\r\n\u3000\ufeff")


def test_words_are_comparable_in_both_languages():
    assert words("The warehouses' policies: INC-25-02 cost 41,000 euros.") == [
        "warehouse",
        "policy",
        "inc-25-02",
        "cost",
        "41000",
        "euro",
    ]
    assert words("Fluorine-free fabric") == ["fluorine", "free", "fabric"]
    assert words("Fjell 2 帐篷的保修期是多久？") == ["fjell", "2", "帐篷", "保修期", "多久"]
    assert words("Team A and A team, Plan-B, World War I. Then I ate a T-shirt.") == [
        *("team", "a", "team", "plan", "b", "world", "war", "i", "ate", "shirt"),
    ]
    assert words("who leads team b?") == ["lead", "team", "b"]
    assert words("A组和方案B") == ["a", "组", "方案", "b"]
    assert words("Nora A. Berg has vitamin C's and 5 m.") == ["nora", "berg", "vitamin", "5"]
    assert words("ＦＪＥＬＬ") == ["fjell"]
    assert words("the of 的了") == []
