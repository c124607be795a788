"""What tests need besides their dependencies: services, a clock, a display, locales, rights.

    needs      what a message says is missing, in words of a fixed vocabulary (read by the verdict)
    repairs    which of it can be provided: system packages, variables and a prefix of the test command
    prefixes   words before the runner that prepare something and then become the runner

Nothing here belongs to one language; a language's table of repairs calls ``repairs``.  Nothing is run
here, and nothing is provided that no symptom asked for.
"""
