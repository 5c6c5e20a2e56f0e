from pipelines.text.nearest import nearest_name


def test_the_nearest_name_is_returned_or_none_where_nothing_is_like_it():
    modes = ["native", "local", "global"]
    assert nearest_name("locl", modes) == "local" and nearest_name("natve", modes) == "native"
    assert nearest_name("xyz", modes) == "" and nearest_name("locl", []) == ""
    assert nearest_name("lo", modes, likeness=0.9) == ""
