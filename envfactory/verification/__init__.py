"""Is a dataset still what it was: gold patches resolve, empty ones do not, attacks gain nothing.

Asked for, also: equal variants of the gold patch resolve, and how many wrong patches the tests notice.

    for entry in verify(dataset, Wanted(runs=3, attacks=True), jobs=2): ...

Grades through the same function as trainers; writes ledgers beside the dataset and never changes it.
"""

from envfactory.verification.checks import Entry, Wanted
from envfactory.verification.ledger import Ledger
from envfactory.verification.summary import attack_table, oracle_table, rotten, variant_table, verdicts
from envfactory.verification.verify import Verification

__all__ = [
    "Entry",
    "Ledger",
    "Verification",
    "Wanted",
    "attack_table",
    "oracle_table",
    "rotten",
    "variant_table",
    "verdicts",
]
