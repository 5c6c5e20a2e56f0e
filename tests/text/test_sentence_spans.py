from pipelines.text.sentence_spans import flat_spans, sentence_spans

TEXT = "One. Two."


def test_stored_spans_are_read_back_in_pairs_whatever_the_text_says():
    assert flat_spans([(0, 4), (5, 9)]) == [0, 4, 5, 9]
    assert sentence_spans({"text": TEXT, "sentence_spans": [0, 4, 5, 9]}) == [(0, 4), (5, 9)]
    assert sentence_spans({"text": TEXT, "sentence_spans": [0, 9]}) == [(0, 9)]
    assert sentence_spans({"text": "\ufeff", "sentence_spans": []}) == []


def test_spans_move_with_the_text_that_they_are_cut_out_of():
    assert flat_spans([(5, 9)], -5) == [0, 4]


def test_a_row_that_an_earlier_version_stored_is_cut():
    assert sentence_spans({"text": TEXT}) == sentence_spans({"text": TEXT, "sentence_spans": None}) == [(0, 4), (5, 9)]
