"""Writes the tables of the documentation that are facts of the code: settings, metrics, decisions, venues.

Each stands in its document between two comments, `<!-- table NAME -->` and `<!-- end -->`. `python tools/doc_tables.py`
writes them anew; tests/docs holds the documents against `expected`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from docs_site.schemas import table
from docs_site.venue_pages import sitting_of
from prometheus_client.metrics import MetricWrapperBase

from hedgerow.cli.doctor import all_settings
from hedgerow.core import observe
from hedgerow.venues.quality import KnownBy, State, has_own_file, quality_of
from hedgerow.venues.registry import Venue, all_venues

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = ROOT / "docs" / "decisions"

_PLACE = re.compile(r"(?P<begin><!-- table (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def settings() -> str:
    """Every setting, in the order of the code."""
    rows = [
        (f"`{row['variable']}`", f"`{row['default']}`" if row["default"] else "", row["description"])
        for row in all_settings()
    ]
    return table(("variable", "default", "meaning"), rows)


def metrics() -> str:
    """Every metric of `core.observe`, by name. A counter's name is as it is scraped, with `_total`."""
    found = [metric for metric in vars(observe).values() if isinstance(metric, MetricWrapperBase)]
    rows = [_metric(metric) for metric in found]
    return table(("metric", "type", "labels", "meaning"), sorted(rows))


def decisions() -> str:
    """Every page of the folder, by number."""
    rows = []
    for page in sorted(DECISIONS.glob("[0-9]*.md")):
        number, _, title = page.read_text().splitlines()[0].removeprefix("# ").partition(": ")
        rows.append((f"[{number}]({page.name})", title))
    return table(("", "decision"), rows)


def venues() -> str:
    """Every venue: its connector, what it is used as, what it is reached with, and its exam."""
    rows = [_venue(found) for _, found in sorted(all_venues().items())]
    return table(("venue", "slug", "connector", "MM", "ABP", "credentials", "cases passed", "exempt"), rows)


def knowledge() -> str:
    """Of every family of connectors, and of every venue with a quality file of its own, how many of the rules that it
    fulfils are known from where."""
    known = {}
    for slug, found in all_venues().items():
        name = slug if has_own_file(found.package, slug) else found.package.rpartition(".")[2]
        known[name] = quality_of(found.package, slug)
    rows = []
    for name, verdicts in sorted(known.items()):
        done = [verdict.known_by for verdict in verdicts if verdict.state is State.DONE]
        rows.append((f"`{name}`", *(str(done.count(source) or "") for source in KnownBy)))
    return table(("connector", *(source.value.replace("_", " ") for source in KnownBy)), rows)


def _venue(found: Venue) -> tuple[str, ...]:
    manifest, sitting = found.manifest, sitting_of(found)
    sides = "back and lay" if manifest.lays else "back"
    return (
        manifest.name,
        f"`{manifest.slug}`",
        manifest.level,
        "quotes" if sitting.candidate.exchange is not None else "",
        sides if sitting.candidate.bookmaker is not None else "",
        ", ".join(f"`{field.name}`" for field in manifest.credentials),
        f"{len(sitting.cases) - len(sitting.exempt)} of {len(sitting.cases)}",
        ", ".join(dict.fromkeys(case.rule.replace("_", " ") for case in sitting.exempt)),
    )


TABLES: dict[str, Callable[[], str]] = {
    "settings": settings,
    "metrics": metrics,
    "decisions": decisions,
    "venues": venues,
    "knowledge": knowledge,
}
DOCUMENTS = (ROOT / "docs" / "operations.md", ROOT / "docs" / "venues.md", DECISIONS / "README.md")


def expected(text: str) -> str:
    """A document with its tables as they must be."""
    return _PLACE.sub(lambda place: f"{place['begin']}\n{TABLES[place['name']]()}\n\n{place['end']}", text)


def _metric(metric: MetricWrapperBase) -> tuple[str, ...]:
    [family] = metric.describe()
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # no public way leads to them
    return f"`{name}`", family.type, labels, family.documentation


def main() -> None:
    for document in DOCUMENTS:
        document.write_text(expected(document.read_text()))


if __name__ == "__main__":
    main()
