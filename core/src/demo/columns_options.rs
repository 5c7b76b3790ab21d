//! Columns that a Cost and Usage Report has only where the account has what they are about: a savings plan, split cost
//! allocation data.

use super::columns_cur::{ColumnOf, ColumnType};
use super::events::CLUSTER;
use super::fleet::REGION;
use super::line::{Cell, Line};
use super::row::Kind;
use super::savings_plan::{FAMILY, SavingsPlan};
use super::split_costs::TaskShare;

use ColumnType::{Cost, Quantity, Text};

/// 10⁻¹⁸ in 10⁻⁸.
const OF_QUANTITY: i128 = 10_000_000_000;
const COVERED: &[Kind] = &[Kind::PlanCovered];
const RECURRING: &[Kind] = &[Kind::PlanRecurring];

pub(super) const SAVINGS_PLAN: &[ColumnOf] = &[
    ("savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod", Cost, half_of_commitment),
    ("savingsPlan/EndTime", Text, |line| of_plan(line, |plan| Cell::Made(plan.printed_end.to_string()))),
    ("savingsPlan/InstanceTypeFamily", Text, |line| of_plan(line, |_| Cell::Text(FAMILY))),
    ("savingsPlan/OfferingType", Text, |line| of_plan(line, |_| Cell::Text("EC2InstanceSavingsPlans"))),
    ("savingsPlan/PaymentOption", Text, |line| of_plan(line, |_| Cell::Text("Partial Upfront"))),
    ("savingsPlan/PurchaseTerm", Text, |line| of_plan(line, |_| Cell::Text("1yr"))),
    ("savingsPlan/RecurringCommitmentForBillingPeriod", Cost, half_of_commitment),
    ("savingsPlan/Region", Text, |line| of_plan(line, |_| Cell::Text(REGION))),
    ("savingsPlan/SavingsPlanARN", Text, |line| of_plan(line, |plan| Cell::Text(&plan.arn))),
    ("savingsPlan/SavingsPlanEffectiveCost", Cost, |line| line.if_kind(COVERED, Cell::Number(line.effective_cost()))),
    ("savingsPlan/SavingsPlanRate", Text, |line| {
        let rate = line.instance().and_then(|kind| kind.plan_rate).unwrap_or(0);
        line.if_kind(COVERED, Cell::Number(i128::from(rate) * 100_000_000))
    }),
    ("savingsPlan/StartTime", Text, |line| of_plan(line, |plan| Cell::Made(plan.bought.to_string()))),
    ("savingsPlan/TotalCommitmentToDate", Cost, |line| line.if_kind(RECURRING, Cell::Number(line.plan_commitment()))),
    ("savingsPlan/UsedCommitment", Cost, |line| line.if_kind(RECURRING, Cell::Number(line.row.plan_used))),
];

pub(super) const SPLIT: &[ColumnOf] = &[
    ("splitLineItem/ActualUsage", Quantity, |line| of_task(line, |task| of_quantity(task.actual))),
    ("splitLineItem/ParentResourceId", Text, |line| of_task(line, |task| Cell::Text(task.instance))),
    ("splitLineItem/PublicOnDemandSplitCost", Cost, |line| of_task(line, |task| Cell::Number(task.listed.split))),
    ("splitLineItem/PublicOnDemandUnusedCost", Cost, |line| of_task(line, |task| Cell::Number(task.listed.unused))),
    ("splitLineItem/ReservedUsage", Quantity, |line| of_task(line, |task| of_quantity(task.reserved))),
    ("splitLineItem/SplitCost", Cost, |line| of_task(line, |task| Cell::Number(task.amortized.split))),
    ("splitLineItem/SplitUsage", Quantity, |line| of_task(line, |task| of_quantity(task.taken()))),
    ("splitLineItem/SplitUsageRatio", Text, |line| of_task(line, |task| task.ratio.map_or(Cell::Null, Cell::Number))),
    ("splitLineItem/UnusedCost", Cost, |line| of_task(line, |task| Cell::Number(task.amortized.unused))),
];

pub(super) const TAGS_OF_TASKS: &[ColumnOf] = &[
    ("resourceTags/aws:ecs:clusterName", Text, |line| of_task(line, |_| Cell::Text(CLUSTER))),
    ("resourceTags/aws:ecs:serviceName", Text, |line| of_task(line, |task| Cell::text(task.service))),
];

/// Equal halves are paid upfront and as the hours pass.
fn half_of_commitment<'r>(line: &Line<'r>) -> Cell<'r> {
    line.if_kind(RECURRING, Cell::Number(line.plan_commitment() / 2))
}

fn of_plan<'r>(line: &Line<'r>, cell: fn(&'r SavingsPlan) -> Cell<'r>) -> Cell<'r> {
    line.plan().map_or(Cell::Null, cell)
}

fn of_task<'r>(line: &Line<'r>, cell: fn(&'r TaskShare<'r>) -> Cell<'r>) -> Cell<'r> {
    line.row.share.map_or(Cell::Null, cell)
}

fn of_quantity<'r>(quantity: i64) -> Cell<'r> {
    Cell::Number(i128::from(quantity) * OF_QUANTITY)
}
