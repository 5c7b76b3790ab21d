"""The rows of a made-up DBR and the files they are cut into."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from random import Random

import times
from months_fees import stamp
from months_world import AREAS, DAY, HOUR, PREFIXES, World

EC2 = "Amazon Elastic Compute Cloud"
CONSOLIDATED = ["BlendedRate", "BlendedCost", "UnBlendedRate", "UnBlendedCost"]
COLUMNS = (
    "InvoiceID PayerAccountId LinkedAccountId RecordType RecordId ProductName RateId SubscriptionId PricingPlanId "
    "UsageType Operation AvailabilityZone ReservedInstance ItemDescription UsageStartDate UsageEndDate UsageQuantity"
).split()


def amount(world: World, negative: float = 0.08) -> str:
    """A cost: tiny, long, in exponent form, with a plus sign, zero or ordinary."""
    random = world.random
    style = random.randrange(9)
    if style == 0:
        text = f"0.{random.randrange(40):018d}"
    elif style == 1:
        text = f"{random.randrange(3)}.{random.randrange(10**20):020d}"
        world.note("amount:more than 18 decimals")
    elif style == 2:
        text = f"{random.randrange(1, 9999)}{random.choice('eE')}-{random.randrange(2, 19)}"
        world.note("amount:exponent")
    elif style == 3:
        text = random.choice(("0", "0.00000000", "0.000000000000000000"))
    elif style == 4:
        text = f"0.{random.randrange(10**18):018d}5"
        world.note("amount:half unit")
    else:
        text = f"{random.randrange(20)}.{random.randrange(10**8):08d}"
    if world.chance(negative):
        return "-" + text
    if world.chance(0.05):
        world.note("amount:plus sign")
        return "+" + text
    return text


def resource_arn(world: World, bare: str, region: str, account: str) -> str:
    """An instance or volume id, sometimes as its ARN."""
    if bare.startswith("mi-") or not world.chance(0.1):
        return bare
    world.note("row:ARN resource")
    folder = "volume" if bare.startswith("vol-") else "instance"
    return f"arn:aws:ec2:{region}:{account}:{folder}/{bare}"


def spans(world: World) -> list:
    """The usage intervals of a resource: its hours, or a day, odd minutes, another month, none, or an empty one."""
    found = [(hour, hour + HOUR) for hour in world.hours if world.chance(0.85)]
    hour = world.random.choice(world.hours)
    odd = [
        (hour // DAY * DAY, hour // DAY * DAY + DAY),
        (world.begin, world.end),
        (hour + 60_000, hour + 61_000),
        (world.begin - HOUR, world.begin),
        (world.begin - HOUR, world.begin + HOUR),
        (hour, hour),
        (hour, hour + HOUR - 1000),
        (None, None),
    ]
    if world.chance(0.4):
        found.append(world.random.choice(odd))
        world.note("row:odd interval")
    return found


def row(world: World, span: tuple, **cells) -> dict:
    """One LineItem row with defaults for what is not said."""
    start, end = span
    account = cells.pop("account", world.accounts[0])
    base = {
        "LinkedAccountId": "" if account == world.payer and world.chance(0.5) else account,
        "RecordType": "LineItem",
        "ReservedInstance": "N",
        "ItemDescription": "some usage",
        "UsageStartDate": stamp(start) if start is not None else "",
        "UsageEndDate": stamp(end) if end is not None else "",
        "UsageQuantity": "1.00000000",
        "cost": amount(world),
        "tags": {},
    }
    return {**base, **cells}


def instance_rows(world: World, one) -> list:
    """The rows of an instance: running hours, transfer, and anything else that names it."""
    random = world.random
    prefix = PREFIXES[one.region]
    kinds = [("BoxUsage:" + one.type, "N"), ("SpotUsage:" + one.type, "N"), ("HeavyUsage:" + one.type, "Y")]
    if one.type == "m1.small":
        kinds.append(("BoxUsage", "N"))
    usage, reserved = random.choice(kinds)
    common = {"account": one.account, "AvailabilityZone": one.zone, "Operation": "RunInstances", "ProductName": EC2}
    found = []
    # By a generator of its own, so that the rest of a month is as it was.
    own = Random(f"covered {world.period} {one.id}")
    covered = {"SubscriptionId": ""} if own.random() < 0.5 and len(world.instances) > 1 else {}
    if own.random() < 0.3:
        ran = own.choice(("nano", "medium", "2xlarge", "metal"))
        covered["ItemDescription"] = f"Linux; UsageType: {prefix}BoxUsage:{one.type.partition('.')[0]}.{ran}"
    for span in spans(world) if world.chance(0.93) else []:
        one.boxed = True
        found.append(
            row(
                world,
                span,
                UsageType=prefix + usage,
                ReservedInstance=reserved,
                SubscriptionId=str(random.randrange(3)) if reserved == "Y" else "",
                UsageQuantity=random.choice(("1.00000000", "1", "0.5", "0.33333333", "0", "0.00027778")),
                **common,
            )
        )
        if reserved == "Y":
            found[-1].update(covered)
    for span in spans(world) if world.chance(0.5) else []:
        found.append(
            row(world, span, UsageType=prefix + "DataTransfer-Out-Bytes", UsageQuantity="0.00001159", **common)
        )
    if world.chance(0.2):
        span = (random.choice(world.hours), world.hours[-1] + HOUR)
        text = random.choice(("Refund for instance hours", "Tax", "Sign up charge"))
        found.append(row(world, span, UsageType="", ItemDescription=text, **common))
        world.note("row:fee-like text with a resource")
    for cells in found:
        cells["ResourceId"] = resource_arn(world, one.id, one.region, one.account)
        cells["tags"] = one.tags if world.chance(0.6) else {}
    return found


def volume_rows(world: World, volume) -> list:
    """The rows of a volume."""
    found = []
    for usage in world.random.sample(["EBS:VolumeUsage.gp2", "EBS:VolumeIOUsage"], world.random.randint(1, 2)):
        for span in spans(world):
            cells = row(
                world,
                span,
                account=volume.account,
                UsageType="USW2-" + usage,
                Operation="CreateVolume-Gp2",
                ProductName=EC2,
                AvailabilityZone=volume.zone,
                ResourceId=resource_arn(world, volume.id, "us-west-2", volume.account),
                UsageQuantity="0.01075269",
            )
            cells["tags"] = volume.tags if world.chance(0.6) else {}
            found.append(cells)
    return found


def other_rows(world: World) -> list:
    """Buckets, databases, snapshots, Fargate tasks, untagged resources and rows without one."""
    random = world.random
    found = []
    names = ["logs-1", "data-prod", "bucket1", "arn:aws:rds:us-east-1:1:db:x", "snap-0a1b2c3d", ""]
    names.append("x" + random.choice(world.instances).id)  # ids match exactly, never by suffix
    for name in random.sample(names, random.randint(1, 5)):
        product = random.choice(("Amazon Simple Storage Service", "Amazon RDS Service", "Amazon ElastiCache", ""))
        values = world.random_tags(0.5)
        for span in spans(world):
            tags = {key: value for key, value in values.items() if world.chance(0.6)}
            if tags and world.chance(0.1):
                tags[random.choice(list(tags))] = world.area()
                world.note("row:conflicting tags")
            usage = random.choice(("Requests-Tier1", "DataTransfer-Out-Bytes", "TimedStorage-ByteHrs"))
            common = {"ProductName": product, "UsageType": usage, "Operation": random.choice(("PutObject", ""))}
            found.append(row(world, span, ResourceId=name, account=random.choice(world.accounts), **common, tags=tags))
    for task in world.tasks:
        if task.instance is None and world.chance(0.7):
            found.append(
                row(
                    world,
                    (world.hours[0], world.hours[0] + HOUR),
                    ResourceId=task.arn,
                    ProductName="Amazon Elastic Container Service",
                    UsageType="USW2-Fargate-vCPU-Hours:perCPU",
                    account=task.cluster.split(":")[4],
                )
            )
            world.note("row:Fargate task")
    return found


SPECIAL = (
    ("LineItem", "Tax of type VAT", "", "tax"),
    ("LineItem", "Taxi rides are no tax-free", "", "tax word"),
    ("LineItem", "ordinary taxes", "GST", "tax operation"),
    ("LineItem", "Refund: RDS", "", "refund"),
    ("LineItem", "AWS promotional credit", "", "credit"),
    ("LineItem", "a positive Credit", "", "credit positive"),
    ("LineItem", "SIGN UP CHARGE for nothing", "", "sign up in capitals"),
    ("Rounding", "rounding", "", "Rounding"),
    ("CBRounding", "cross account rounding", "", "CBRounding"),
    ("Discount", "volume discount; Tax", "", "Discount"),
    ("", "no record type", "", "no record type"),
)


def special_rows(world: World) -> list:
    """Taxes, refunds, credits, rounding, discounts, and rows that only look like them."""
    random = world.random
    found = []
    for record, text, operation, name in random.sample(SPECIAL, random.randint(0, 6)):
        cells = row(
            world,
            random.choice(((world.begin, world.end - 1000), (None, None))),
            RecordType=record,
            ItemDescription=text,
            Operation=operation,
            ProductName=random.choice((EC2, "Amazon RDS Service", "AWS Support (Business)", "")),
            account=random.choice(world.accounts),
            cost=amount(world, 0.9 if name in ("refund", "credit", "Discount") else 0.05),
            tags=world.random_tags(0.15),
        )
        if cells["cost"].startswith("-"):
            world.note("row:negative")
        found.append(cells)
        world.note(f"row:{name}")
    return found


def total_rows(world: World) -> list:
    """Invoice, account and statement totals, which never count."""
    found = []
    for record in ("InvoiceTotal", "AccountTotal", "StatementTotal"):
        if world.chance(0.5):
            text = f"Total amount for {record}"
            found.append(row(world, (None, None), RecordType=record, ItemDescription=text, UsageQuantity=""))
            world.note(f"row:{record}")
    return found


def all_rows(world: World, fees: list) -> list:
    """All rows of the month, invoice ids included."""
    random = world.random
    found = [one for instance in world.instances for one in instance_rows(world, instance)]
    found += [one for volume in world.volumes for one in volume_rows(world, volume)]
    found += other_rows(world) + special_rows(world)
    for fee in fees:
        found.append({"RecordType": "LineItem", "ReservedInstance": "N", "tags": world.random_tags(0.2), **fee})
    for cells in [one for one in found if world.chance(0.06)]:
        found.append({**cells, "cost": amount(world, 0.5)})
        world.note("row:same charge twice")
    style = random.choice(("invoiced", "invoiced", "estimated", "mixed", "empty"))
    for cells in found:
        cells["InvoiceID"] = random.choice(
            {"mixed": ("7", "Estimated"), "empty": ("7", "")}.get(style, ("7", "81234567"))
        )
        if style == "estimated":
            cells["InvoiceID"] = "Estimated"
        if style == "empty" and cells["InvoiceID"] == "" and world.chance(0.8):
            cells["cost"] = "0.0"
    world.note(f"invoices:{style}")
    totals = total_rows(world)
    for cells in totals:
        cells["InvoiceID"] = random.choice(("", "Estimated", "7"))
    found += totals
    random.shuffle(found)
    return found


def header_of(world: World, single: bool, keys: list) -> tuple[list, list]:
    """The columns of one file, and its tag columns as (header, tag key)."""
    keys = world.random.sample(keys, len(keys))
    tags = [("user:" + world.spelled(key), key) for key in keys]
    if world.chance(0.3):
        tags.insert(0, ("aws:createdBy", None))
    if not world.fold and world.chance(0.4):
        tags.insert(world.random.randrange(len(tags)), ("user:" + keys[0].swapcase(), None))
        world.note("file:tag keys that differ by case")
    costs = ["Rate", "Cost"] if single else CONSOLIDATED
    names = [*COLUMNS, *costs, "ResourceId"]
    if world.chance(0.1):
        names = world.random.sample(names, len(names))
    if world.chance(0.2):
        names[names.index("InvoiceID")] = "InvoiceId"
    return names, tags


def file_text(world: World, rows: list, single: bool, keys: list, first_id: int) -> str:
    """One CSV text."""
    random = world.random
    names, tags = header_of(world, single, keys)
    quoted = world.chance(0.5)
    out = io.StringIO()
    ending = random.choice(("\n", "\r\n"))
    plain = csv.writer(out, lineterminator=ending)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator=ending)
    (writer if world.chance(0.5) else plain).writerow([*names, *(header for header, _ in tags)])
    dates = random.choice(("-", "-", "-", "/", "T"))
    for index, cells in enumerate(rows):
        values = {**cells, "PayerAccountId": world.payer, "RecordId": str(10**25 + first_id + index)}
        values |= {"Rate": "0.1", "Cost": cells["cost"], "UnBlendedCost": cells["cost"], "BlendedCost": "12345.6"}
        values["InvoiceId"] = values["InvoiceID"]
        for name in ("UsageStartDate", "UsageEndDate"):
            if dates == "/":
                values[name] = values[name].replace("-", "/")
            elif dates == "T" and values[name]:
                values[name] = values[name].replace(" ", "T") + "Z"
        own = [cells["tags"].get(key, "") if key else "someone" for _, key in tags]
        writer.writerow([values.get(name, "") for name in names] + own)
    world.note("file:" + ("single account" if single else "consolidated"))
    world.note("file:" + ("quoted" if quoted else "unquoted"))
    return out.getvalue()


def write_file(world: World, folder: str, name: str, texts: list) -> str:
    """One file: csv, csv.gz (of one or two members) or csv.zip; several texts are entries of a zip."""
    style = world.random.choice(("csv", "csv.gz", "csv.zip")) if len(texts) == 1 else "csv.zip"
    world.note(f"file:{style}")
    path = os.path.join(folder, f"{name}.{style}")
    if style == "csv.zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for index, text in enumerate(texts):
                archive.writestr(f"{name}{'-' * index}.csv", text.encode("utf-8"))
        return path
    data = texts[0].encode("utf-8")
    middle = world.random.choice((len(data), len(data) // 2))
    with open(path, "wb") as file:
        if style == "csv.gz":
            data = gzip.compress(data[:middle], mtime=0) + (
                gzip.compress(data[middle:], mtime=0) if data[middle:] else b""
            )
        file.write(data)
    return path


def texts_of(world: World, piece: list, single: bool, keys: list, first_id: int) -> list:
    """The texts of one file: one, or now and then two for a zip of two entries."""
    cut = len(piece) // 2 if world.chance(0.12) else len(piece)
    if cut and cut < len(piece):
        world.note("file:zip of two entries")
        other = file_text(world, piece[cut:], single, keys, first_id + cut)
        return [file_text(world, piece[:cut], single, keys, first_id), other]
    return [file_text(world, piece, single, keys, first_id)]


def other_month(world: World) -> str:
    """The month before."""
    return times.add_months(times.to_datetime(world.begin), -1).strftime("%Y-%m")


def is_other_month(world: World, path: str) -> bool:
    """Whether a file is that of the month before."""
    return other_month(world) in os.path.basename(path)


def write_bill(world: World, folder: str, rows: list) -> tuple[list, str | None]:
    """The bill's files and the period option, if one is needed or wanted."""
    random = world.random
    keys = [*world.keys, "env"]
    single = world.payer == world.accounts[0] and len(world.accounts) == 1 or world.chance(0.1)
    count = random.randint(1, 3)
    size = -(-len(rows) // count)
    naming = random.choice(("all", "all", "none", "some"))
    world.note(f"file:named {naming}")
    paths = []
    for index in range(count):
        piece = rows[index * size : (index + 1) * size]
        named = naming == "all" or (naming == "some" and index == 0)
        middle = random.choice(("", "ACTS-"))
        name = f"{index:012d}-aws-billing-detailed-line-items-with-resources-and-tags-{middle}{world.period}"
        texts = texts_of(world, piece, single, keys, index * 1000)
        paths.append(write_file(world, folder, name if named else f"part{index}", texts))
    period = world.period if naming == "some" or world.chance(0.3) else None
    usage = [one for one in rows if one.get("UsageStartDate", "").startswith(world.period)]
    if naming == "none" and len(usage) * 3 < len(rows) * 2:
        period = world.period
    if world.chance(0.15):
        period = world.period
        name = f"000000000009-aws-billing-detailed-line-items-with-resources-and-tags-{other_month(world)}"
        text = file_text(world, [{**one, "cost": "77.7"} for one in rows[:3]], single, keys, 9000)
        paths.append(write_file(world, folder, name, [text]))
        world.note("file:of another month")
    random.shuffle(paths)
    world.note("period:" + ("given" if period else "found"))
    return paths, period
