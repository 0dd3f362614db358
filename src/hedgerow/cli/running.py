"""What every long-running command begins and ends with: settings, the product's event loop, signals.

It imports nothing of a service, so that `hedgerow agent` needs no more than an agent does.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from hedgerow.core.config import Settings, load_settings

T = TypeVar("T")

_FORCED_EXIT = 70
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def settings_of(data_dir: Path | None) -> Settings:
    """The settings, with the folder that the command line names."""
    return load_settings(**({"data_dir": data_dir} if data_dir else {}))


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a command's coroutine on the product's event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def until_signalled(work: Coroutine[Any, Any, T], *, longest_stop_s: float | None = None) -> T | None:
    """Awaits the work; SIGTERM or SIGINT cancels it, once, and then the answer is None.

    longest_stop_s: after which the process ends by force.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    is_stopping = False

    def stop() -> None:
        nonlocal is_stopping
        if is_stopping or task is None:
            return
        is_stopping = True
        task.cancel()
        if longest_stop_s is not None:
            end_within(longest_stop_s)

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        return await work
    except asyncio.CancelledError:
        if not is_stopping:
            raise
        return None
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def end_within(seconds: float) -> None:
    """Ends the process by force when it still runs then."""
    asyncio.get_running_loop().call_later(seconds, os._exit, _FORCED_EXIT)
