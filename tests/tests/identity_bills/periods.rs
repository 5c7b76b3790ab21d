//! Closed periods without AWS's rounding: commitments whose fees are amortized wholly (domain 3.1).

use unblended::{Bill, BillOptions, CostBasis, Dialect, LineItemKind as K, Result, ScanOptions, scan_reader};

use super::header::{COSTS, Layout, TOTAL, USED};
use super::rows::{Form, Row, forms};
use super::{Amounts, Random};

/// The bills of one term, a row and what was paid upfront for it at a time, in thousandths.
#[derive(Debug)]
pub(crate) struct Term {
    layout: Layout,
    /// By month.
    pub(crate) months: Vec<Month>,
}

#[derive(Debug, Default)]
pub(crate) struct Month {
    rows: Vec<Row>,
    /// −(what was paid upfront for this month).
    pub(crate) trueup: i128,
    pub(crate) upfront_fees: i128,
}

impl Term {
    pub(crate) fn new(number: u64) -> Self {
        let mut random = Random(number);
        let random = &mut random;
        let layout = Layout { dialect: random.one(&[Dialect::Cur, Dialect::Cur2]), is_net: false };
        let mut term = Self { layout, months: (0..=random.below(4)).map(|_| Month::default()).collect() };
        for _ in 0..=random.below(4) {
            let (recurring, upfront) = (random.below(900), random.below(900));
            for month in &mut term.months {
                month.reserve(random, layout, recurring, upfront);
            }
            term.pay(random, ("Fee", "reservation"));
        }
        for _ in 0..=random.below(8) {
            let (recurring, upfront) = (random.below(900), random.below(900));
            for month in &mut term.months {
                month.plan(random, layout, recurring, upfront);
            }
            term.pay(random, ("SavingsPlanUpfrontFee", "plan"));
        }
        let usage = random.below(1_000);
        term.months[0].add(random, layout, ("Usage", ""), &[(0, usage)]);
        term
    }

    /// Bills in the first month what is paid upfront and not billed yet, all months together.
    fn pay(&mut self, random: &mut Random, fee: (&str, &str)) {
        let paid: i128 = self.months.iter().map(|month| month.upfront_fees).sum();
        let due: i128 = -self.months.iter().map(|month| month.trueup).sum::<i128>() - paid;
        let layout = self.layout;
        self.months[0].upfront_fees += due;
        self.months[0].add(random, layout, fee, &[(0, usize::try_from(due).unwrap())]);
    }

    pub(crate) fn bill(&self, month: &Month, basis: CostBasis) -> Result<Bill> {
        let lines: String = month.rows.iter().enumerate().map(|(at, row)| self.layout.line(row, at)).collect();
        let options = ScanOptions { bill: BillOptions { basis, ..BillOptions::default() }, ..ScanOptions::default() };
        scan_reader("month.csv", (self.layout.header() + "\n" + &lines).as_bytes(), &options)
    }
}

impl Month {
    /// Hours of a reservation, some of them unused.
    fn reserve(&mut self, random: &mut Random, layout: Layout, recurring: usize, upfront: usize) {
        let hours = 1 + random.below(1_488);
        let used = random.below(hours + 1);
        let unused = hours - used;
        self.add(random, layout, ("DiscountedUsage", "reservation"), &[(0, 0), (1, used * (recurring + upfront))]);
        let fee = [(0, hours * recurring), (2, unused * upfront), (3, unused * recurring)];
        self.add(random, layout, ("RIFee", "reservation"), &fee);
        self.trueup -= i128::try_from(hours * upfront).unwrap();
    }

    /// An hour of a savings plan, some of it unused, and what it covers at the price without it.
    fn plan(&mut self, random: &mut Random, layout: Layout, recurring: usize, upfront: usize) {
        let total = recurring + upfront;
        let mut used = 0;
        for _ in 0..random.below(4) {
            let cost = random.below(total - used + 1);
            used += cost;
            self.add(random, layout, ("SavingsPlanCoveredUsage", "plan"), &[(0, cost * 2), (4, cost)]);
        }
        self.add(random, layout, ("SavingsPlanNegation", "plan"), &[(0, used * 2)]);
        let negation = self.rows.last_mut().unwrap();
        negation.costs[0].insert(0, '-');
        self.add(random, layout, ("SavingsPlanRecurringFee", "plan"), &[(0, recurring), (TOTAL, total), (USED, used)]);
        self.trueup -= i128::try_from(upfront).unwrap();
    }

    fn add(&mut self, random: &mut Random, layout: Layout, named: (&str, &str), costs: &[(usize, usize)]) {
        let of = |form: &&Form| (form.1, form.2) == named && form.0 != Some(K::Tax);
        let form = *forms(layout.dialect).iter().find(of).unwrap();
        let amounts = Amounts { is_signed: false, is_signed_on_resources: false, is_huge: false };
        let anchor = Row::anchor(random, layout.dialect, amounts, "USD");
        let mut cells = vec![String::new(); COSTS.len()];
        for (at, thousandths) in costs {
            cells[*at] = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
        }
        let commitment = if form.2.is_empty() { "" } else { "arn:commitment" };
        self.rows.push(Row { kind: form.0, form, costs: cells, commitment, ..anchor });
    }
}
