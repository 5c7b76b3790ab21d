"""Random nasty months, reproducible by seed: `make(seed, folder)` writes one and returns its command line."""

from __future__ import annotations

import os
import sys
from random import Random

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bases  # noqa: E402
import months_bill  # noqa: E402
import months_evidence  # noqa: E402
import months_fees  # noqa: E402
import months_files  # noqa: E402
import months_policy  # noqa: E402
import months_rows  # noqa: E402
import months_splits  # noqa: E402
import months_volumes  # noqa: E402
import months_world  # noqa: E402
import times  # noqa: E402
from months_world import DAY, HOUR  # noqa: E402


FORMS = ("dbr", "cur", "athena", "cur2", "focus-1.0", "focus-1.2")


def make(seed: int, folder: str, form: str = "dbr") -> dict:
    """Write the month of a seed into a folder, in one of `FORMS`.

    The result has the options of `oracle.rollup_bill` (bills, period, policy, tags, tasks, instances, volumes,
    services, reservations, currency, as_of) and `features`, the sorted names of what the month exercises.
    """
    os.makedirs(folder, exist_ok=True)
    world = months_world.make_world(seed if form == "dbr" else f"{form} {seed}")
    world.note(f"form:{form}")
    if form != "dbr":
        return make_other(world, folder, form, seed)
    fees, unknown = months_fees.fee_rows(world, months_bill.amount)
    rows = months_bill.all_rows(world, fees)
    bills, period = months_bill.write_bill(world, folder, rows)
    options = {"bills": bills, "period": period}
    return finish(world, folder, options, unknown, True)


def make_other(world, folder: str, form: str, seed: int) -> dict:
    """The month in a form beside the DBR, with the rows that only those have."""
    world.dialect = "focus" if form.startswith("focus") else "cur"
    world.kinds = months_policy.OTHER_KINDS
    world.fold = world.fold and form == "cur"
    world.spread = world.chance(0.2)
    world.nulls = world.chance(0.5)
    months_rows.share_out(world, False)
    fees, _ = months_fees.fee_rows(world, months_bill.amount)
    facts = months_rows.all_facts(world, months_bill.all_rows(world, fees), False)
    give_categories(world, f"categories {form} {seed}", facts)
    basis = give_costs(world, f"basis {form} {seed}", facts)
    months_splits.give_splits(world, f"splits {form} {seed}", facts)
    bills, period = months_files.write_bill(world, folder, facts, form)
    options = {"bills": bills, "period": period, "basis": basis}
    counted = [one for one in months_files.kept_by(form, facts) if not one["parent"]]
    if len(set(world.currencies.values())) > 1:
        options["currency"] = world.random.choice(sorted({one["currency"] for one in counted}))
    return finish(world, folder, options, months_rows.has_unknown_terms(facts), world.spread)


def give_categories(world, seed: str, facts: list) -> None:
    """Cost categories and the values of each row; by a generator of its own, so that the rest of a month is as it was."""
    random = Random(seed)
    if random.random() < 0.4:
        return
    world.categories = random.sample(("Team", "Cost Center", "env:kind", "équipe"), random.randint(1, 3))
    for one in facts:
        names = [name for name in world.categories if random.random() < 0.3]
        one["categories"] = {name: random.choice(("web", "WEBSITE", "A", "a", "data")) for name in names}
    # A category that no map has is refused, so each is on a row that every form keeps.
    kept = next(one for one in facts if one["type"] == "Usage" and not one["parent"])
    kept["categories"] = {name: "web" for name in world.categories}
    world.note("file:cost categories")


