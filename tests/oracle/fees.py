"""Commitment fees shared by usage or by cost (spec 5.6; R21 to R23, R56 to R61)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import bases
import charges as charges_module
import commitments
import money
from containers import IDLE, running_type
from pieces import Piece


@dataclass
class Pushed:
    """Where a part of a fee comes from."""

    product: str
    account: str


class Fees:
    """The part of `Attribution` that takes fees to owners: all else must have an owner before."""

    pushes = 0

    def give_fees(self) -> None:
        """Parts a pool or a rule takes first; the rest by usage or by cost, what nothing used split off."""
        policy, known = self.policy, self.commitments
        left = set()
        for at, part in enumerate(self.fees.parts):
            pool = self.first_of_fee(policy.shared, part)
            rule = self.first_of_fee(policy.rules, part)
            if pool:
                self.pooled[(policy.shared.index(pool), part.product, part.account)] += part.amount
            elif rule:
                self.give_rule(rule, part.product, part.account, part.amount)
            else:
                left.add(at)
        by_cost, unused, by_usage = defaultdict(list), [], defaultdict(int)
        for key, group in known.groups.items():
            use = policy.share == "usage" or policy.share == "auto" and key[:2] in known.coverable
            for at in left & set(group.parts):
                part = self.fees.parts[at]
                halves = known.halves(at, group) if use else {"0used": part.amount}
                if "1unused" in halves:
                    unused.append((part, halves["1unused"]))
                    group.unused_cost += halves["1unused"]
                if "0used" not in halves:
                    continue
                if use and group.covered:
                    by_usage[key, part.product, part.account] += halves["0used"]
                elif policy.share == "usage":
                    unused.append((part, halves["0used"]))
                    group.unused_cost += halves["0used"]
                else:
                    by_cost[(part.product, part.account)].append((part, halves["0used"]))
        before = list(self.pieces)
        for (product, account), parts in by_cost.items():
            owners = self.owners([piece for piece in before if piece.product == product])
            if not self.share_fee(product, account, sum(amount for _, amount in parts), owners):
                unused += parts
        covering = self.push(by_usage)
        ids = {id(part): stated.id for part, stated in zip(self.fees.parts, known.stated)}
        for part, amount in unused:
            self.give_unused(part, ids[id(part)], amount)
        if policy.unused == "proportional":
            self.spread_unused(covering)

    def owners(self, pieces: list) -> dict:
        """What each owner was attributed, negative totals as 0 (R23)."""
        owners = defaultdict(int)
        for piece in pieces:
            owners[piece.owner] += piece.amount
        if self.policy.among == "areas":
            owners = {owner: cost for owner, cost in owners.items() if owner[1] == "area"}
        return {owner: max(cost, 0) for owner, cost in owners.items()}

    def share_fee(self, product: str, account: str, amount: int, weights: dict) -> bool:
        """One sum by weights of owners; whether anybody has one."""
        if sum(weights.values()) == 0:
            return False
        mechanisms = {"area": "reservation", "idle": "idle", "unattributed": "unattributed"}
        for (area, row_kind, reason), part in money.split(amount, weights).items():
            self.pieces.append(Piece(product, account, row_kind, area, mechanisms[row_kind], part, reason=reason))
        return True

    def push(self, by_usage: dict) -> list:
        """Each sum onto what its commitment covers, by normalized hours; the pieces of it that have an owner."""
        start = len(self.pieces)
        pooled = []
        for (key, product, account), amount in by_usage.items():
            covered = self.commitments.groups[key].covered
            order = {str(at): (at,) for at in range(len(covered))}
            weights = {str(at): one.hours for at, one in enumerate(covered)}
            for at, part in money.split(amount, weights, order.get).items():
                one = covered[int(at)]
                pool = self.first_of_charge(self.policy.shared, one.first)
                if pool:
                    self.pooled[(self.policy.shared.index(pool), product, account)] += part
                    pooled.append((one, Pushed(product, account), part))
                else:
                    self.follow(one, Pushed(product, account), part)
        self.give_waiting()
        found = self.pieces[start:]
        for one, origin, part in pooled:
            found += self.aside(lambda one=one, origin=origin, part=part: self.follow(one, origin, part))
        return found

    def aside(self, give) -> list:
        """The pieces that giving something makes, without them being given."""
        kept, self.pieces, check, self.check = self.pieces, [], self.check, None
        self.is_aside = True
        give()
        self.give_waiting()
        self.is_aside = False
        found, self.pieces, self.check = self.pieces, kept, check
        return found

    def follow(self, one, origin, amount: int) -> None:
        """A part takes the route of the charge it was pushed onto (R60)."""
        charge = one.first
        rule = self.first_of_charge(self.policy.rules, charge)
        if rule:
            self.give_rule(rule, origin.product, origin.account, amount)
        elif self.aws and charges_module.is_instance(charge.resource):
            shares = self.aws.share(amount, charge.resource)
            for key, share in (shares or {}).items():
                self.give_service(origin, key, share)
            if shares is None:
                self.give_along(charge, origin, amount, "reservation")
        elif charges_module.is_instance(charge.resource) and self.containers.has_runs(charge.resource):
            self.pushes += 1
            for span, part in self.by_hours(one, amount):
                own = [] if span == (0, 0) else [span]
                for key, share in self.containers.share(part, charge.resource, self.containers.window(own)):
                    if key is None:
                        self.give_along(charge, origin, share, "ecs_idle")
                    elif key in IDLE:
                        self.give_idle((self.pushes,), origin, charge.resource, key[0], share)
                    else:
                        self.note_area(charge.resource, self.containers.owner(key), share)
                        self.give_service(origin, key, share)
                        if self.check:
                            self.check.service(charge, charge.resource, key, share)
        elif charge.resource in self.containers.tasks:
            key = self.containers.service_key(self.containers.tasks[charge.resource])
            self.give_service(origin, key, amount)
            if self.check:
                self.check.service(charge, "", key, amount)
        else:
            self.give_along(charge, origin, amount, "reservation")

    def by_hours(self, one, amount: int) -> list:
        """An amount over the usage intervals of a charge: by hours run, else by length, else evenly."""
        spans = defaultdict(int)
        for charge in one.charges:
            is_running = running_type(charge.usage_type)[0] and charges_module.is_instance(charge.resource)
            spans[charge.span] += charge.hours_ms if is_running else 0
        for weigh in (lambda span: spans[span], lambda span: span[1] - span[0], lambda span: 1):
            weights = {span: weigh(span) for span in spans}
            if sum(weights.values()) > 0:
                return list(money.split(amount, weights, lambda span: span).items())
        return []

    def give_along(self, charge, origin, amount: int, mechanism: str) -> None:
        """By the tags of the covered charge, then its cost categories, then its account's default, then to nobody."""
        area = self.tags.area_of_charge(charge)
        other = self.area_of_categories(charge) or self.policy.account_area(charge.account, self.period)
        if area is not None:
            self.add(origin, "area", area, mechanism, amount)
        elif other is not None:
            self.add(origin, "area", other, "reservation", amount)
        else:
            self.add(origin, "unattributed", None, "unattributed", amount)

    def give_unused(self, part, id_of_part: str, amount: int) -> None:
        """What nothing used: a row of its own, or the owner's of the fee (R61)."""
        area = None
        if self.policy.unused == "owner":
            own = charges_module.build(part.rows, self.policy, set())
            areas = {self.area_of_own(charge) for charge in own}
            area = areas.pop() if len(areas) == 1 else None
            area = self.policy.account_area(part.account, self.period) if area is None else area
        self.give_unused_to(part, id_of_part, area, amount)

    def give_unused_to(self, origin, commitment: str, area: str | None, amount: int) -> None:
        """To an owner that is known, else to nobody."""
        if area is None:
            self.unused[origin.product, origin.account, origin.payer, commitment] += amount
            self.add(origin, "unused_commitment", None, "unused_commitment", amount)
        else:
            self.add(origin, "area", area, "reservation", amount)

    def covered_usage(self, wanted=lambda charge: True) -> list:
        """The pieces of what covered usage costs, by the route that fees take; none of it where a pool took it."""
        covered, found = {}, []
        for charge in self.charges:
            if charge.kind in commitments.COVERED_KINDS and wanted(charge):
                covered.setdefault(charge.untimed, []).append(charge)
        for own in covered.values():
            if not self.first_of_charge(self.policy.shared, own[0]):
                one, amount = commitments.Covered(own), sum(charge.amount for charge in own)
                found += self.aside(lambda one=one, amount=amount: self.follow(one, one.first, amount))
        return found

    def spread_unused(self, covering: list) -> None:
        """Unused commitment among the owners of the covered usage of its product, else of its id, else of its payer."""
        if self.policy.basis in bases.AMORTIZED:
            covering = self.covered_usage()
        sums, left = defaultdict(int), defaultdict(int)
        owners = {}
        for (product, account, payer, commitment), amount in self.unused.items():
            ways = [("product", product), ("id", payer, commitment), ("payer", payer)]
            for way in ways if commitment else [ways[0], ways[2]]:
                if way not in owners:
                    owners[way] = self.owners(self.covering_of(way, covering))
                if sum(owners[way].values()) > 0:
                    sums[way, product, account] += amount
                    self.spread_by.add(way[0])
                    break
            else:
                left[product, account] += amount
        self.pieces = [piece for piece in self.pieces if piece.row_kind != "unused_commitment"]
        for (product, account), amount in left.items():
            self.pieces.append(Piece(product, account, "unused_commitment", None, "unused_commitment", amount))
        for (way, product, account), amount in sums.items():
            self.share_fee(product, account, amount, owners[way])

    def covering_of(self, way: tuple, covering: list) -> list:
        """What unused commitment is shared by: the pieces of a product, of an id or of a payer."""
        if way[0] == "product":
            return [piece for piece in covering if piece.product == way[1]]
        fields = (lambda one: (one.payer, one.commitment)) if way[0] == "id" else lambda one: (one.payer,)
        return self.covered_usage(lambda one: fields(one) == way[1:])
