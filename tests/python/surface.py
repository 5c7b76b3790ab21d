"""The public surface of the package as data: `python tests/python/surface.py` writes it down.

Names are those of every binding: another language may change their case, not their words.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import unblended

MANIFEST = Path(__file__).with_name("surface.json")
COMMAND = "python tests/python/surface.py"


def _members(kind: type) -> list[str]:
    if issubclass(kind, tuple):
        return [str(field) for field in kind._fields]  # type: ignore[attr-defined]
    if issubclass(kind, Exception):
        return sorted(name for name in getattr(kind, "__annotations__", {}))
    return sorted(name for name in dir(kind) if not name.startswith("_") or name.startswith("__arrow"))


def manifest() -> dict[str, Any]:
    """Functions with their parameters, classes with their members, error codes with their class."""
    public = {name: getattr(unblended, name) for name in unblended.__all__ if not name.startswith("_")}
    functions = {name: list(inspect.signature(it).parameters) for name, it in public.items() if inspect.isfunction(it)}
    classes = {name: _members(it) for name, it in public.items() if isinstance(it, type)}
    codes = {code: info.error_class for code, info in unblended.error_codes().items()}
    return {"functions": functions, "classes": classes, "error_codes": codes}


def documented() -> list[str]:
    """Dotted names that need a docstring."""
    found = manifest()
    members = [
        f"{name}.{member}"
        for name, members in found["classes"].items()
        for member in members
        if not issubclass(getattr(unblended, name), (tuple, Exception))
    ]
    return [*found["functions"], *found["classes"], *members]


def doc_of(name: str) -> str:
    """The docstring of a dotted name."""
    thing: Any = unblended
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing.__doc__ or ""


if __name__ == "__main__":
    MANIFEST.write_text(json.dumps(manifest(), indent=2) + "\n")
    print(f"wrote {MANIFEST}")
