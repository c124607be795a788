import hostile


def test_switches_are_true_or_false():
    assert {hostile.honest, hostile.endless} <= {True, False}
