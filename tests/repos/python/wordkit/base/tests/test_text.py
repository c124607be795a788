from wordkit.text import slugify, wrap


def test_slug_is_lower_case():
    assert slugify("Hello World") == "hello-world"


def test_slug_has_no_hyphen_at_its_ends():
    assert slugify("(Hello)") == "hello"


def test_wrap_breaks_at_spaces():
    assert wrap("one two three", 7) == ["one two", "three"]


def test_wrap_leaves_a_long_word_alone():
    assert wrap("a incomprehensible b", 5) == ["a", "incomprehensible", "b"]
