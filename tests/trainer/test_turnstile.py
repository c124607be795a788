"""Turns are given in order, each client's in its own, and no seat is ever lost."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.errors import EpisodeError
from envfactory.trainer.turnstile import Turnstile


def test_clients_take_turns() -> None:
    turnstile = Turnstile(1)
    inside = turnstile.ask("greedy")
    waiting = [("greedy", turnstile.ask("greedy")) for _ in range(3)] + [("small", turnstile.ask("small"))]
    assert inside.done() and turnstile.counts() == (1, 4)
    order = []
    for _ in range(4):
        turnstile.leave()
        (come,) = [item for item in waiting if item[1].done()]
        waiting.remove(come)
        order.append(come[0])
    assert order == ["greedy", "small", "greedy", "greedy"]


def test_too_many_are_refused() -> None:
    turnstile = Turnstile(1, max_waiting=1)
    turnstile.ask()
    second = turnstile.ask()
    with pytest.raises(EpisodeError) as refused:
        turnstile.ask()
    assert (refused.value.cause, refused.value.retryable) == ("pool_full", True)
    turnstile.abandon(second)
    assert not turnstile.ask().done()


def test_closing_tells_everybody() -> None:
    turnstile = Turnstile(1)
    turnstile.ask()
    waiting = turnstile.ask()
    turnstile.close()
    with pytest.raises(EpisodeError, match="closed"):
        waiting.result(0)
    with pytest.raises(EpisodeError, match="closed"):
        turnstile.ask()


@given(
    seats=st.integers(1, 3),
    steps=st.lists(st.tuples(st.sampled_from(["ask", "leave", "abandon"]), st.integers(0, 5)), max_size=60),
)
def test_no_seat_is_lost(seats: int, steps: list[tuple[str, int]]) -> None:
    turnstile = Turnstile(seats)
    held: list[Future[None]] = []
    for what, number in steps:
        if what == "ask":
            held.append(turnstile.ask(str(number)))
            continue
        chosen = [ticket for ticket in held if what == "abandon" or ticket.done()]
        if chosen:
            ticket = chosen[number % len(chosen)]
            held.remove(ticket)
            if what == "leave":
                turnstile.leave()
            else:
                turnstile.abandon(ticket)
        inside = sum(ticket.done() for ticket in held)
        assert turnstile.counts() == (inside, len(held) - inside)
        assert inside == min(seats, len(held))
