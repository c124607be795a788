"""Judging patches: ``grade(engine, subject, patch) -> Reward``."""

from envfactory.grader.grade import GradeSubject, grade, subject_of

__all__ = ["GradeSubject", "grade", "subject_of"]
