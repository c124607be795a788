"""What Python sources can be turned into to try out tests: equal variants, mutants, and their lines of code.

    reading        syntax, scopes, and what makes a file too delicate to touch
    layout         the same program in another layout
    renaming       local variables under other names
    ordering       definitions and imports in another order
    operators      the small mistakes
    mutation       where in a file they are made
    comparison     when two texts are the same program; which lines hold code

Everything is a pure function of texts; nothing of a repository is imported or run.  A text that the
running interpreter cannot parse (Python 2, newer syntax) gives neither variants nor mutants.
"""
