"""Counting words."""


def unique(words):
    """The distinct words in the order of their first appearance."""
    found = []
    for word in words:
        if word not in found:
            found.append(word)
    return found


def frequencies(text):
    """How often each word occurs, case ignored."""
    counts = {}
    for word in text.lower().split():
        word = word.strip(".,;:!?")
        if word:
            counts[word] = counts.get(word, 0) + 1
    return counts
