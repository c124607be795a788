"""A file with the line ends of DOS."""


def double(number):
    return number + 2
