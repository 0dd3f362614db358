"""Writes the tables of the documentation that are facts of the code: settings, metrics, decisions.

Each stands in its document between two comments, `<!-- table NAME -->` and `<!-- end -->`. `python tools/doc_tables.py`
writes them anew; tests/docs holds the documents against `expected`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from hedgerow.cli.doctor import all_settings
from hedgerow.core import observe

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = ROOT / "docs" / "decisions"

_PLACE = re.compile(r"(?P<begin><!-- table (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def settings() -> str:
    """Every setting, in the order of the code."""
    rows = [
        (f"`{row['variable']}`", f"`{row['default']}`" if row["default"] else "", row["description"])
        for row in all_settings()
    ]
    return _table(("variable", "default", "meaning"), rows)


def metrics() -> str:
    """Every metric of `core.observe`, by name. A counter's name is as it is scraped, with `_total`."""
    found = [metric for metric in vars(observe).values() if isinstance(metric, MetricWrapperBase)]
    rows = [_metric(metric) for metric in found]
    return _table(("metric", "type", "labels", "meaning"), sorted(rows))


def decisions() -> str:
    """Every page of the folder, by number."""
    rows = []
    for page in sorted(DECISIONS.glob("[0-9]*.md")):
        number, _, title = page.read_text().splitlines()[0].removeprefix("# ").partition(": ")
        rows.append((f"[{number}]({page.name})", title))
    return _table(("", "decision"), rows)


TABLES: dict[str, Callable[[], str]] = {"settings": settings, "metrics": metrics, "decisions": decisions}
DOCUMENTS = (ROOT / "docs" / "operations.md", DECISIONS / "README.md")


def expected(text: str) -> str:
    """A document with its tables as they must be."""
    return _PLACE.sub(lambda place: f"{place['begin']}\n{TABLES[place['name']]()}\n\n{place['end']}", text)


def _metric(metric: MetricWrapperBase) -> tuple[str, ...]:
    [family] = metric.describe()
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # no public way leads to them
    return f"`{name}`", family.type, labels, family.documentation


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def main() -> None:
    for document in DOCUMENTS:
        document.write_text(expected(document.read_text()))


if __name__ == "__main__":
    main()
