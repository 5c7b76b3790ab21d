"""How cost is attributed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import _native
from ._values import Path


class Policy:
    """How cost is attributed: the content of `unblended.toml` (spec 12). Immutable.

    Without arguments it is the classic method. Unknown keys are refused with a suggestion.

    Args:
        content: mapping of the file's shape, such as `{"areas": {"tag_keys": ["team"]}}`.

    Raises:
        ConfigError: `config.unknown_key`, `config.bad_value`, `config.rule_split`, `attribute.closed_cycle`.
    """

    __slots__ = ("_text",)

    def __init__(self, content: Mapping[str, Any] | None = None) -> None:
        self._text = _native.policy(json.dumps({} if content is None else content, default=str), False)

    @classmethod
    def _of(cls, text: str) -> Policy:
        policy = cls.__new__(cls)
        policy._text = text
        return policy

    @classmethod
    def from_toml(cls, text: str) -> Policy:
        """Reads TOML text; errors name the row."""
        return cls._of(_native.policy(text, True))

    @classmethod
    def from_json(cls, text: str) -> Policy:
        """Reads JSON text of the same shape."""
        return cls._of(_native.policy(text, False))

    @classmethod
    def from_file(cls, path: Path) -> Policy:
        """Reads a policy file: JSON where the name ends so, else TOML.

        Raises:
            IoError: `read.io` where it cannot be read.
            ConfigError: as the class says, naming file and row.
        """
        return cls._of(_native.read_policy(path))

    def replace(self, **changes: Any) -> Policy:
        """The same policy with these top-level keys changed; of a table, only the keys given.

        `policy.replace(containers={"idle": "separate"})` keeps the other keys of `containers`.
        """
        content = self.to_dict()
        for key, change in changes.items():
            old = content.get(key)
            content[key] = {**old, **change} if isinstance(old, dict) and isinstance(change, Mapping) else change
        return Policy(content)

    def to_dict(self) -> dict[str, Any]:
        """The whole policy with its defaults."""
        content: dict[str, Any] = json.loads(self._text)
        return content

    def to_json(self) -> str:
        """The whole policy as JSON text, for `from_json`."""
        return self._text

    @property
    def basis(self) -> str:
        """Cost basis that is attributed (spec 3.4)."""
        return str(self.to_dict()["basis"])

    @property
    def tag_keys(self) -> list[str]:
        """Tag keys a scan must keep for this policy."""
        return _native.policy_digest(self._text)[1]

    @property
    def digest(self) -> str:
        """Hash of the policy's meaning; that of the runs made with it."""
        return _native.policy_digest(self._text)[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Policy.from_json, (self._text,)

    def __repr__(self) -> str:
        return f"<unblended.Policy {self.digest[:12]}>"


def policy_of(policy: Policy | Mapping[str, Any] | None) -> Policy:
    """A policy as it is given: itself, a mapping of its shape, or None for the classic method."""
    return policy if isinstance(policy, Policy) else Policy(policy)
