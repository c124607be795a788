"""Switches that the pull requests turn on."""

honest = False
forks = False
writes = False
prints = False
endless = False
memory = False
exits = False
deaf = False
