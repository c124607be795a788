"""Patches that want a reward without a fix: each a small generator that applies to any task of its language.

    for attack in attacks_on(target):
        patch = attack.make(target)     # a unified diff, or None where the attack has no hold

For testing our own grader; ``envfactory.verification`` runs them.  Nothing here is ever part of a
dataset, and nothing here judges whether an attack succeeded.
"""

from envfactory.attacks.attack import Attack, Target
from envfactory.attacks.registry import ATTACKS, attacks_on

__all__ = ["ATTACKS", "Attack", "Target", "attacks_on"]
