"""The elements that pages are made of. All text is escaped by the framework: nothing here takes HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from nicegui import ui
from nicegui.element import Element

from hedgerow.dashboard.rows.tables import Column, TableRow

E = TypeVar("E", bound=Element)

_CELL = r"""
<q-td :props="props" :class="'tone-' + (props.row.tones?.[props.col.name] || 'plain')">
  <a v-if="props.row.links?.[props.col.name]" :href="props.row.links[props.col.name]">{{ props.value }}</a>
  <template v-else>{{ props.value }}</template>
</q-td>
"""
"""A cell: a link where the row has one, in the tone that the row gives it."""


class Rows:
    """A table that is filled again and again, and what stands in its place while it has no rows."""

    def __init__(self, label: str, columns: Sequence[Column], empty: str) -> None:
        """label: what is in it, for screen readers. empty: why there may be nothing, and what to do next."""
        shown = [
            {
                "name": column.name,
                "label": column.label,
                "field": column.name,
                "align": "right" if column.is_number else "left",
                "classes": "number" if column.is_number else "",
            }
            for column in columns
        ]
        with named(ui.element("div").classes("wide").props('tabindex="0" role="region"'), label):
            self._table = ui.table(columns=shown, rows=[], row_key="key", pagination=0)
        self._table.props("flat dense hide-pagination hide-bottom").classes("rows")
        self._table.add_slot("body-cell", _CELL)
        self._empty = ui.label(empty).classes("empty")
        self._table.set_visibility(False)

    def show(self, rows: Sequence[TableRow]) -> None:
        """Replaces all rows."""
        self._table.rows = [
            {"key": row.key, **row.cells, "links": dict(row.links or {}), "tones": dict(row.tones or {})}
            for row in rows
        ]
        self._table.set_visibility(bool(rows))
        self._empty.set_visibility(not rows)


def named(element: E, label: str) -> E:
    """What it is called for who does not see it. Set as a value: in the text of `props` a name of the feed's with a
    quote in it would become a property of its own."""
    element.props["aria-label"] = label
    return element


class Figure:
    """A number with its name."""

    def __init__(self, name: str, hint: str = "") -> None:
        with ui.element("div").classes("figure"):
            ui.label(name).classes("name")
            self._value = ui.label("–").classes("value number")
            if hint:
                ui.label(hint).classes("hint")

    def show(self, text: str, tone: str = "plain") -> None:
        """tone: good, bad, warn or plain."""
        self._value.set_text(text)
        self._value.classes(replace=f"value number tone-{tone}")


class Chip:
    """A state in a word, with a dot in its tone."""

    def __init__(self, text: str = "", tone: str = "plain") -> None:
        with ui.element("span").classes("chip") as self._chip:
            self._text = ui.label(text)
        self.show(text, tone)

    def show(self, text: str, tone: str) -> None:
        self._text.set_text(text)
        self._chip.classes(replace=f"chip tone-{tone}")


class Lines:
    """Names and what they stand for, below each other, under headings."""

    def __init__(self, empty: str) -> None:
        self._empty = empty
        self._shown: Sequence[tuple[str, Sequence[tuple[str, str]]]] | None = None
        self._place = ui.element("div")

    def show(self, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        """Replaces all; a group without a name has no heading."""
        if groups == self._shown:
            return
        self._shown = groups
        self._place.clear()
        with self._place:
            if not groups:
                ui.label(self._empty).classes("empty")
            for name, lines in groups:
                if name:
                    with ui.element("h3"):
                        ui.label(name).classes("bare")
                with ui.element("dl").classes("lines"):
                    for term, text in lines:
                        with ui.element("dt"):
                            ui.label(term).classes("bare")
                        with ui.element("dd").classes("number"):
                            ui.label(text).classes("bare")


class Stranger:
    """Text that somebody else has written, as it is: never markup, and cut where it is long."""

    def __init__(self, label: str) -> None:
        with named(ui.element("div").classes("stranger").props('tabindex="0" role="region"'), label):
            self._text = ui.label().classes("bare")
        self._note = ui.label().classes("note")

    def show(self, text: str, most: int) -> None:
        """most: characters that are shown."""
        self._text.set_text(text[:most])
        self._note.set_text(f"The first {most:,} of {len(text):,} characters." if len(text) > most else "")


@contextmanager
def panel(title: str, note: str = "") -> Iterator[None]:
    """A part of a page with a heading. note: a sentence on what it shows."""
    with ui.element("section").classes("panel"):
        heading(title, note)
        yield


def heading(title: str, note: str = "") -> None:
    """Of a part."""
    with ui.element("h2"):
        ui.label(title).classes("bare")
    if note:
        ui.label(note).classes("note")


@contextmanager
def figures(*, are_facts: bool = False) -> Iterator[None]:
    """Figures beside each other; are_facts: what describes one thing, in smaller letters."""
    with ui.element("div").classes("figures facts" if are_facts else "figures"):
        yield


@contextmanager
def fields() -> Iterator[None]:
    """Fields of a form beside each other."""
    with ui.element("div").classes("fields"):
        yield


def text_field(label: str, value: str = "") -> ui.input:
    """A field of a form."""
    return named(ui.input(label, value=value).props("outlined dense hide-bottom-space"), label)


def choice(label: str, options: Mapping[Any, str] | None = None, value: Any = None) -> ui.select:
    """One of several; options: what each stands for, and its text."""
    return named(ui.select(dict(options or {}), label=label, value=value).props("outlined dense"), label).classes(
        "choice"
    )


@contextmanager
def actions() -> Iterator[None]:
    """Buttons beside each other."""
    with ui.element("div").classes("actions"):
        yield


def button(text: str, on_click: Callable[[], Any], *, kind: str = "plain") -> ui.button:
    """kind: main, danger or plain."""
    style = {"main": "unelevated color=primary", "danger": "unelevated color=negative", "plain": "outline"}[kind]
    return ui.button(text, on_click=on_click, color=None).props(f"{style} no-caps").classes(f"button {kind}")


async def confirmed(
    title: str, text: str, yes: str, *, ask_reason: bool = False, is_danger: bool = False
) -> str | None:
    """Asks before something is done. The reason that was typed ("" where none was asked for or given); None for no."""
    with named(ui.dialog(), title) as dialog, ui.card().classes("dialog"):
        with ui.element("h2"):
            ui.label(title).classes("bare")
        ui.label(text)
        reason = ui.input("Reason (optional)").props("outlined dense maxlength=500") if ask_reason else None
        with actions():
            button("Cancel", lambda: dialog.submit(None))
            button(
                yes,
                lambda: dialog.submit(str(reason.value or "") if reason is not None else ""),
                kind="danger" if is_danger else "main",
            )
    answer: str | None = await dialog
    dialog.delete()
    return answer
