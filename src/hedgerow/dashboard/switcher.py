"""A choice among things that can be switched, with its two buttons. Switching off asks first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from nicegui import ui

from hedgerow.dashboard.parts import actions, button, choice, confirmed
from hedgerow.dashboard.visit import Visit

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Words:
    """label: what is chosen. on, off: the buttons. consequence: of switching off. is_on, is_off: what is told after."""

    label: str
    on: str
    off: str
    consequence: str
    is_on: str
    is_off: str


QUOTED = Words(
    "Tournament",
    "Activate",
    "Deactivate",
    "Its open orders are cancelled.",
    "The tournament is quoted from now on",
    "The tournament is not quoted any more",
)


class Switcher(Generic[T]):
    """done: called when something may have changed."""

    def __init__(self, visit: Visit, words: Words, turn: Callable[[T, bool], Awaitable[None]]) -> None:
        """turn: switches the thing on or off."""
        self.done: Callable[[], None] = lambda: None
        self._visit, self._words, self._turn = visit, words, turn
        with actions():
            self._choice = choice(words.label)
            button(words.on, lambda: self._switch(is_on=True), kind="main")
            button(words.off, lambda: self._switch(is_on=False))

    def show(self, options: Mapping[T, str]) -> None:
        """What there is to choose from."""
        self._choice.set_options(dict(options), value=kept(self._choice.value, options))

    async def _switch(self, *, is_on: bool) -> None:
        words, thing = self._words, self._choice.value
        if thing is None:
            ui.notify(f"Choose one first: {words.label.lower()}.", type="warning")
            return
        question = f"{words.off} the {words.label.lower()}?"
        if is_on or await confirmed(question, words.consequence, words.off, is_danger=True) is not None:
            await self._visit.act(lambda: self._turn(thing, is_on), lambda _: words.is_on if is_on else words.is_off)
            self.done()


def kept(chosen: T | None, options: Mapping[T, str]) -> T | None:
    """What stays chosen; the only one there is, where nothing was."""
    if chosen in options:
        return chosen
    return next(iter(options)) if len(options) == 1 else None
