"""What people typed into a form, read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation


class FormError(ValueError):
    """wrong: by field, what is wrong with it."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in wrong.items()))
        self.wrong = wrong


def amount(text: str) -> Decimal | None:
    """A plain decimal number; None for anything else."""
    cleaned = text.strip()
    if not cleaned or not set(cleaned) <= set("0123456789."):
        return None
    try:
        return Decimal(cleaned)
    except InvalidOperation:
        return None


def whole(text: str) -> int | None:
    """A whole number that is not negative; None for anything else."""
    cleaned = text.strip()
    return int(cleaned) if cleaned.isascii() and cleaned.isdecimal() and len(cleaned) < 19 else None


def listed(text: str) -> str:
    """Words with commas between them, in the form that headers take; blanks are left out."""
    return ",".join(part.strip() for part in text.split(",") if part.strip())
