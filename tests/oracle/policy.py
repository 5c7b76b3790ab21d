"""The policy file (spec 12) and the areas' tags, aliases and account defaults (spec 2.9, 5.5; R20)."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field

import bases
import dbr
import money
import pools
import rows

RULE_TEXTS = ("account", "product", "usage_type", "operation", "region", "resource", "kind")


@dataclass
class Rule:
    """One rule of spec 5.1: what it asks for, when it is in effect, and to whom it gives."""

    id: str
    match: dict  # field -> list of patterns, without tags
    tags: dict  # tag key -> list of patterns
    categories: dict  # cost category -> list of patterns
    shares: dict  # area -> integer weight
    first: str  # in effect from this month on
    last: str  # up to and with this month


@dataclass
class Policy:
    """Everything a policy may say within the oracle's scope, with the defaults of the classic method."""

    tag_keys: list = field(default_factory=lambda: ["product_area"])
    case_insensitive: bool = False
    aliases: dict = field(default_factory=dict)
    cost_categories: list = field(default_factory=list)
    accounts: dict = field(default_factory=dict)
    account_map: list = field(default_factory=list)  # rows with account, area and maybe from and to
    rules: list = field(default_factory=list)
    split: str = "cpu_seconds"
    window: str = "usage"
    idle: str = "spread"
    empty_host: str = "owner"
    cpu_weight: int = 1
    memory_weight: int = 0
    default_cpu: int = 128
    capacity: dict = field(default_factory=dict)
    follow_attachments: bool = True
    detached: str = "owner"
    share: str = "auto"
    unused: str = "central"
    among: str = "all"
    unknown_term: str = "expense"
    spread: bool = False
    basis: str = "unblended"
    kinds: dict = field(default_factory=dict)  # unknown line item type -> kind
    strict: bool = False
    shared: list = field(default_factory=list)
    providers: list = field(default_factory=list)  # (area, first month, last month, rows of its keys)

    def fold(self, key: str) -> str:
        """A tag key as it is compared (R20)."""
        return key.lower() if self.case_insensitive else key

    def area(self, value: str) -> str:
        """The area a tag value names: aliases apply to the value found; folding only for looking them up (R20)."""
        for alias, area in self.aliases.items():
            if alias == value:
                return area
        for alias, area in self.aliases.items():
            if self.case_insensitive and alias.lower() == value.lower():
                return area
        return value

    def tag_of(self, tags: list, key: str) -> str:
        """The value a list of (key, value) has for a wanted key, "" if none; the exact spelling first."""
        exact = [value for name, value in tags if name == key and value]
        folded = [value for name, value in sorted(tags) if self.fold(name) == self.fold(key) and value]
        return (exact + folded + [""])[0]

    def row_tag(self, row, key: str) -> str:
        """The value a bill row has for a wanted key, "" if none; where the dialect folds names, so is the key."""
        if not row.folded:
            return self.tag_of(row.tags, key)
        return ([value for name, value in row.tags if name == rows.folded_key(key)] + [""])[0]

    def row_category(self, row, name: str) -> str:
        """The value a bill row has for a cost category, "" if none: as written, else as AWS folds names (R72)."""
        exact = self.tag_of(row.categories, name)
        return exact or ([value for one, value in row.categories if one == rows.fold_name(name)] + [""])[0]

    def account_area(self, account: str, period: str) -> str | None:
        """The default area of an account in a month, None if it has none (R74)."""
        for row in self.account_map:
            if row["account"] == account and (row.get("from") or "") <= period <= (row.get("to") or "9999-99"):
                return row["area"]
        return self.accounts.get(account)

    def settle(self, row) -> None:
        """Give a row of unknown type the kind the policy maps it to, else its type as written (spec 3.1).

        `strict` refuses what is left.
        """
        if row.unknown is None:
            return
        row.kind = self.kinds.get(row.unknown, row.unknown)
        if self.strict and row.unknown not in self.kinds:
            raise ValueError("classify.unknown_line_item_type")

    def spreads(self, row) -> bool:
        """Whether fees of a row's dialect are set aside and amortized (spec 5.2)."""
        return row.dialect == "dbr" or (self.spread and self.basis not in bases.AMORTIZED)

    def scanned_keys(self) -> list:
        """The tag keys a charge keeps: the requested ones in order, then those that rules ask for."""
        keys = list(self.tag_keys)
        for rule in [*self.rules, *self.shared]:
            for key in rule.tags:
                if self.fold(key) not in [self.fold(known) for known in keys]:
                    keys.append(key)
        return keys


def scanned_categories(policy: Policy) -> list:
    """The cost categories a charge keeps: those that name areas, then those that rules and pools ask for."""
    names = list(policy.cost_categories)
    for rule in [*policy.rules, *policy.shared]:
        names += [name for name in rule.categories if name not in names]
    return names


