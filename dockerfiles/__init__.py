"""Dockerfile templates, rendered by ``envfactory.builder``; flat, and no code but this line."""
