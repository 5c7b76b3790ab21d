"""The service map: service -> product area (spec 4.5)."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import re
import tomllib
from dataclasses import dataclass

import times

CONTENT = re.compile(r"[A-Za-z0-9 ._/-]+\Z", re.ASCII)


@dataclass
class Entry:
    """One line of the map; empty fields mean any."""

    service: str
    area: str
    cluster: str
    account: str
    first: str
    last: str


def unbase64(value: str) -> str | None:
    """The content of padded base64 text whose content is plain ASCII as spec 4.5 lists it, else None."""
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.b64encode(content).decode("ascii") != value:
        return None
    text = content.decode("latin-1")
    return text if CONTENT.match(text) else None


def decode_all(entries: list[Entry]) -> list[Entry]:
    """`auto`: values are decoded only if every one of them is such base64."""
    decoded = [unbase64(entry.area) for entry in entries]
    if entries and None not in decoded:
        for entry, area in zip(entries, decoded):
            entry.area = area
    return entries


def entry_of(row: dict) -> Entry:
    """One object or CSV row of the long form."""
    wanted = ("service", "area", "cluster", "account", "from", "to")
    return Entry(*(str(row.get(name) or "") for name in wanted))


def load(path: str | None) -> list[Entry]:
    """The entries of a JSON, CSV or TOML map."""
    if not path:
        return []
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    if path.endswith(".toml"):
        document = tomllib.loads(text)["services"]
    elif text.lstrip()[:1] in ("{", "["):
        document = json.loads(text)
    else:
        document = list(csv.DictReader(io.StringIO(text, newline="")))
    if isinstance(document, dict):
        document = [{"service": service, "area": area} for service, area in document.items()]
    return decode_all([entry_of(row) for row in document])


def first_moment(text: str) -> int:
    """The start of a day YYYY-MM-DD or of a month YYYY-MM."""
    return times.parse(text if len(text) == 10 else text + "-01")


def last_moment(text: str) -> int:
    """The end of a day YYYY-MM-DD or of a month YYYY-MM: `to` names the last day or month that still holds (R27)."""
    return times.parse(text) + 86_400_000 if len(text) == 10 else times.month_bounds(text)[1]


def account_of(cluster: str | None) -> str:
    """The account in a cluster ARN."""
    parts = (cluster or "").split(":")
    return parts[4] if len(parts) > 5 else ""


def area_of(entries: list[Entry], service: str, cluster: str | None, period: str) -> str | None:
    """The area of a service: the most specific entry in force on the first day of the period, None if unmapped."""
    begin = times.month_bounds(period)[0]
    best = None
    for entry in entries:
        if entry.service != service:
            continue
        if entry.cluster and entry.cluster not in (cluster, (cluster or "").split("/")[-1]):
            continue
        if entry.account and entry.account != account_of(cluster):
            continue
        if entry.first and first_moment(entry.first) > begin or entry.last and begin >= last_moment(entry.last):
            continue
        rank = (entry.cluster != "", entry.account != "")
        if best is None or rank > best[0]:
            best = (rank, entry.area)
    return best[1] if best else None
