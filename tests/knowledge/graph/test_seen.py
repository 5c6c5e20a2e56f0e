"""Where entities and relations are found in the chunks' sentences, with spans and without."""

from pipelines.knowledge.graph.seen import Sentences
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences


def chunk(text: str) -> dict:
    return {"text": text, "sentence_spans": flat_spans(sentences(text))}


def entity(name: str, chunk_ids: list[str], aliases: tuple[str, ...] = (), **more: object) -> dict:
    return {"name": name, "aliases": list(aliases), "chunk_ids": chunk_ids, **more}


def marked(kept: Sentences, places: list[tuple[int, int, int]]) -> list[str]:
    return [f"{(text := kept.kept[n][1])[:start]}[{text[start:end]}]{text[end:]}" for n, start, end in places]


def test_names_and_aliases_are_found_in_their_sentences_in_both_languages():
    kept = Sentences({"c1": chunk("The WHO met. Whole days went by. 世卫组织在日内瓦开会。WHO的报告很长。")})
    who = entity("World Health Organization", ["c1"], ("WHO", "世卫组织"))
    assert marked(kept, kept.of_entity(who, 5)) == [
        "The [WHO] met.",
        "[世卫组织]在日内瓦开会。",
        "[WHO]的报告很长。",
    ]


def test_the_spans_are_believed_where_there_are_any():
    kept = Sentences({"c1": chunk("She left. Ann stayed.")})
    spans = [0, 0, 3, 0, 10, 13, 7, 0, 2, 0, 19, 99]  # the third is of no chunk, the fourth goes beyond the text
    assert marked(kept, kept.of_entity(entity("Ann", ["c1"], spans=spans), 5)) == ["[She] left.", "[Ann] stayed."]


def test_a_sentence_is_kept_once_and_told_once():
    kept = Sentences({"c1": chunk("Ann met Bo, and Ann left.")})
    first, second = (kept.of_entity(entity(name, ["c1"]), 5) for name in ("Ann", "Bo"))
    assert (first, second, len(kept.kept)) == ([(0, 0, 3)], [(0, 8, 10)], 1)


def test_of_a_long_sentence_what_is_around_the_name_is_kept():
    text = "x " * 400 + "Ann " + "y " * 400
    kept = Sentences({"c1": {"text": text, "sentence_spans": [0, len(text)]}})
    [(_, start, end)] = kept.of_entity(entity("Ann", ["c1"]), 5)
    shown = kept.kept[0][1]
    assert shown[start:end] == "Ann" and shown[0] == shown[-1] == "…" and len(shown) <= 602


def test_a_name_that_is_longer_than_all_that_is_kept_stays_within_it():
    kept = Sentences({"c1": chunk("N" * 10_000)})
    [(_, start, end)] = kept.of_entity(entity("N" * 10_000, ["c1"]), 5)
    assert 0 <= start < end <= len(kept.kept[0][1])


def test_a_relation_is_where_its_description_stands():
    kept = Sentences({"c1": chunk("Ann left. Bo leads Cy.")})
    relation = {"description": "Bo leads Cy.", "chunk_ids": ["gone", "c1"]}
    assert marked(kept, kept.of_relation(relation, 2)) == ["[Bo leads Cy.]"]
    assert kept.of_relation({"description": "", "chunk_ids": ["c1"]}, 2) == []
