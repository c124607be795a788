from wordkit.count import frequencies, unique


def test_unique_keeps_the_order():
    assert unique(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


def test_frequencies_ignore_case_and_punctuation():
    assert frequencies("Yes, yes. No!") == {"yes": 2, "no": 1}
