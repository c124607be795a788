from wordkit.numbers import spell


def test_digits_become_words():
    assert spell(42) == "four two"
