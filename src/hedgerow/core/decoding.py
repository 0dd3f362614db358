"""Bytes that are no message: what decoding them raises, whatever was asked for.

msgspec raises its own errors for text that is malformed or of another shape, UnicodeDecodeError for a text member that
is not UTF-8 (what nobody reads is not looked at), and RecursionError for one that is nested deeper than the
interpreter's stack, unread members included. Who reads bytes from outside catches all of them.
"""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
