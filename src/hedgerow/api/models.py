"""What the request and answer models of every API are made of. Answers are described by models, not written by them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""An exact decimal, sent as a JSON number."""


class Model(BaseModel):
    """camelCase outside, snake_case accepted too."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Open(Model):
    """May carry more fields than are named here."""

    model_config = ConfigDict(extra="allow")


class ErrorResponse(Model):
    detail: Any = Field(examples=["Invalid or missing API key"])


class ValidationError(Model):
    loc: list[str | int] = Field(description="Where: query, path or body, then the name", examples=[["query", "page"]])
    msg: str
    type: str


class HTTPValidationError(Model):
    detail: list[ValidationError]
