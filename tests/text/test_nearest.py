from pipelines.text.nearest import nearest


def test_the_nearest_name_is_returned_or_none_where_nothing_is_like_it():
    modes = ["native", "local", "global"]
    assert nearest("locl", modes) == "local" and nearest("natve", modes) == "native"
    assert nearest("xyz", modes) == "" and nearest("locl", []) == ""
    assert nearest("lo", modes, likeness=0.9) == ""
