"""Requests that need nothing but a connection that is kept: sent in the call that brought them, answered in the one
that brings the last of the target's answer. No task stands between.

An answer that is to be read as it comes, unpacked or followed elsewhere goes on as a task of `agent.fetch`, whose parts
do the work here as well; a request that is to be connected for begins there. So does one whose caller traces it.
"""

from __future__ import annotations

from collections.abc import Callable

from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.fetch import Fetch, Fetcher
from hedgerow.scraping.agent.plain import BEGUN, LONG, WHOLE, PlainAnswer, PlainClient
from hedgerow.scraping.agent.work import WorkFailed, carried_out, tell_failure
from hedgerow.scraping.linksocket import Channel, StreamCut


class Quick:
    """Begins streams of kind FETCH."""

    def __init__(self, fetcher: Fetcher, plain: PlainClient) -> None:
        self._fetcher, self._plain = fetcher, plain

    def begin(self, channel: Channel, head: bytes, when_over: Callable[[], None]) -> bool:
        """False when it is to be begun by a task; that tells as well what is wrong with it."""
        try:
            fetch = self._fetcher.understand(channel, head)
            if fetch.request.cause or not fetch.is_plain:
                return False
            answer = self._plain.begin(fetch.without_body())
        except WorkFailed:
            return False
        if answer is None:
            return False
        _Errand(channel, fetch, answer, when_over)
        return True


class _Errand:
    """One request that was sent."""

    __slots__ = ("_answer", "_channel", "_deadline", "_fetch", "_when_over")

    def __init__(self, channel: Channel, fetch: Fetch, answer: PlainAnswer, when_over: Callable[[], None]) -> None:
        self._channel, self._fetch, self._answer, self._when_over = channel, fetch, answer, when_over
        self._deadline = fetch.limited()
        channel.when_cut(self._end)
        answer.watch(self._on_change)

    def _on_change(self) -> None:
        try:
            progress = self._answer.progress()
            if progress is WHOLE:
                self._on_whole()
            elif progress is BEGUN:
                self._fetch.has_head()
            elif progress is LONG:
                self._go_on_as_a_task()
        except StreamCut:
            self._end()
        except Exception as error:
            tell_failure(error, self._channel)
            self._end()

    def _on_whole(self) -> None:
        """Raises StreamCut."""
        answer = self._answer
        if self._fetch.following(answer) is not None or answer.unread > self._channel.room:
            self._go_on_as_a_task()
        else:
            self._fetch.answer_whole(answer, answer.take())
            self._end()

    def _go_on_as_a_task(self) -> None:
        self._answer.watch(None)
        task = spawn(carried_out(self._fetch.go_on(self._answer), self._channel), "fetch of the agent")
        self._channel.when_cut(task.cancel)
        task.add_done_callback(lambda _: self._end_task())

    def _end_task(self) -> None:
        self._deadline.cancel()
        self._when_over()

    def _end(self) -> None:
        """The connection is free, or ended where it cannot be used again."""
        self._channel.when_cut(None)
        self._answer.watch(None)
        self._answer.release()
        self._end_task()
