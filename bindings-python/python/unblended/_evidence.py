"""Evidence from outside the bill: who ran where, what was attached to what, who owns which service (spec 4)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union

from . import _native
from ._values import Instant, Path, instant_text, with_decimals

Encoding = Literal["auto", "plain", "base64"]


class _Events:
    """Event files, snapshots and normalized tables, by path or as text."""

    __slots__ = ("_sources",)

    def __init__(self, *paths: Path | Iterable[Path]) -> None:
        named: list[Path] = []
        for path in paths:
            named.extend([path] if isinstance(path, (str, os.PathLike)) else path)
        self._sources: tuple[Any, ...] = tuple({"path": os.fspath(path)} for path in named)

    def with_text(self, text: str, *, name: str = "text") -> Any:
        """The same and this text: JSON lines, JSON, or CSV with a header. `name` stands in locations."""
        more = type(self)()
        more._sources = (*self._sources, {"text": {"name": name, "text": text}})
        return more

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._sources == getattr(other, "_sources", None)

    def __hash__(self) -> int:
        return hash(json.dumps(self._sources))

    def __repr__(self) -> str:
        return f"<unblended.{type(self).__name__} of {len(self._sources)} sources>"


class EcsUsage(_Events):
    """ECS task runs and container instances (spec 4.1, 4.2).

    Args:
        paths: files, directories or globs of task and container instance events, snapshots or normalized tables,
            plain or gzip, in any mix. They are read when a bill is attributed, or by `Evidence`.
    """

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str, *, name: str = "text") -> EcsUsage:
        """Usage in a text: JSON lines, JSON, or CSV with a header. `name` stands in locations."""
        return cls().with_text(text, name=name)

    def with_text(self, text: str, *, name: str = "text") -> EcsUsage:
        """The same usage and that of a text: JSON lines, JSON, or CSV with a header."""
        more: EcsUsage = super().with_text(text, name=name)
        return more


class VolumeAttachments(_Events):
    """Which EBS volume was attached to which instance, and when (spec 4.4).

    Args:
        paths: files, directories or globs of CloudTrail and instance events, snapshots or normalized tables,
            plain or gzip, in any mix. They are read when a bill is attributed, or by `Evidence`.
    """

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str, *, name: str = "text") -> VolumeAttachments:
        """Attachments in a text: JSON lines, JSON, or CSV with a header. `name` stands in locations."""
        return cls().with_text(text, name=name)

    def with_text(self, text: str, *, name: str = "text") -> VolumeAttachments:
        """The same attachments and those of a text: JSON lines, JSON, or CSV with a header."""
        more: VolumeAttachments = super().with_text(text, name=name)
        return more


class ServiceMap:
    """Service → product area (spec 4.5).

    Args:
        source: a JSON, CSV or TOML file, or a mapping of service names to areas.
        encoding: how areas are written; `auto` decodes base64 only if every value is.
    """

    __slots__ = ("_source",)

    def __init__(self, source: Path | Mapping[str, str], *, encoding: Encoding = "auto") -> None:
        if isinstance(source, Mapping):
            where: Any = {"text": {"name": "service map", "text": json.dumps(dict(source))}}
        else:
            where = {"path": os.fspath(source)}
        self._source: dict[str, Any] = {"source": where, "encoding": encoding}

    def __repr__(self) -> str:
        return f"<unblended.ServiceMap of {json.dumps(self._source['source'])[:60]}>"


EcsSource = Union[EcsUsage, Path, Iterable[Path]]
VolumeSource = Union[VolumeAttachments, Path, Iterable[Path]]
ServiceSource = Union[ServiceMap, Path, Mapping[str, str]]


class Evidence:
    """Evidence read once, to be asked many times, and to tell a scan which intervals to keep (spec 3.5, 3.6).

    Args:
        ecs: task runs and container instances.
        volumes: attachments.
        services: service map.
        default_cpu: CPU units (1024 = 1 vCPU) of a task that reserves none; 128 where None.
        as_of: instant that runs still open are judged at; now where None.

    Raises:
        InputError: `evidence.*` naming file and row, `read.*`.
        IoError: `read.io` where a file cannot be read.
    """

    __slots__ = ("_json", "_native")

    def __init__(
        self,
        ecs: EcsSource | None = None,
        volumes: VolumeSource | None = None,
        services: ServiceSource | None = None,
        *,
        default_cpu: int | None = None,
        as_of: Instant | None = None,
    ) -> None:
        events: list[Any] = []
        if ecs is not None:
            events += (ecs if isinstance(ecs, EcsUsage) else EcsUsage(ecs))._sources
        if volumes is not None:
            events += (volumes if isinstance(volumes, VolumeAttachments) else VolumeAttachments(volumes))._sources
        maps: list[Any] = []
        if services is not None:
            maps = [(services if isinstance(services, ServiceMap) else ServiceMap(services))._source]
        request = {"events": events, "services": maps, "default_cpu": default_cpu, "as_of": instant_text(as_of)}
        self._native = _native.Evidence(json.dumps(request))
        self._json: dict[str, Any] | None = None

    def _part(self, name: str) -> list[Any]:
        if self._json is None:
            self._json = json.loads(self._native.to_json())
        part: list[Any] = self._json[name]
        return part

    def _read(self, part: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self._part(part)]

    @property
    def task_runs(self) -> list[dict[str, Any]]:
        """Runs: task, cluster, service, instance, CPU units, MiB, and from when to when (None: still open)."""
        return self._read("tasks")

    @property
    def attachments(self) -> list[dict[str, Any]]:
        """Attachments: volume, instance, and from when to when (None: still attached)."""
        return self._read("attachments")

    @property
    def unattached(self) -> list[str]:
        """Ids of the volumes that a snapshot shows attached to nothing and of which nothing else is known."""
        return list(self._part("unattached"))

    @property
    def service_owners(self) -> list[dict[str, Any]]:
        """The service map, one dict for each entry."""
        return self._read("services")

    @property
    def diagnostics(self) -> list[dict[str, Any]]:
        """Findings: code, severity, count, message, location."""
        return self._read("diagnostics")

    @property
    def resources(self) -> list[str]:
        """Ids of the instances, tasks and volumes it names: those whose intervals a scan must keep."""
        return list(self._part("resources"))

    @property
    def digest(self) -> str:
        """Hash of runs, capacities, attachments and map; that of the runs made with it."""
        return self._native.digest

    def __repr__(self) -> str:
        return f"<unblended.Evidence of {len(self.task_runs)} task runs, {len(self.attachments)} attachments>"


class Reservations:
    """Commitment fees billed in other periods, which this period carries a part of (spec 6.2).

    Args:
        path: table of fees, JSON where the name ends so, else CSV; none where None.

    Raises:
        InputError: `reservations.bad_table`, `reservations.conflict`.
        IoError: `read.io`.
    """

    __slots__ = ("_native",)

    def __init__(self, path: Path | None = None) -> None:
        self._native = _native.Reservations() if path is None else _native.Reservations.read(path)

    @classmethod
    def _of(cls, native: _native.Reservations) -> Reservations:
        book = cls()
        book._native = native
        return book

    def combine(self, stored: Reservations) -> Reservations:
        """This table and the fees a store keeps.

        Raises:
            InputError: `reservations.conflict` where a fee stands in both with different amounts.
        """
        return Reservations._of(self._native.combine(stored._native))

    def to_dicts(self) -> list[dict[str, Any]]:
        """The fees: payer, billing period, usage account, product, commitment, term, and the fee as a Decimal."""
        fees: list[dict[str, Any]] = with_decimals(json.loads(self._native.to_json()))
        return fees

    @property
    def digest(self) -> str:
        """Hash of the fees; that of the runs made with them."""
        return self._native.digest

    def __len__(self) -> int:
        return len(self.to_dicts())

    def __repr__(self) -> str:
        return f"<unblended.Reservations of {len(self)} fees>"
