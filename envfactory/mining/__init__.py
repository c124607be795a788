"""Turns a history into candidates: finding landings, screening, splitting patches, writing statements.

Nothing here starts a container or reaches the network.
"""
