"""What runs inside a task's container, beside the tests: stdlib only, Python 3.6 syntax.

These files are also copied verbatim into bundles.  Nothing here imports the rest of the factory.
"""
