"""Writing the facts of a month as files of CUR, CUR 2.0 or FOCUS: columns, spellings of times, quoting, packing."""

from __future__ import annotations

import csv
import io
import json

import months_bill
import rows
import times
from months_world import HOUR, World

TAG = "resourceTags/user:"

# CUR column -> the fact in it.
CUR = {
    "identity/LineItemId": "id",
    "identity/TimeInterval": "",
    "bill/InvoiceId": "invoice",
    "bill/BillingEntity": "entity",
    "bill/BillType": "",
    "bill/PayerAccountId": "payer",
    "bill/BillingPeriodStartDate": "period_start",
    "bill/BillingPeriodEndDate": "period_end",
    "lineItem/UsageAccountId": "account",
    "lineItem/LineItemType": "type",
    "lineItem/UsageStartDate": "start",
    "lineItem/UsageEndDate": "end",
    "lineItem/ProductCode": "code",
    "lineItem/UsageType": "usage_type",
    "lineItem/Operation": "operation",
    "lineItem/AvailabilityZone": "zone",
    "lineItem/ResourceId": "resource",
    "lineItem/UsageAmount": "quantity",
    "lineItem/CurrencyCode": "currency",
    "lineItem/UnblendedRate": "",
    "lineItem/UnblendedCost": "cost",
    "lineItem/BlendedCost": "blended",
    "lineItem/LineItemDescription": "description",
    "product/ProductName": "product",
    "product/region": "region",
    "product/regionCode": "region",
    "reservation/ReservationARN": "reservation",
    "savingsPlan/SavingsPlanARN": "plan",
    "splitLineItem/ParentResourceId": "parent",
}
CUR2_MAPS = {"product", "resource_tags", "cost_category", "discount"}
NOT_IN_CUR2 = ("product/ProductName", "product/region")

FOCUS = {
    "BilledCost": "cost",
    "EffectiveCost": "effective",
    "BillingAccountId": "payer",
    "BillingCurrency": "currency",
    "BillingPeriodStart": "period_start",
    "BillingPeriodEnd": "period_end",
    "ChargeCategory": "category",
    "ChargeClass": "class",
    "ChargeDescription": "description",
    "ChargeFrequency": "frequency",
    "ChargePeriodStart": "start",
    "ChargePeriodEnd": "end",
    "CommitmentDiscountCategory": "commitment_category",
    "CommitmentDiscountId": "commitment",
    "CommitmentDiscountStatus": "status",
    "ConsumedQuantity": "quantity",
    "InvoiceIssuerName": "entity",
    "InvoiceId": "invoice",
    "ProviderName": "",
    "RegionId": "region",
    "AvailabilityZone": "zone",
    "ResourceId": "resource",
    "ServiceName": "product",
    "SubAccountId": "account",
    "Tags": "tag_map",
    "x_ServiceCode": "code",
    "x_UsageType": "usage_type",
    "x_Operation": "operation",
}
# Type of a fact -> category, frequency, commitment category, status; types that are not here have no FOCUS row.
FOCUS_OF = {
    "Usage": ("Usage", "Usage-Based", "", ""),
    "DiscountedUsage": ("Usage", "Usage-Based", "Usage", "Used"),
    "SavingsPlanCoveredUsage": ("Usage", "Usage-Based", "Spend", "Used"),
    "Unused": ("Usage", "Usage-Based", "Spend", "Unused"),
    "Fee": ("Purchase", "One-Time", "", ""),
    "RIFee": ("Purchase", "Recurring", "Usage", ""),
    "SavingsPlanRecurringFee": ("Purchase", "Recurring", "Spend", ""),
    "SavingsPlanUpfrontFee": ("Purchase", "One-Time", "Spend", ""),
    "Purchase": ("Purchase", "One-Time", "", ""),
    "Monthly": ("Purchase", "Usage-Based", "", ""),
    "Tax": ("Tax", "One-Time", "", ""),
    "Credit": ("Credit", "One-Time", "", ""),
    "Refund": ("Adjustment", "One-Time", "", ""),
    "FutureFlatRate": ("FutureFlatRate", "One-Time", "", ""),
    "usage": ("usage", "Usage-Based", "", ""),
}
# Types of facts that only FOCUS has.
ONLY_FOCUS = ("Unused", "Purchase", "Monthly")

# What a file may lack, and what the rows then lose.
OPTIONAL = {
    "cur": ("bill/InvoiceId", "bill/BillingEntity", "product/ProductName", "product/region", "product/regionCode")
    + ("lineItem/AvailabilityZone", "reservation/ReservationARN", "savingsPlan/SavingsPlanARN", "lineItem/Operation")
    + ("splitLineItem/ParentResourceId", "identity/TimeInterval", "bill/BillType", "lineItem/LineItemDescription"),
    "focus": ("InvoiceId", "InvoiceIssuerName", "x_ServiceCode", "x_UsageType", "x_Operation", "ChargeClass")
    + ("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountStatus", "ChargeFrequency", "RegionId"),
}
PERIOD_COLUMNS = ("bill/BillingPeriodStartDate", "bill/BillingPeriodEndDate", "BillingPeriodStart", "BillingPeriodEnd")


