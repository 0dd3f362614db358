"""Steps: what a person would do on the page, done by the browser's own input, so that the page sees a person's events.

Sources: Chrome DevTools Protocol, domains DOM and Input; UI Events KeyboardEvent code and key values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hedgerow.core.errors import HedgerowError
from hedgerow.scraping.agent.browser.cdp import BrowserGone, Params
from hedgerow.scraping.agent.browser.page import Page
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.messages import MOST_TIMEOUT_S
from hedgerow.scraping.pages import Step, StepDone

MOST_TYPED = 10_000

_KEYS = {
    "Enter": (13, "\r"),
    "Tab": (9, "\t"),
    "Escape": (27, ""),
    "Backspace": (8, ""),
    "Delete": (46, ""),
    "Space": (32, " "),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
    "Home": (36, ""),
    "End": (35, ""),
    "PageUp": (33, ""),
    "PageDown": (34, ""),
}
"""Code and text of keys that have a name."""

_CLEAR = """function () {
  if (this.isContentEditable) { this.textContent = ''; }
  else {
    const of = this instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(of.prototype, 'value').set.call(this, '');
  }
  this.dispatchEvent(new Event('input', {bubbles: true}));
  this.dispatchEvent(new Event('change', {bubbles: true}));
}"""
_SELECT = """function (wanted) {
  const option = [...(this.options || [])].find((one) => one.value === wanted || one.text === wanted);
  if (!option) { return false; }
  this.value = option.value;
  this.dispatchEvent(new Event('input', {bubbles: true}));
  this.dispatchEvent(new Event('change', {bubbles: true}));
  return true;
}"""

Told = dict[str, str]
"""`result` or `screenshot` of a step that has one."""


async def run(page: Page, step: Step, number: int, left_s: float) -> StepDone:
    """Does the step, within its own time or what is left. A failure stands in the answer. Raises BrowserGone."""
    limit_s = min(step.timeout or MOST_TIMEOUT_S, left_s)
    if step.action != "waitNavigation":
        page.forget_documents()
    try:
        async with asyncio.timeout(limit_s):
            told = await _DO[step.action](page, step)
    except TimeoutError:
        return StepDone(number, step.action, error=f"not done within {limit_s:.3g} s")
    except BrowserGone:
        raise
    except HedgerowError as error:
        return StepDone(number, step.action, error=str(error)[:1000])
    return StepDone(number, step.action, **(told or {}))


async def _found(page: Page, step: Step) -> int:
    """The element, once it is there and seen."""
    if not step.selector:
        raise WorkFailed(CutCode.SCRIPT, "the step needs a selector")
    node = 0

    async def is_there() -> bool:
        nonlocal node
        node = await page.node(step.selector)
        return node > 0 and await page.is_visible(node)

    await page.until(is_there)
    return node


async def _middle(page: Page, step: Step) -> tuple[float, float]:
    """Where the middle of the element is in view."""
    node = await _found(page, step)
    await page.target.call("DOM.scrollIntoViewIfNeeded", nodeId=node)
    corners = (await page.target.call("DOM.getBoxModel", nodeId=node))["model"]["border"]
    return sum(corners[0::2]) / 4, sum(corners[1::2]) / 4


async def _mouse(page: Page, kind: str, at: tuple[float, float], **more: object) -> None:
    await page.target.call("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], **more)


async def _key(page: Page, key: str) -> None:
    code, text = _KEYS.get(key, (ord(key.upper()) if len(key) == 1 and key.isascii() else 0, key))
    if len(key) != 1 and key not in _KEYS:
        raise WorkFailed(CutCode.SCRIPT, f"there is no key {key[:20]!r}")
    given: Params = {"key": " " if key == "Space" else key, "windowsVirtualKeyCode": code}
    if len(key) > 1:
        given["code"] = key
    await page.target.call(
        "Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **given, **({"text": text} if text else {})
    )
    await page.target.call("Input.dispatchKeyEvent", type="keyUp", **given)


async def _on_element(page: Page, node: int, function: str, *arguments: str) -> object:
    resolved = await page.target.call("DOM.resolveNode", nodeId=node)
    answer = await page.target.call(
        "Runtime.callFunctionOn",
        functionDeclaration=function,
        objectId=resolved["object"]["objectId"],
        arguments=[{"value": argument} for argument in arguments],
        returnByValue=True,
    )
    if "exceptionDetails" in answer:
        raise WorkFailed(CutCode.SCRIPT, "the element does not take that")
    return answer["result"].get("value")


# --- the actions -------------------------------------------------------------------------------------------------


async def _navigate(page: Page, step: Step) -> None:
    await page.go(step.value, "load", "")


async def _click(page: Page, step: Step) -> None:
    at = await _middle(page, step)
    await _mouse(page, "mouseMoved", at)
    await _mouse(page, "mousePressed", at, button="left", clickCount=1)
    await _mouse(page, "mouseReleased", at, button="left", clickCount=1)


async def _hover(page: Page, step: Step) -> None:
    await _mouse(page, "mouseMoved", await _middle(page, step))


async def _focus(page: Page, step: Step) -> None:
    await page.target.call("DOM.focus", nodeId=await _found(page, step))


async def _type(page: Page, step: Step) -> None:
    if len(step.value) > MOST_TYPED:
        raise WorkFailed(CutCode.SCRIPT, f"more than {MOST_TYPED} characters are not typed")
    await _focus(page, step)
    for character in step.value:
        await _key(page, {"\n": "Enter", "\t": "Tab"}.get(character, character))


async def _press(page: Page, step: Step) -> None:
    if step.selector:
        await _focus(page, step)
    await _key(page, step.value)


async def _clear(page: Page, step: Step) -> None:
    await _on_element(page, await _found(page, step), _CLEAR)


async def _select(page: Page, step: Step) -> None:
    if not await _on_element(page, await _found(page, step), _SELECT, step.value):
        raise WorkFailed(CutCode.SCRIPT, f"there is no option {step.value[:100]!r}")


async def _wait(page: Page, step: Step) -> None:
    await _found(page, step)


async def _wait_hidden(page: Page, step: Step) -> None:
    async def is_hidden() -> bool:
        node = await page.node(step.selector)
        return node == 0 or not await page.is_visible(node)

    await page.until(is_hidden)


async def _wait_navigation(page: Page, _: Step) -> None:
    await page.next_document()


async def _scroll(page: Page, step: Step) -> None:
    if step.selector:
        await _middle(page, step)
    else:
        await page.evaluate(f"window.scrollBy({step.x}, {step.y})")


async def _evaluate(page: Page, step: Step) -> Told:
    return {"result": await page.evaluate(step.expression or step.value)}


async def _screenshot(page: Page, step: Step) -> Told:
    return {"screenshot": await page.screenshot(full_page=step.full_page)}


async def _sleep(_: Page, step: Step) -> None:
    await asyncio.sleep(max(0, step.ms) / 1000)


_DO: dict[str, Callable[[Page, Step], Awaitable[Told | None]]] = {
    "navigate": _navigate,
    "click": _click,
    "type": _type,
    "clear": _clear,
    "select": _select,
    "wait": _wait,
    "waitNavigation": _wait_navigation,
    "waitHidden": _wait_hidden,
    "scroll": _scroll,
    "hover": _hover,
    "press": _press,
    "focus": _focus,
    "evaluate": _evaluate,
    "screenshot": _screenshot,
    "sleep": _sleep,
}
