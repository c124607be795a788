"""Extracting: a candidate with its environment becomes a task with verified reward rules."""

from envfactory.extractor.extract import extract

__all__ = ["extract"]
