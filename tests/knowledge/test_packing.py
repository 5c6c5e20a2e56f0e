from resources.mean_pooling import packed


def test_each_batch_takes_the_longest_that_still_fits():
    assert list(packed([5, 9, 2, 4, 1], 10)) == [[1, 4], [0, 3], [2]]


def test_what_is_longer_than_a_batch_is_a_batch_of_its_own():
    assert list(packed([12, 3, 10, 7], 10)) == [[0], [2], [3, 1]]


def test_texts_of_one_length_stay_together_and_every_place_comes_once():
    lengths = [3, 4, 3, 4, 3, 4, 3]
    batches = list(packed(lengths, 12))
    assert sorted(place for batch in batches for place in batch) == list(range(7))
    assert [[lengths[place] for place in batch] for batch in batches] == [[4, 4, 4], [3, 3, 3, 3]]
    assert list(packed([], 10)) == []
