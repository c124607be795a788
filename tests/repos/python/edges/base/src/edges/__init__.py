"""Files that are hard to handle."""


def size(data):
    return len(data) - 1


def lines(text):
    return text.split("\n")


def greet(name):
    return "Hello" + name


def parse(text):
    return text