def give_costs(world, seed: str, facts: list) -> str | None:
    """A basis, and what each row costs in it; by a generator of its own, so that the rest of a month is as it was."""
    random = Random(seed)
    basis = random.choice((None, None, "unblended", *(bases.BASES[1:] if world.dialect == "cur" else ["amortized"])))
    if basis in (None, "unblended"):
        return basis
    world.note(f"basis:{basis}")
    gross = [name for names in bases.GROSS.values() for name in names] + [bases.TOTAL, bases.USED]
    upfront = "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod"
    world.cost_columns = [*gross, upfront]
    if random.random() < 0.7:
        world.cost_columns += [bases.net_name(name) for name in (*gross[:-2], upfront)] + [bases.NET_UNBLENDED]
        world.note("basis:net columns")
    texts = ("0", "1.5", "0.0333333333", "-2.25", "7e-3", "12.000000000000000000123")
    for one in facts:
        one["effective"] = random.choice(texts)
        one.update({name: random.choice(("", *texts)) for name in world.cost_columns})
    return basis


def make_crossed(seed: int, folder: str) -> dict:
    """The same month in all forms: form -> options. It has only what every form can say (see README.md)."""
    options = {}
    for form in FORMS:
        own = os.path.join(folder, form)
        os.makedirs(own, exist_ok=True)
        world = months_world.make_world(f"crossed {seed}")
        world.fold = False
        world.kinds = ("Usage", "DiscountedUsage", "Tax", "Credit")
        months_rows.share_out(world, True)
        rows = [one for one in months_bill.all_rows(world, []) if months_rows.is_crossed(one)]
        for cells in rows:
            cells["InvoiceID"] = "7"
        facts = months_rows.all_facts(world, rows, True)
        state = world.random.getstate()
        if form == "dbr":
            bills, _ = months_bill.write_bill(world, own, [months_rows.dbr_of_fact(one) for one in facts])
            bills = [path for path in bills if not months_bill.is_other_month(world, path)]
        else:
            world.dialect = "focus" if form.startswith("focus") else "cur"
            bills, _ = months_files.write_bill(world, own, facts, form, crossed=True)
        world.random.setstate(state)
        found = {"bills": bills, "period": world.period}
        options[form] = finish(world, own, found, False, False)
    return options


def finish(world, folder: str, options: dict, unknown_terms: bool, with_book: bool) -> dict:
    """The evidence, the policy and the other options of a month whose bill is written."""
    out = months_evidence.Documents(world, folder)
    known = months_evidence.tell_instances(world, out)
    months_evidence.tell_tasks(world, out)
    months_volumes.tell_volumes(world, out, set(known))
    options = {**options, **out.flush()}
    options["policy"] = months_policy.write_policy(world, folder, known, unknown_terms)
    options["services"] = months_evidence.tell_services(world, folder)
    if with_book:
        options["reservations"] = months_fees.write_book(world, folder, months_bill.amount)
    if world.chance(0.25):
        keys = world.random.sample(world.keys, world.random.randint(1, len(world.keys)))
        options["tags"] = [("user:" + key if world.chance(0.3) else key) for key in keys]
        world.note("option:tag")
    moments = (
        world.end,
        world.end - 1000,
        world.begin + 3 * HOUR,
        world.end + 9 * DAY,
        world.end + DAY,
        world.end + DAY,
    )
    options["as_of"] = times.to_datetime(world.random.choice(moments)).strftime("%Y-%m-%dT%H:%M:%SZ")
    options["features"] = sorted(world.features)
    return {name: value for name, value in options.items() if value is not None}


def arguments(options: dict) -> list[str]:
    """The options as command line arguments of `unblended rollup`."""
    found = list(options["bills"])
    for name in ("period", "policy", "services", "reservations", "basis", "currency", "as_of"):
        if options.get(name):
            found += ["--" + name.replace("_", "-"), options[name]]
    for name in ("tasks", "instances", "volumes"):
        for path in options.get(name, []):
            found += ["--" + name, path]
    for key in options.get("tags", []):
        found += ["--tag", key]
    return found


if __name__ == "__main__":
    print("\n".join(arguments(make(int(sys.argv[1]), *sys.argv[2:]))))
