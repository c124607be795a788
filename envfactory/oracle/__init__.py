"""How good are the tests of a task: do they take what is right, and notice what is wrong.

    variants(question)           equal variants of the gold patch: each must resolve
    mutants(question)            gold patches with one small mistake: each should not
    partial_patches(question)    gold patches without one hunk: each should not
    coverage(engine, …)          which of the changed statements the tests run
    measured(engine, …)          the last three, as one ``OracleStrength``

Nothing here changes a task or decides whether it is one.
"""

from envfactory.oracle.coverage import Coverage, coverage
from envfactory.oracle.gold import parts_of
from envfactory.oracle.measure import graded_mistake, measured
from envfactory.oracle.mistakes import Mistake, mutants, partial_patches
from envfactory.oracle.question import Question
from envfactory.oracle.strength import Finding, strength
from envfactory.oracle.variants import Variant, variants

__all__ = [
    "Coverage",
    "Finding",
    "Mistake",
    "Question",
    "Variant",
    "coverage",
    "graded_mistake",
    "measured",
    "mutants",
    "partial_patches",
    "parts_of",
    "strength",
    "variants",
]
