"""Volume attachments as intervals per (volume, instance) (spec 4.4; R18)."""

from __future__ import annotations

import times


class VolumeEvidence:
    """Everything said about volumes and terminations, duplicates removed."""

    def __init__(self, records: list):
        self.starts = set()  # (time, volume, instance): attaches seen and snapshots' attach times
        self.detaches = set()  # (time, volume, instance, attach time or None)
        self.terminated = {}  # instance -> times
        self.deleted = {}  # volume -> times
        self.multi = set()  # volumes known as Multi-Attach
        self.states = {}  # volume -> states that snapshots name
        for sort, one in records:
            self.learn(sort, one)

    def learn(self, sort: str, one: dict) -> None:
        """Take in one record."""
        if sort in ("attach", "attachment"):
            self.starts.add((one["time"], one["volume"], one["instance"]))
        elif sort == "detach" and one["instance"]:
            self.detaches.add((one["time"], one["volume"], one["instance"], one["attached"]))
        elif sort == "terminate":
            self.terminated.setdefault(one["instance"], set()).add(one["time"])
        elif sort == "delete":
            self.deleted.setdefault(one["volume"], set()).add(one["time"])
        elif sort == "state":
            self.states.setdefault(one["volume"], set()).add(one["state"])
        elif sort == "multi":
            self.multi.add(one["volume"])
        elif sort == "volume_row":
            attached = times.parse_any(one["attached"])
            detached = times.parse_any(one.get("detached"))
            self.starts.add((attached, one["volume"], one["instance"]))
            if detached is not None:
                self.detaches.add((detached, one["volume"], one["instance"], attached))

    def intervals(self) -> dict[str, dict[str, list]]:
        """volume -> instance -> [attached, detached) intervals.

        A detach whose pair is not attached at that moment opens an interval at its own attach time; as that may end
        other attachments, everything is derived again with the new start, until no detach is left over.
        """
        starts = set(self.starts)
        while True:
            found = self.derive(starts)
            orphan = self.first_orphan(found, starts)
            if orphan is None:
                return found
            starts.add(orphan)

    def unattached(self) -> set:
        """Volumes that snapshots show attached to nothing, and of which nothing else is known (R95)."""
        told = {volume for _, volume, _ in self.starts} | {volume for _, volume, _, _ in self.detaches}
        free = {volume for volume, states in self.states.items() if "available" in states and "in-use" not in states}
        return free - told

    def derive(self, starts: set) -> dict[str, dict[str, list]]:
        """The intervals that follow from a set of starts; a start of an attached pair is a duplicate."""
        found = {}
        for time, volume, instance in sorted(starts):
            pair = found.setdefault(volume, {}).setdefault(instance, [])
            if any(begin <= time < end for begin, end in pair):
                continue
            pair.append((time, self.end_of(time, volume, instance, starts)))
        return found

    def end_of(self, start: int, volume: str, instance: str, starts: set) -> int:
        """The earliest of R18: detach of the pair, termination, deletion, next attachment to another instance."""
        ends = [time for time, vol, ins, _ in self.detaches if (vol, ins) == (volume, instance)]
        ends += self.terminated.get(instance, set())
        ends += self.deleted.get(volume, set())
        if volume not in self.multi:
            ends += [time for time, vol, ins in starts if vol == volume and ins != instance]
        return min((end for end in ends if end > start), default=times.OPEN)

    def first_orphan(self, found: dict, starts: set) -> tuple | None:
        """The start that the earliest detach without a known attach asks for, if any (R18)."""
        for time, volume, instance, attached in sorted(self.detaches, key=lambda one: one[:3]):
            pair = found.get(volume, {}).get(instance, [])
            known = any(begin < time <= end for begin, end in pair)
            if known or attached is None or attached >= time:
                continue
            if (attached, volume, instance) not in starts:
                return (attached, volume, instance)
        return None
