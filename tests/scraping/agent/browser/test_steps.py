"""What each step does to a page, and which navigation a `waitNavigation` waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from tests.patience import PATIENCE_S
from tests.scraping.pages import Site, needs_browser, pages

from hedgerow.bus.engines.engine import free_port
from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.browser import steps
from hedgerow.scraping.agent.browser.page import Page
from hedgerow.scraping.agent.browser.pool import Pool
from hedgerow.scraping.agent.dial import Way
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.pages import BrowserRequest, Step, StepDone

pytestmark = needs_browser

NEVER_S = 0.2
"""What never comes is waited for so long."""
HTML = """<body><a id=away href=/form>away</a><p id=below></p><input id=name value=old><textarea id=note>old</textarea>
<p id=free contenteditable>old</p><select id=side><option value=b>Back<option value=l>Lay</select>
<div style="width: 5000px; height: 5000px"></div>
<script>
const told = [];
for (const kind of ['input', 'change', 'mouseover', 'focusin'])
  addEventListener(kind, ({target}) => target.id && told.push(`${kind} ${target.id}`));
</script>"""


@pytest.fixture
async def web() -> AsyncIterator[Site]:
    async with pages() as found:
        yield found


@pytest.fixture
async def page(pool: Pool, web: Site) -> AsyncIterator[Page]:
    """Where the steps are done."""
    async with pool.lend(Way()) as context:
        request = BrowserRequest(web.page(HTML), PATIENCE_S)
        opened = Page(context, pool.guard, request)
        await opened.prepare()
        await opened.go(request.url, "load", "")
        yield opened


async def do(page: Page, action: Any, left_s: float = PATIENCE_S, **given: Any) -> StepDone:
    return await steps.run(page, Step(action, **given), 1, left_s)


async def done(page: Page, action: Any, **given: Any) -> str | None:
    """The result of a step that works."""
    told = await do(page, action, **given)
    assert told.error is None
    return told.result


async def navigates(page: Page) -> bool:
    """Whether there is a navigation that is not waited for yet."""
    return (await do(page, "waitNavigation", NEVER_S)).error is None


async def is_at(page: Page, href: str) -> None:
    """Until the page has gone there and everything of that is told."""

    async def has_gone() -> bool:
        with suppress(WorkFailed):  # the document may be replaced in the middle of a look
            told = await page.evaluate("document.readyState + ' ' + location.href")
            return told.startswith('"complete ') and href in told
        return False

    await page.until(has_gone)


# --- navigations -------------------------------------------------------------------------------------------------


async def test_navigation_that_is_over_before_it_is_waited_for_is_not_missed_and_counts_once(page: Page) -> None:
    await done(page, "click", selector="#away")
    await is_at(page, "/form")
    assert await navigates(page)
    assert not await navigates(page)


async def test_navigation_counts_for_the_step_that_follows_alone(page: Page) -> None:
    await done(page, "click", selector="#away")
    await is_at(page, "/form")
    await done(page, "hover", selector="#go")
    assert not await navigates(page)


async def test_two_navigations_of_one_step_are_waited_for_one_after_the_other(page: Page, web: Site) -> None:
    await page.evaluate(f"away.href = {web.page('<script>location = `/form`</script>')!r}")
    await done(page, "click", selector="#away")
    await is_at(page, "/form")
    assert [await navigates(page) for _ in range(3)] == [True, True, False]


async def test_without_a_step_before_it_the_next_navigation_is_waited_for(page: Page) -> None:
    waiting = spawn(do(page, "waitNavigation"), "waiting")
    await page.evaluate("1")
    assert not waiting.done()
    await page.evaluate("location = '/form'; 1")
    assert (await waiting).error is None
    assert await page.evaluate("location.pathname") == '"/form"'


async def test_navigate_waits_for_its_own_document_and_leaves_the_next_one(page: Page, web: Site) -> None:
    await done(page, "navigate", value=f"{web.base}/form")
    assert not await navigates(page)
    await done(page, "navigate", value=web.page("<script>location = '/form'</script>"))
    await is_at(page, "/form")
    assert await navigates(page)


async def test_navigate_to_nowhere_is_told_by_its_step_alone(page: Page) -> None:
    told = await do(page, "navigate", value=f"http://127.0.0.1:{free_port()}/")
    assert "cannot be connected to" in str(told.error)
    await is_at(page, "chrome-error:")
    page.check_reached()


async def test_navigate_goes_to_a_place_in_the_document_that_is_there(page: Page) -> None:
    await done(page, "navigate", value=f"{page.document.url}#below")
    assert await page.evaluate("location.hash") == '"#below"'


# --- what a person does ------------------------------------------------------------------------------------------


async def test_hover_moves_the_mouse_there(page: Page) -> None:
    await done(page, "hover", selector="#away")
    assert await page.evaluate("told") == '["mouseover away"]'
    assert await page.evaluate("away.matches(':hover')") == "true"


async def test_focus_is_given_to_the_element(page: Page) -> None:
    await done(page, "focus", selector="#note")
    assert await page.evaluate("[document.activeElement.id, ...told]") == '["note", "focusin note"]'


async def test_scroll_goes_by_pixels_or_to_an_element(page: Page) -> None:
    await done(page, "scroll", x=30, y=1200)
    await done(page, "scroll", x=12, y=-200)
    assert await page.evaluate("[scrollX, scrollY]") == "[42, 1000]"
    await done(page, "scroll", selector="#away")
    assert await page.evaluate("away.getBoundingClientRect().top >= 0") == "true"


@pytest.mark.parametrize("selector", ["#name", "#note", "#free"])
async def test_clear_empties_what_can_be_typed_into_and_tells_the_page(page: Page, selector: str) -> None:
    await done(page, "clear", selector=selector)
    text = await page.evaluate(
        f"(({{value, textContent}}) => value ?? textContent)(document.querySelector('{selector}'))"
    )
    assert text == '""'
    assert await page.evaluate("told") == f'["input {selector[1:]}", "change {selector[1:]}"]'


@pytest.mark.parametrize("wanted", ["l", "Lay"])
async def test_select_takes_an_options_value_or_text(page: Page, wanted: str) -> None:
    await done(page, "select", selector="#side", value=wanted)
    assert await page.evaluate("[side.value, ...told]") == '["l", "input side", "change side"]'


async def test_option_that_is_not_there_is_named(page: Page) -> None:
    assert "'Draw'" in str((await do(page, "select", selector="#side", value="Draw")).error)
    assert await page.evaluate("[side.value, ...told]") == '["b"]'


async def test_evaluate_takes_its_expression_from_either_field(page: Page) -> None:
    assert await done(page, "evaluate", value="[1 + 1]") == "[2]"
    assert await done(page, "evaluate", expression="'first'", value="'second'") == '"first"'


async def test_wait_hidden_ends_when_the_element_is_not_seen_any_more(page: Page) -> None:
    waiting = spawn(do(page, "waitHidden", selector="#name"), "waiting")
    await page.evaluate("1")
    assert not waiting.done()
    await page.evaluate("document.getElementById('name').style.display = 'none'")
    assert (await waiting).error is None
    await done(page, "waitHidden", selector="#nowhere")