def moment(style: str, ms: int | None) -> str:
    """A time in one of the spellings that occur; nothing for no time."""
    if ms is None:
        return ""
    text = times.to_datetime(ms).strftime("%Y-%m-%dT%H:%M:%S")
    if style == "offset":
        return times.to_datetime(ms + 2 * HOUR).strftime("%Y-%m-%dT%H:%M:%S") + "+02:00"
    if style in ("space", "fraction", "space offset"):
        ends = {"space": "", "fraction": ".000", "space offset": "+00:00"}
        return text.replace("T", " ") + ends[style]
    return text + {"Z": "Z", "fraction Z": ".000Z"}[style]


STYLES = ("Z", "Z", "fraction Z", "space", "fraction", "space offset", "offset")


class Sheet:
    """How one file spells things: its columns in their order, its times, its empty cells."""

    def __init__(self, world: World, form: str, crossed: bool, lacks_period: bool):
        self.world = world
        self.form = form  # cur, athena, cur2, focus-1.0 or focus-1.2
        self.style = world.random.choice(STYLES)
        dialect = "focus" if form.startswith("focus") else "cur"
        columns = list(FOCUS if dialect == "focus" else CUR)
        if form == "focus-1.0":
            columns.remove("InvoiceId")
        if form == "cur2":
            columns = [name for name in columns if name not in NOT_IN_CUR2]
        if not crossed:
            for name in OPTIONAL[dialect]:
                if name in columns and world.chance(0.06):
                    columns.remove(name)
                    world.note("file:optional column missing")
        if lacks_period:
            columns = [name for name in columns if name not in PERIOD_COLUMNS]
            world.note("file:without period columns")
        self.columns = columns
        self.tags = {} if dialect == "focus" or form == "cur2" else self.tag_columns()
        self.maps = self.map_columns() if form == "cur2" else []
        self.order = [*columns, *self.tags, *self.maps]
        if world.chance(0.5):
            world.random.shuffle(self.order)
            world.note("file:shuffled columns")
        self.shout = world.chance(0.08)
        if dialect == "cur":
            # CUR 2.0 has all tags in its map.
            own = [name for name in world.cost_columns if form != "cur2" or not name.startswith("resourceTags/")]
            self.order += own
        self.categories = {}
        if world.categories and form in ("cur", "athena"):
            self.categories = {f"costCategory/{name}": name for name in world.categories}
            self.order += list(self.categories)
        elif world.categories:
            self.order += [name for name in ("cost_category", "x_CostCategories") if (name in CUR2_MAPS) == (form == "cur2")]
            self.order = list(dict.fromkeys(self.order))

    def tag_columns(self) -> dict:
        """Header -> tag key; None for a decoy."""
        world = self.world
        keys = world.random.sample([*world.keys, "env"], len(world.keys) + 1)
        found = {TAG + world.spelled(key): key for key in keys}
        if world.chance(0.3):
            found["resourceTags/aws:createdBy"] = None
        if self.form == "cur" and not world.fold and world.chance(0.4):
            found[TAG + world.keys[0].swapcase()] = None
            world.note("file:tag keys that differ by case")
        return found

    def map_columns(self) -> list:
        """The maps of CUR 2.0, and columns only it has."""
        world = self.world
        found = ["resource_tags"]
        found += [name for name in ("product", "cost_category", "discount") if name == "product" or world.chance(0.7)]
        return found + (["bill_payer_account_name"] if world.chance(0.7) else [])

    def header(self) -> list:
        """The header as the form spells it."""
        names = []
        for name in self.order:
            spelled = name if self.form in ("cur", "focus-1.0", "focus-1.2") else rows.fold_name(name)
            is_key = name in self.tags or name in self.categories
            names.append(spelled.lower() if self.shout and not is_key else spelled)
        return names

    def cells(self, fact: dict, number: int) -> list:
        """One row."""
        facts = {"effective": "12345.6", **fact, "id": f"li{number}", "blended": "12345.6"}
        product = fact["product"]
        facts["code"] = "Code" + product.replace(" ", "") if product else ""
        facts["region"] = rows.region_of(fact["zone"])
        facts["plan" if ":savingsplans:" in fact["commitment"] else "reservation"] = fact["commitment"]
        for name in ("start", "end", "period_start", "period_end"):
            facts[name] = moment(self.style, fact[name])
        if self.form.startswith("focus"):
            return self.focus_cells(facts)
        found = []
        for name in self.order:
            if name in self.tags:
                found.append(fact["tags"].get(self.tags[name], "") if self.tags[name] else "someone")
            elif name in self.categories:
                found.append(fact.get("categories", {}).get(self.categories[name], ""))
            elif name in self.maps or name == "cost_category":
                found.append(self.map_cell(name, facts))
            else:
                found.append(facts.get(CUR.get(name, name), ""))
        return found

    def map_cell(self, name: str, facts: dict) -> str:
        """The text of a map cell of CUR 2.0."""
        world = self.world
        if name == "bill_payer_account_name":
            return "The payer"
        entries = {}
        if name == "resource_tags":
            entries = {rows.folded_key(key): value for key, value in facts["tags"].items()}
            managed = {name.split("/")[1]: text for name, text in facts.items() if name.startswith("resourceTags/")}
            entries |= {rows.fold_name(key): text for key, text in managed.items() if text}
            entries |= {"aws_created_by": "someone"} if world.chance(0.2) else {}
        elif name == "cost_category":
            folds = world.chance(0.5)
            values = facts.get("categories", {}).items()
            entries = {(rows.fold_name(one) if folds else one): value for one, value in values}
        elif name == "product":
            entries = {"product_name": facts["product"], "vcpu": "4"}
            entries |= {"region": facts["region"]} if facts["region"] else {}
            if facts["product"] == "":
                del entries["product_name"]
        if not entries:
            return world.random.choice(("", "{}"))
        return json.dumps(entries, ensure_ascii=world.chance(0.5))

    def focus_cells(self, facts: dict) -> list:
        """One row of FOCUS; an empty cell may be the text NULL."""
        world = self.world
        category, frequency, commitment_category, status = FOCUS_OF[facts["type"]]
        facts |= {"category": category, "frequency": frequency, "status": status}
        facts["commitment_category"] = commitment_category if facts["commitment"] else ""
        facts.setdefault("class", "")
        if facts["type"] == "DiscountedUsage":
            facts["commitment_category"] = world.random.choice(("Usage", ""))
        tags = {(f"user:{key}" if world.chance(0.3) else key): value for key, value in facts["tags"].items()}
        if tags and world.chance(0.1):
            key, value = next(iter(facts["tags"].items()))
            tags = {**tags, key: value, f"user:{key}": "not this one"}
            world.note("row:tag with and without prefix")
        tags |= {"automated": True} if world.chance(0.1) else {}
        facts["tag_map"] = json.dumps(tags, ensure_ascii=world.chance(0.5)) if tags else world.random.choice(("", "{}"))
        found = []
        for name in self.order:
            if name == "x_CostCategories":
                values = facts.get("categories")
                found.append(json.dumps(values, ensure_ascii=False) if values else "")
                continue
            text = facts.get(FOCUS[name], "")
            if text == "" and world.nulls:
                text = "NULL"
                world.note("file:NULL text")
            found.append(text)
        return found