def plain_key(key: str) -> str:
    """`Key`, `user:Key`, `resourceTags/user:Key` and `resource_tags_user_key` name the same tag (spec 2.9)."""
    key = key.removeprefix("resourceTags/").removeprefix("resource_tags_user_")
    return dbr.tag_name(key) or key


def as_list(value) -> list:
    """A match field is one text or a list of texts (R26)."""
    return list(value) if isinstance(value, list) else [value]


def read_match(table: dict) -> tuple[dict, dict, dict]:
    """What a rule or pool asks for: fields, tags, and cost categories."""
    given = table.get("match", {})
    match = {name: as_list(value) for name, value in given.items() if name not in ("tag", "cost_category")}
    for name in match:
        if name not in RULE_TEXTS:
            raise ValueError(f"unknown match field {name}")
    tags = {plain_key(key): as_list(value) for key, value in given.get("tag", {}).items()}
    return match, tags, {name: as_list(value) for name, value in given.get("cost_category", {}).items()}


def read_shares(split: dict) -> dict:
    """Percentages as integer weights; they sum to exactly 1 (R26)."""
    if sum(money.exact(str(share)) for share in split.values()) != 1:
        raise ValueError("config.rule_split")
    return money.decimal_weights(split)


def read_pool(table: dict, position: int, folder: str) -> pools.Pool:
    """One `[[shared]]` table."""
    match, tags, categories = read_match(table)
    pool = pools.Pool(
        table.get("name") or f"shared-{position}",
        match,
        tags,
        categories,
        table.get("from", "0000-00"),
        table.get("to", "9999-99"),
        table["method"],
        table.get("of", "all"),
        table.get("among", "areas"),
    )
    pool.shares = read_shares(table["shares"]) if pool.method == "fixed" else {}
    pool.metric = pools.table_rows(table.get("metric", []), folder)
    return pool


def read_rule(table: dict) -> Rule:
    """One `[[rules]]` table; the percentages of a split sum to exactly 1 (R26)."""
    match, tags, categories = read_match(table)
    shares = {table["area"]: 1} if "area" in table else read_shares(table["split"])
    return Rule(table["id"], match, tags, categories, shares, table.get("from", "0000-00"), table.get("to", "9999-99"))


def load(path: str | None, tags: list | None = None) -> Policy:
    """The policy of a TOML file; `--tag` on the command line replaces its tag keys."""
    policy = Policy()
    table = {}
    if path:
        with open(path, "rb") as file:
            table = tomllib.load(file, parse_float=str)
    policy.basis = table.get("basis", policy.basis)
    areas = table.get("areas", {})
    policy.tag_keys = [plain_key(key) for key in (tags or areas.get("tag_keys", policy.tag_keys))]
    policy.case_insensitive = areas.get("case_insensitive", False)
    policy.aliases = areas.get("aliases", {})
    policy.cost_categories = areas.get("cost_categories", [])
    policy.accounts = areas.get("accounts", {})
    policy.account_map = pools.table_rows(areas.get("account_map", []), os.path.dirname(path or ""))
    policy.rules = [read_rule(rule) for rule in table.get("rules", [])]
    containers = table.get("containers", {})
    policy.split = containers.get("split", policy.split)
    policy.window = containers.get("window", policy.window)
    policy.idle = containers.get("idle", policy.idle)
    policy.empty_host = containers.get("empty_host", "owner" if policy.idle == "spread" else policy.idle)
    weights = containers.get("weights", {})
    scaled = money.decimal_weights({"cpu": weights.get("cpu", 1), "memory": weights.get("memory", 0)})
    policy.cpu_weight, policy.memory_weight = scaled["cpu"], scaled["memory"]
    policy.default_cpu = containers.get("default_cpu", policy.default_cpu)
    policy.capacity = containers.get("capacity", {})
    volumes = table.get("volumes", {})
    policy.follow_attachments = volumes.get("follow_attachments", policy.follow_attachments)
    policy.detached = volumes.get("detached", policy.detached)
    commitments = table.get("commitments", {})
    policy.share = commitments.get("share", policy.share)
    policy.unused = commitments.get("unused", policy.unused)
    policy.among = commitments.get("among", policy.among)
    policy.spread = commitments.get("spread", policy.spread)
    line_items = table.get("line_items", {})
    policy.kinds = line_items.get("kinds", policy.kinds)
    policy.strict = line_items.get("strict", policy.strict)
    folder = os.path.dirname(path or "")
    policy.shared = [read_pool(pool, at, folder) for at, pool in enumerate(table.get("shared", []), 1)]
    policy.providers = [
        (one["area"], one.get("from", "0000-00"), one.get("to", "9999-99"), pools.table_rows(one.get("keys", []), folder))
        for one in table.get("providers", [])
    ]
    policy.unknown_term = commitments.get("unknown_term", policy.unknown_term)
    return policy
