"""Names and numbers of the documents are those of the code."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from hedgerow.core import observe
from hedgerow.core.config import PREFIX, Settings

from .documents import PAGES, ROOT, blocks, inline_code, name_of, section
from .tools import tool

VARIABLES = {PREFIX + name.upper() for name in Settings.model_fields} | {PREFIX + "CONFIG"}


def test_tables_are_those_of_the_code() -> None:
    tables = tool("doc_tables")
    for document in tables.DOCUMENTS:
        text = document.read_text()
        assert "<!-- table " in text
        assert text == tables.expected(text), "python tools/doc_tables.py writes it anew"


def test_every_setting_has_a_meaning() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_exists(page: Path) -> None:
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", page.read_text())) <= VARIABLES


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_metric_exists(page: Path) -> None:
    known = {
        name
        for metric in vars(observe).values()
        if isinstance(metric, MetricWrapperBase)
        for family in metric.describe()
        for name in (family.name, f"{family.name}_total")
    }
    shown = [code for code in inline_code(page.read_text()) if re.fullmatch(r"hedgerow_[a-z_]+", code)]
    assert set(shown) <= known


def test_every_named_place_exists() -> None:
    text = section((ROOT / "docs" / "architecture.md").read_text(), "## Where each rule lives")
    places = [code for code in inline_code(text) if re.fullmatch(r"[a-z_]+(/[\w.]+)+", code)]
    assert len(places) > 30
    for place in places:
        inside = ROOT / "src" / "hedgerow" / place
        assert (ROOT / place).exists() or inside.is_dir() or inside.with_suffix(".py").exists(), place


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page.read_text(), "pycon")], ids=name_of)
def test_every_sum_is_right(page: Path) -> None:
    sums = "\n".join(block.text for block in blocks(page.read_text(), "pycon"))
    test = doctest.DocTestParser().get_doctest(sums, {}, name_of(page), str(page), 0)
    told: list[str] = []
    result = doctest.DocTestRunner().run(test, out=told.append)
    assert result.attempted > 10
    assert not result.failed, "".join(told)