def file_text(sheet: Sheet, facts: list, first: int) -> str:
    """One CSV text."""
    world = sheet.world
    random = world.random
    out = io.StringIO()
    ending = random.choice(("\n", "\r\n"))
    world.note("file:CR LF" if ending == "\r\n" else "file:LF")
    writer = csv.writer(out, quoting=random.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL)), lineterminator=ending)
    if world.chance(0.15):
        out.write("\ufeff")
        world.note("file:byte order mark")
    writer.writerow(sheet.header())
    for index, fact in enumerate(facts):
        text = fact["description"]
        if world.chance(0.05):
            # Fees keep their description in the charge, so only other rows get one that differs.
            text = text if fact["commitment"] else f'two\nlines, "{index}"\r\n'
            world.note("file:quoted newline")
        writer.writerow(sheet.cells({**fact, "description": text}, first + index))
    return out.getvalue()


def dated(world: World, facts: list, months_back: int) -> list:
    """The facts with their billing period."""
    begin = times.whole_ms(times.add_months(times.to_datetime(world.begin), -months_back))
    end = times.whole_ms(times.add_months(times.to_datetime(begin), 1))
    return [{**one, "period_start": begin, "period_end": end} for one in facts]


def kept_by(form: str, facts: list) -> list:
    """The facts that a form has rows for."""
    if form.startswith("focus"):
        return [one for one in facts if one["type"] in FOCUS_OF]
    return [one for one in facts if one["type"] not in ONLY_FOCUS]


def write_bill(world: World, folder: str, facts: list, form: str, crossed: bool = False) -> tuple[list, str | None]:
    """The bill's files and the period option, if one is needed or wanted."""
    random = world.random
    facts = kept_by(form, facts)
    lacks = not crossed and world.chance(0.12)
    period = world.period if lacks or world.chance(0.2) else None
    rows_now = dated(world, facts, 0)
    if not crossed and not lacks and world.chance(0.2):
        period = world.period
        rows_now += dated(world, [{**one, "cost": "77.7"} for one in facts[:3]], 1)
        random.shuffle(rows_now)
        world.note("file:rows of another month")
    count = random.randint(1, 3)
    size = -(-len(rows_now) // count)
    paths = []
    for index in range(count):
        piece = rows_now[index * size : (index + 1) * size]
        sheet = Sheet(world, form, crossed, lacks)
        text = file_text(sheet, piece, index * 1000)
        paths.append(months_bill.write_file(world, folder, f"{form}-{index}", [text]))
    random.shuffle(paths)
    world.note("period:" + ("given" if period else "found"))
    return paths, period
