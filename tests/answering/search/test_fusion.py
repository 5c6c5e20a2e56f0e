import numpy as np
import pytest

from pipelines.answering.search import fusion
from pipelines.answering.search.fusion import blend, diversify, fuse, overlap, reordered
from pipelines.answering.settings import RetrievalSettings
from pipelines.core.errors import ConfigurationError


def test_a_blend_is_the_weighted_mean_of_scaled_scores() -> None:
    # near: a 1, b 0.5, c 0; worded: c 1, d 0.5. At 0.5: a 0.5, c 0.5, b 0.25, d 0.25.
    near, worded = [("a", 0.9), ("b", 0.7), ("c", 0.5)], [("c", 8.0), ("d", 4.0)]
    assert blend(near, worded, 0.5) == ["a", "c", "b", "d"]
    assert blend(near, worded, 1.0)[:2] == ["a", "b"]
    assert blend(near, worded, 0.0)[:2] == ["c", "d"]


def test_a_blend_of_one_search_keeps_its_order_and_of_none_is_empty() -> None:
    assert blend([], [("x", 3.0), ("y", 1.0)], 0.5) == ["x", "y"]
    assert blend([("x", 0.4)], [], 0.5) == ["x"]
    assert blend([], [], 0.5) == []


@pytest.mark.parametrize(("constant", "first"), [(1, "a"), (60, "b")])
def test_a_larger_constant_lets_two_middling_ranks_beat_one_best(constant: int, first: str) -> None:
    assert fuse([(1.0, ["a", "x", "b"]), (1.0, ["y", "z", "b"])], constant)[0] == first


def test_marginal_relevance_passes_over_the_double() -> None:
    alike = np.array([[1, 0.99, 0.1], [0.99, 1, 0.1], [0.1, 0.1, 1]])
    assert diversify(["a", "twin", "c"], alike, 0.0, 2) == ["a", "twin"]
    assert diversify(["a", "twin", "c"], alike, 0.5, 2) == ["a", "c"]
    assert diversify([], np.zeros((0, 0)), 0.5, 2) == []


def test_overlap_is_the_shared_part_of_all_terms() -> None:
    alike = overlap([frozenset("ab"), frozenset("bc"), frozenset("xy")])
    assert alike[0, 1] == pytest.approx(1 / 3) and alike[0, 2] == 0 and alike[1, 1] == 1


def test_what_was_judged_comes_first_and_ties_keep_their_order() -> None:
    assert reordered(["a", "b", "c", "d"], {"a": 0.1, "b": 0.9, "c": 0.1}) == ["b", "a", "c", "d"]


def test_a_fusion_is_a_line_of_the_table_and_an_unknown_one_is_told_the_known(monkeypatch: pytest.MonkeyPatch):
    near, worded, settings = [("a", 0.9), ("b", 0.5)], [("b", 4.0), ("c", 2.0)], RetrievalSettings()
    assert fusion.fusion_named("blend")(near, worded, settings) == ["a", "b", "c"]
    assert fusion.fusion_named("ranks")(near, worded, settings) == ["b", "a", "c"]
    monkeypatch.setitem(fusion.FUSIONS, "words", lambda near, worded, settings: [key for key, _ in worded])
    assert fusion.fusion_named("words")(near, worded, settings) == ["b", "c"]
    with pytest.raises(ConfigurationError, match="one of blend, ranks, words"):
        fusion.fusion_named("magic")
