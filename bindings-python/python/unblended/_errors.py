"""Exceptions: one class for each concern, stable codes, where it was found, and why (spec 10.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Location = dict[str, "str | int"]


class UnblendedError(Exception):
    """Anything the library refuses or fails at. Catch a subclass for a concern, compare `code` for one problem.

    Attributes:
        code: stable code `stage.problem`, one of `unblended.error_codes()`.
        message: one sentence: lower case, input in backticks.
        location: `file`, `row` (the header is row 1), `byte` and `column`, as far as known; None where nowhere.

    What led to it stands in `__cause__`: the exception of a source that was read, or the texts of the library.
    """

    code: str
    message: str
    location: Location | None

    def __init__(self, message: str, code: str = "internal.panic", location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.location = location

    def __str__(self) -> str:
        where = _place(self.location)
        return f"{self.code}: {self.message}" + (f" ({where})" if where else "")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.code, self.location), self.__dict__


class InputError(UnblendedError):
    """Bill, event or table data is wrong."""


class ConfigError(UnblendedError):
    """Options or the policy are wrong, or ask for what this bill cannot give."""


class LimitError(UnblendedError):
    """A limit of exact arithmetic or of the caller was reached."""


class IoError(UnblendedError):
    """The operating system refused to read or write."""


class StateError(UnblendedError):
    """The store or a finalized table forbids the operation.

    Attributes:
        differences: for a refused finalization, every area whose cost differs from the live version.
    """

    differences: list[dict[str, Any]]

    def __init__(self, message: str, code: str = "internal.panic", location: Location | None = None) -> None:
        super().__init__(message, code, location)
        self.differences = []


class InternalError(UnblendedError):
    """A promise of this library is broken; please report it."""


class ErrorCause(Exception):
    """The text of an error that led to another one."""


_CLASSES: dict[str, type[UnblendedError]] = {
    "input": InputError,
    "config": ConfigError,
    "limit": LimitError,
    "io": IoError,
    "state": StateError,
    "internal": InternalError,
}


def class_of(name: str) -> type[UnblendedError]:
    """The exception class of an error class by its name."""
    return _CLASSES.get(name, InternalError)


def from_native(
    code: str,
    error_class: str,
    message: str,
    location: str | None,
    causes: Sequence[str],
    source: BaseException | None,
) -> UnblendedError:
    """The exception of an error of the native part."""
    error = class_of(error_class)(message, code, None if location is None else json.loads(location))
    cause = source
    if cause is None:
        for text in reversed(causes):
            outer = ErrorCause(text)
            outer.__cause__ = cause
            cause = outer
    error.__cause__ = cause
    return error


def _place(location: Location | None) -> str:
    if not location:
        return ""
    parts = [str(location.get("file", "input"))]
    parts += [f"{name} {location[name]}" for name in ("row", "byte") if name in location]
    if "column" in location:
        parts.append(f"column `{location['column']}`")
    return ", ".join(parts)
