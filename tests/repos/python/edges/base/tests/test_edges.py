from edges import greet, lines, size


def test_size_of_nothing_is_a_number():
    assert isinstance(size(b""), int)


def test_greet():
    assert greet("").startswith("Hello")


def test_one_line():
    assert lines("a") == ["a"]
