"""Our episodes in the shapes of other people's libraries, a thin module each, behind an extra each.

Import the module that is wanted; this package imports none of them.
"""
