"""Column types that turn the domain's own values into rows and back."""

from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

Code = TypeVar("Code", bound=StrEnum)
Value = TypeVar("Value")


class EnumText(TypeDecorator[Code], Generic[Code]):
    """A ``StrEnum`` as text; the table's check constraint names the codes."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Text
    cache_ok: bool | None = True

    def __init__(self, codes: type[Code]) -> None:
        super().__init__()
        self.codes = codes

    def process_bind_param(self, value: Code | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the code's text."""
        return None if value is None else self.codes(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> Code | None:  # noqa: ARG002
        """Return the code of a text."""
        return None if value is None else self.codes(value)


class ValueJson(TypeDecorator[Value], Generic[Value]):
    """A frozen value object of the domain as JSONB, decimals and dates as strings.

    It is read as strictly as a request's body: a document that does not fit the domain's rules cannot be loaded.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = JSONB
    cache_ok: bool | None = True

    def __init__(self, adapter: TypeAdapter[Value]) -> None:
        super().__init__(none_as_null=True)
        self.adapter = adapter

    def process_bind_param(self, value: Value | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Return what ``json`` can write."""
        return None if value is None else self.adapter.dump_python(value, mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> Value | None:  # noqa: ARG002
        """Return the domain's value."""
        return None if value is None else self.adapter.validate_python(value)
