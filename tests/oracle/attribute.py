"""The stages of attribution in their order (spec 5; R5 to R24), as a list of pieces that sum to what went in."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import bases
import charges as charges_module
import classify
import commitments
import money
import pools
import times
from containers import EMPTY_HOST, IDLE, Containers
from fees import Fees
from pieces import SOURCE, Piece, made_of
from policy import Policy


def matches(pattern: str, text: str) -> bool:
    """`*` and `?`, case-sensitive, the whole text (R26)."""
    expression = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def any_matches(patterns: list, text: str) -> bool:
    """A field with a list: any may match (R26)."""
    return any(matches(pattern, text) for pattern in patterns)


class Attribution(Fees):
    """One bill attributed: call `run` once, then read `pieces`."""

    def __init__(self, policy: Policy, period: str, bill: list, fees, tags, containers: Containers, attached: dict, aws, check):
        self.policy = policy
        self.period = period
        self.charges = bill
        self.fees = fees
        self.tags = tags
        self.containers = containers
        self.attached = attached
        self.aws = aws  # split by split cost allocation data (R68)
        self.check = check  # comparison with it (R69)
        self.pieces = []
        self.replaced = []  # pieces that were taken back, and what took them back
        self.pooled = defaultdict(int)  # (position of the pool, product, account) -> amount
        self.hops = []
        self.summed = defaultdict(list)  # charges of instances by what they agree on besides the interval
        self.moved = defaultdict(list)  # (the same, instance) -> (charge, part)
        self.areas = defaultdict(lambda: defaultdict(int))  # instance or volume -> area -> what it has of it (R87)
        self.areas_of_charges = None  # what idle cost of charges is shared by, where that is known before
        self.waiting = {}  # idle cost that its areas share -> (origin, amount, what it comes from)
        self.is_aside = False
        self.spread_by = set()
        self.unused = defaultdict(int)  # (product, account, payer, id) -> what nothing used and nobody is named for
        self.commitments = commitments.Commitments(fees.parts, bill, period)

    def run(self) -> list[Piece]:
        """Pools and rules first, then volumes, containers and tags per charge, then fees, pools and providers."""
        ruled = {}
        for charge in self.charges:
            pool = self.first_of_charge(self.policy.shared, charge)
            rule = self.first_of_charge(self.policy.rules, charge)
            if pool:
                self.pooled[(self.policy.shared.index(pool), charge.product, charge.account)] += charge.amount
            elif rule:
                ruled.setdefault(charge.untimed, (rule, charge, []))[2].append(charge.amount)
            else:
                with made_of(charge=charge):
                    self.give_charge(charge)
        for rule, charge, amounts in ruled.values():
            # A rule splits the charge's total over all its usage intervals at once (R26).
            with made_of(charge=charge):
                self.give_rule(rule, charge.product, charge.account, sum(amounts))
        self.give_by_aws()
        # Copied: fees that are pushed onto charges add to what areas have.
        if self.areas_of_charges is None:
            self.areas_of_charges = {host: dict(areas) for host, areas in self.areas.items()}
        self.give_waiting(self.areas_of_charges)
        self.give_fees()
        self.give_pools()
        self.give_providers()
        return self.pieces

    def add(self, origin, row_kind, area, mechanism, amount, service=None) -> None:
        """One piece of a charge (or of anything with a product and an account)."""
        self.pieces.append(Piece(origin.product, origin.account, row_kind, area, mechanism, amount, service))

    def add_idle(self, origin, area, reason: str, amount: int) -> None:
        """A row that nobody used, with the area that tags name, never an account default (R11, R64)."""
        self.pieces.append(Piece(origin.product, origin.account, "idle", area, "idle", amount, reason=reason))

    # Idle cost that the areas of its host share (R87)

    def note_area(self, host: str, area: str | None, amount: int) -> None:
        """What an area has of an instance or volume."""
        if area is not None and not self.is_aside:
            self.areas[host][area] += amount

    def wait(self, key: tuple, origin, amount: int) -> None:
        """Idle cost that is shared at once for each charge (or pushed part), host and reason: the ends of the key."""
        origin, before, source = self.waiting.get(key, (origin, 0, dict(SOURCE)))
        self.waiting[key] = (origin, before + amount, source)

    def give_waiting(self, areas: dict | None = None) -> None:
        """By what each area has of the host; where there is none, rows that nobody used."""
        areas = self.areas if areas is None else areas
        for (*_, area, host, reason), (origin, amount, source) in self.waiting.items():
            weights = {name: max(cost, 0) for name, cost in areas[host].items()} if host in areas else {}
            with made_of(**source):
                if sum(weights.values()) == 0:
                    self.add_idle(origin, area, reason, amount)
                    continue
                for name, part in money.split(amount, weights).items():
                    self.add(origin, "area", name, "volume" if reason == "detached" else "ecs_idle", part)
        self.waiting = {}

    def give_idle(self, route: tuple, origin, host: str, reason: str, amount: int) -> None:
        """Idle cost of an instance as the policy says; `route` tells what is split at once."""
        area = self.tags.area_of_resource(host)
        if (self.policy.idle if reason == "unreserved" else self.policy.empty_host) == "proportional":
            self.wait((*route, area, host, reason), origin, amount)
        else:
            self.add_idle(origin, area, reason, amount)

    # Rules (spec 5.1; R22, R26)

    def in_effect(self, rule) -> bool:
        """`from` <= period and `to` >= period."""
        return rule.first <= self.period <= rule.last

    def first_of_charge(self, rules, charge):
        """The first rule or pool in the file's order that is in effect and matches a charge, None if none does."""
        for rule in rules:
            fields = all(any_matches(patterns, getattr(charge, name)) for name, patterns in rule.match.items())
            own = {key: charge.own(key, self.policy) for key in rule.tags}
            tagged = all(own[key] != "" and any_matches(rule.tags[key], own[key]) for key in rule.tags)
            categories = charge.categories
            of_category = all(
                categories[name] != "" and any_matches(patterns, categories[name])
                for name, patterns in rule.categories.items()
            )
            if self.in_effect(rule) and fields and tagged and of_category:
                return rule
        return None

    def first_of_fee(self, rules, part):
        """The same for a fee part: only those that ask for account, product and kind alone (R22)."""
        for rule in rules:
            if rule.tags or rule.categories or set(rule.match) - {"account", "product", "kind"} or not self.in_effect(rule):
                continue
            if all(any_matches(patterns, getattr(part, name)) for name, patterns in rule.match.items()):
                return rule
        return None

    def give_rule(self, rule, product: str, account: str, amount: int) -> None:
        """An amount to the rule's area or by its percentages, ties to the smaller area (R5)."""
        with made_of(rule=rule.id):
            for area, part in money.split(amount, rule.shares).items():
                self.pieces.append(Piece(product, account, "area", area, "rule", part))

    # Volumes, containers, tags (spec 5.3 to 5.5)

    def give_charge(self, charge) -> None:
        """A charge no rule took: a volume's, an instance's, a Fargate task's, or any other."""
        if self.policy.basis in bases.AMORTIZED and charge.kind in bases.UNUSED:
            area = None
            if self.policy.unused == "owner":
                area = self.area_of_own(charge)
                area = self.policy.account_area(charge.account, self.period) if area is None else area
            self.give_unused_to(charge, charge.commitment, area, charge.amount)
            return
        resource = charge.resource
        fee = charge.kind in classify.FEES
        if not fee and charges_module.is_volume(resource) and resource in self.attached:
            self.give_volume(charge)
        elif self.aws and not fee and charges_module.is_instance(resource):
            self.summed[charge.untimed].append(charge)
        elif not fee and charges_module.is_instance(resource) and self.containers.has_runs(resource):
            with made_of(instance=resource):
                self.give_instance(charge)
        elif not fee and resource in self.containers.tasks:
            key = self.containers.service_key(self.containers.tasks[resource])
            self.give_service(charge, key, charge.amount)
            if self.check:
                self.check.service(charge, "", key, charge.amount)
        else:
            self.give_tags(charge, charge.amount, "tag")

    def give_volume(self, charge) -> None:
        """Attached against detached milliseconds, then the attached part over the instances (spec 5.3, R6)."""
        start, end = charge.interval or (None, None)
        if start is None or end is None or end <= start:
            self.give_tags(charge, charge.amount, "tag")
            return
        inside = {
            instance: times.intersect(pair, [(start, end)]) for instance, pair in self.attached[charge.resource].items()
        }
        attached = times.length([one for pair in inside.values() for one in pair])
        halves = money.split(
            charge.amount,
            {"detached": end - start - attached, "attached": attached},
            order=lambda half: half == "attached",
        )
        if "detached" in halves and self.policy.detached == "separate":
            self.add_idle(charge, self.tags.area_of_charge(charge), "detached", halves["detached"])
        elif "detached" in halves and self.policy.detached == "proportional":
            area = self.tags.area_of_charge(charge)
            self.wait((charge.untimed, area, charge.resource, "detached"), charge, halves["detached"])
        elif "detached" in halves:
            self.give_tags(charge, halves["detached"], "tag")
        if "attached" in halves:
            shares = money.split(halves["attached"], {one: times.length(pair) for one, pair in inside.items()})
            for instance, part in shares.items():
                with made_of(instance=instance):
                    self.give_moved(charge, instance, inside[instance], part)

    def give_moved(self, charge, instance: str, intervals: list, part: int) -> None:
        """A moved part: over services when runs overlap its window on its instance, else by tags (R7)."""
        if self.aws:
            self.moved[(charge.untimed, instance)].append((charge, part))
            return
        window = self.containers.window(intervals)
        if not self.containers.has_runs(instance) or not self.containers.overlapping(instance, window):
            self.give_moved_tags(charge, instance, part)
            return
        for key, share in self.containers.share(part, instance, self.containers.window(intervals)):
            if key in (None, EMPTY_HOST):
                self.give_moved_tags(charge, instance, share)
            else:
                self.give_service_or_idle(charge, instance, key, share)
                if self.check and key not in IDLE:
                    self.check.service(charge, instance, key, share)

    def give_moved_tags(self, charge, instance: str, part: int) -> None:
        """R7: the instance's tag, the volume's own tag, account default, nobody."""
        area = self.tags.area_of_resource(instance)
        if area is None:
            area = self.tags.area_of_charge(charge)
        if area is not None:
            self.note_area(charge.resource, area, part)
            self.add(charge, "area", area, "volume", part)
        else:
            self.give_account(charge, part)

    def give_instance(self, charge) -> None:
        """A charge of an instance with task runs (spec 5.4; R9, R11)."""
        start, end = charge.interval or (None, None)
        own = [] if start is None or end is None else [(start, end)]
        window = self.containers.window(own)
        ran = bool(self.containers.overlapping(charge.resource, window))
        if self.check:
            self.check.charge(charge, charge.resource, self.containers)
        for key, share in self.containers.share(charge.amount, charge.resource, window):
            if key is None:
                self.give_tags(charge, share, "ecs_idle")
                continue
            self.give_service_or_idle(charge, charge.resource, key, share)
            if self.check and key in IDLE:
                self.check.idle(charge, charge.resource, share, ran)
            elif self.check:
                self.check.service(charge, charge.resource, key, share)

    def give_by_aws(self) -> None:
        """Instances by split cost allocation data: a charge at once, and at once what moved of it to one (R68)."""
        for own in self.summed.values():
            amount, charge = sum(one.amount for one in own), own[0]
            shares = self.aws.share(amount, charge.resource)
            if shares is None:
                with made_of(charge=charge):
                    self.give_tags(charge, amount, "tag")
            with made_of(charge=charge, instance=charge.resource):
                for key, part in (shares or {}).items():
                    self.give_service(charge, key, part)
        for (_, instance), parts in self.moved.items():
            amount, charge = sum(part for _, part in parts), parts[0][0]
            shares = self.aws.share(amount, instance)
            with made_of(charge=charge, instance=instance):
                if shares is None:
                    self.give_moved_tags(charge, instance, amount)
                for key, part in (shares or {}).items():
                    self.note_area(charge.resource, self.containers.owner(key), part)
                    self.give_service(charge, key, part)

    def give_service_or_idle(self, charge, instance: str, key: tuple, amount: int) -> None:
        """A service's part, or an idle row that carries the instance's tag (R11)."""
        if key in IDLE:
            self.give_idle((charge.untimed,), charge, instance, key[0], amount)
        else:
            for host in {instance, charge.resource}:
                self.note_area(host, self.containers.owner(key), amount)
            self.give_service(charge, key, amount)

    def give_service(self, charge, key: tuple, amount: int) -> None:
        """A service's part to its area, or to nobody if the service is unmapped (R16)."""
        area = self.containers.owner(key)
        if area is None:
            self.add(charge, "unattributed", None, "unattributed", amount, key[:2])
        else:
            self.add(charge, "area", area, "ecs", amount, key[:2])

    def give_tags(self, charge, amount: int, mechanism: str) -> None:
        """By the row's tags, own then inherited (R20); then by account."""
        area = self.tags.area_of_charge(charge)
        if area is not None:
            self.add(charge, "area", area, mechanism, amount)
        else:
            self.give_account(charge, amount)

    def give_account(self, charge, amount: int) -> None:
        """The first cost category of its own (R72), the account default, else nobody (spec 5.5)."""
        category = self.area_of_categories(charge)
        area = self.policy.account_area(charge.account, self.period)
        if category is not None:
            self.add(charge, "area", category, "cost_category", amount)
        elif area is not None:
            self.add(charge, "area", area, "account", amount)
        else:
            self.add(charge, "unattributed", None, "unattributed", amount)

    def area_of_categories(self, charge) -> str | None:
        """What the first cost category that a charge's own rows fill names (R72)."""
        values = [charge.categories[name] for name in self.policy.cost_categories if charge.categories[name]]
        return self.policy.area(values[0]) if values else None

    def area_of_own(self, charge) -> str | None:
        """What a charge's tags, else its cost categories name."""
        area = self.tags.area_of_charge(charge)
        return self.area_of_categories(charge) if area is None else area

    # Shared pools and providers (spec 5.7, 5.8; R43 to R45)

    def give_pools(self) -> None:
        """Every pool on the totals before any pool; where nobody takes part it is kept."""
        before = list(self.pieces)
        mechanisms = {"area": "shared", **{kind: kind for kind in ("idle", "unattributed", "unused_commitment")}}
        for (at, product, account), amount in self.pooled.items():
            pool = self.policy.shared[at]
            weights = pools.weights(pool, self.period, (product, account), before)
            with made_of(pool=pool.name):
                if sum(weights.values()) == 0:
                    self.pieces.append(Piece(product, account, "shared", None, "shared", amount, pool=pool.name))
                    continue
                for (area, row_kind, reason), part in money.split(amount, weights).items():
                    mechanism = mechanisms[row_kind]
                    self.pieces.append(Piece(product, account, row_kind, area, mechanism, part, reason=reason))

    def give_providers(self) -> None:
        """The cost of providers with consumers to the areas that keep it, sum by sum of a product and account."""
        keys = pools.keys_in(self.policy.providers, self.period)
        sums, costs, kept = defaultdict(int), defaultdict(int), []
        for piece in self.pieces:
            if piece.row_kind == "area" and piece.area in keys:
                sums[(piece.area, piece.product, piece.account)] += piece.amount
                costs[piece.area] += piece.amount
                self.take_back(piece, {"provider": piece.area})
            else:
                kept.append(piece)
        self.pieces = kept
        shares = pools.solved(keys)
        self.hops = pools.hops(keys, costs)
        for (provider, product, account), amount in sums.items():
            with made_of(provider=provider):
                for area, part in money.split(amount, pools.as_weights(shares[provider])).items():
                    self.pieces.append(Piece(product, account, "area", area, "reallocated", part))

    # What allocated charges tell besides (R79)

    def take_back(self, piece: Piece, source: dict) -> None:
        """A piece that is given to others: what it was, and its opposite."""
        self.replaced += [piece, replace(piece, amount=-piece.amount, source=source)]

    def follow(self, one, origin, amount: int) -> None:
        """A part of a fee names its commitment."""
        group = [key for key, group in self.commitments.groups.items() if one in group.covered]
        with made_of(commitment=group[0] if group else None):
            super().follow(one, origin, amount)

    def spread_unused(self, covering: list) -> None:
        """What was unused and has owners now is taken back."""
        before = [piece for piece in self.pieces if piece.row_kind == "unused_commitment"]
        super().spread_unused(covering)
        for piece in before:
            if not any(piece is one for one in self.pieces):
                self.take_back(piece, {})
