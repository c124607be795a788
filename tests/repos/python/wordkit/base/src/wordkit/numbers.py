"""Numbers as words."""

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def spell(number):
    """The digits of ``number`` as words."""
    return " ".join(ONES[int(digit)] for digit in str(number))
