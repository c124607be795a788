from wordkit.table import render


def test_columns_are_aligned():
    assert render([['a', 'bb'], ['ccc', 'd']]) == 'a    bb\nccc  d'


def test_the_gap_can_be_chosen():
    assert render([['a', 'b']], gap=' | ') == 'a | b'
