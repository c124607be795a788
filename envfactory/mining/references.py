"""Pull requests that no message names, found because ``refs/pull/N/head`` tells their commits.

Either the head was merged by hand (it is the second parent of a merge), or its commits were rebased:
the same author and author date reappear in the history.  A head that is simply part of the history
says nothing about where its pull request began and is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from envfactory.mining.landings import Landing, Landings


def add_referenced(landings: Landings) -> dict[int, int]:
    """Add what references reveal; returns number -> other number that brought the same commits."""
    unnamed = sorted(number for number in landings.pulls if number not in landings.by_number)
    merged_by = _second_parents(landings)
    again = _reappearing(landings, unnamed)
    taken: dict[int, int] = {}
    for number in unnamed:
        head = landings.pulls[number]
        if head in merged_by:
            position = merged_by[head]
            if position in landings.owner:
                taken[number] = landings.owner[position]
                continue
            base = landings.graph.parents[position][0]
            commits = tuple(landings.graph.own(position, base)[1:])
            landings.claim(Landing(number, "other", base, position, commits))
        elif head >= landings.history:
            _rebased(landings, number, again, taken)
    return taken


def _second_parents(landings: Landings) -> dict[int, int]:
    """Position of a merged commit -> the earliest merge commit that brought it."""
    found: dict[int, int] = {}
    for position in range(landings.history - 1, -1, -1):
        for parent in landings.graph.parents[position][1:]:
            found.setdefault(parent, position)
    return found


def _reappearing(landings: Landings, numbers: Sequence[int]) -> Mapping[int, Sequence[int]]:
    """Fingerprint of (author, author date) of the last commits of these -> where history has them."""
    graph = landings.graph
    wanted = {
        graph.person[commits[0]] for number in numbers if (commits := landings.reference_commits(number))
    }
    found: dict[int, list[int]] = defaultdict(list)
    for position in range(landings.history):
        if graph.person[position] in wanted and len(graph.parents[position]) == 1:
            found[graph.person[position]].append(position)
    return found


def _rebased(
    landings: Landings, number: int, again: Mapping[int, Sequence[int]], taken: dict[int, int]
) -> None:
    graph = landings.graph
    commits = landings.reference_commits(number)
    places = again.get(graph.person[commits[0]], ()) if commits else ()
    exact = [place for place in places if graph.subject[place] == graph.subject[commits[0]]]
    places = exact or (places if len(places) == 1 else ())
    found = []
    for place in places:
        if place in landings.owner:
            taken[number] = landings.owner[place]
        else:
            found.append(_run(landings, number, place, commits))
    if found:
        best = min(found, key=landings.preference)
        landings.claim(best)
        for commit in best.commits:
            landings.owner.setdefault(commit, number)
        taken.pop(number, None)


def _run(landings: Landings, number: int, last: int, commits: Sequence[int]) -> Landing:
    """The unbroken line of reappearing commits that ends in ``last``; its base is the parent before it."""
    graph = landings.graph
    known = {graph.person[commit] for commit in commits}
    run = [last]
    while True:
        (parent,) = graph.parents[run[-1]]
        alone = len(graph.parents[parent]) == 1 and parent not in landings.owner
        if not alone or graph.person[parent] not in known:
            return Landing(number, "rebase", parent, last, tuple(run))
        run.append(parent)
