"""Our taskset under a top-level name, which is how verifiers finds it."""

from envfactory.adapters.verifiers import DatasetTaskset

__all__ = ["DatasetTaskset"]
