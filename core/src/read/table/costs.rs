//! The cost of a row in the basis of the scan: the rules of the one table (spec 3.4), bound to a header.

use crate::classify::{CostBasis, CostRule, CostTerm, LineItemKind, SAVINGS_PLANS, cost_rule, unblended_columns};
use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Residue, times_fraction};
use crate::read::table::cells::{Cells, Telling};
use crate::read::table::dialect::DialectTable;
use crate::read::table::header::{Columns, find, missing};

/// Where the costs of rows stand.
#[derive(Debug)]
pub(super) struct Costs {
    /// Column of the unblended cost, which every row of every kind has.
    pub(super) unblended: usize,
    basis: CostBasis,
    /// Column that tells refunds of savings plans apart.
    product_code: Option<usize>,
    /// By the number of the kind, then that of refunds of savings plans.
    rules: Vec<BoundRule>,
}

/// A rule whose columns are found.
#[derive(Debug)]
enum BoundRule {
    Unblended,
    Zero,
    /// The header has none of these columns.
    Lacking(&'static [&'static str]),
    /// The first of these that the row fills.
    First {
        columns: Vec<usize>,
        is_always_filled: bool,
    },
    Sum(Vec<BoundTerm>),
    Scaled(Vec<BoundTerm>, Vec<(usize, usize)>),
}

#[derive(Debug)]
struct BoundTerm {
    is_subtracted: bool,
    /// Best first.
    columns: Vec<usize>,
}

/// The cost of one row in the basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowCost {
    /// That of the unblended basis.
    Unblended,
    /// Another one, and what reading it rounded off.
    Own(Amount, Residue),
    /// The row fills none of the columns: it counts at its unblended cost, which is reported.
    Empty,
}

const REFUND_OF_PLANS: usize = LineItemKind::ALL.len();

impl Costs {
    /// Finds the columns of every rule.
    ///
    /// # Errors
    /// `config.basis_unavailable` where the dialect has no such basis; `read.missing_column` where the header has no
    /// unblended cost.
    pub(super) fn bind(table: &DialectTable, names: &[String], basis: CostBasis) -> Result<Self> {
        let rule = |kind, code| Ok(BoundRule::bind(cost_rule(table.dialect, basis, kind, code)?, table, names));
        let mut rules = LineItemKind::ALL.iter().map(|kind| rule(*kind, "")).collect::<Result<Vec<_>>>()?;
        rules.push(rule(LineItemKind::Refund, SAVINGS_PLANS)?);
        let columns = unblended_columns(table.dialect);
        let unblended = columns.iter().find_map(|column| find(table, column, names));
        let unblended = unblended.ok_or_else(|| missing(table, columns, names))?;
        Ok(Self { unblended, basis, product_code: find(table, "lineItem/ProductCode", names), rules })
    }

    /// Every column a cost can stand in.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.rules.iter().flat_map(BoundRule::columns).chain([self.unblended])
    }

    /// The number of the rule of a row's kind, for [`Costs::of_row`] and [`Costs::of_known`].
    pub(super) fn rule_of<'r>(&self, kind: LineItemKind, cells: impl Cells<'r>) -> usize {
        let is_refund_of_plans =
            kind == LineItemKind::Refund && self.product_code.is_some_and(|at| cells.get(at) == SAVINGS_PLANS);
        if is_refund_of_plans { REFUND_OF_PLANS } else { kind as usize }
    }

    /// The cost of a row by its rule.
    ///
    /// # Errors
    /// `config.basis_unavailable` where the header lacks a column the rule needs; `parse.bad_decimal` and
    /// `money.overflow`, with the column.
    pub(super) fn of_row<'r>(&self, rule: usize, columns: &Columns, cells: impl Cells<'r>) -> Result<RowCost> {
        match self.rules.get(rule) {
            None | Some(BoundRule::Unblended) => Ok(RowCost::Unblended),
            Some(BoundRule::Zero) => Ok(RowCost::Own(Amount::ZERO, Residue::default())),
            Some(BoundRule::Lacking(wanted)) => Err(self.lacking(rule, wanted)),
            Some(BoundRule::First { columns: places, is_always_filled }) => {
                match (first(columns, cells, places)?, places.first()) {
                    (Some((amount, residue)), _) => Ok(RowCost::Own(amount, residue)),
                    (None, Some(at)) if *is_always_filled => Err(columns.empty_cost(*at)),
                    (None, _) => Ok(RowCost::Empty),
                }
            }
            Some(BoundRule::Sum(terms)) => {
                let sum = sum(columns, cells, terms)?;
                Ok(sum.map_or(RowCost::Empty, |(amount, residue)| RowCost::Own(amount, residue)))
            }
            Some(BoundRule::Scaled(terms, fractions)) => {
                let Some((amount, residue)) = sum(columns, cells, terms)? else { return Ok(RowCost::Empty) };
                for (numerator, denominator) in fractions {
                    let (numerator, denominator) =
                        (read(columns, cells, *numerator)?, read(columns, cells, *denominator)?);
                    if let (Some((numerator, _)), Some((denominator, _))) = (numerator, denominator)
                        && let Some(scaled) = times_fraction(amount, numerator, denominator)?
                    {
                        // Rounding a fraction is no digit of the bill that was lost.
                        return Ok(RowCost::Own(scaled, Residue::default()));
                    }
                }
                Ok(RowCost::Own(amount, residue))
            }
        }
    }

    /// The cost of a row whose rule is known and plain; `None` where it has to be read as any other row.
    pub(super) fn of_known<'r>(&self, rule: usize, row: impl Telling<'r>, unblended: Amount) -> Option<Amount> {
        match self.rules.get(rule)?.plain()? {
            [] => Some(unblended),
            columns => Amount::parse_exact(columns.iter().map(|at| row.bytes(*at)).find(|text| !text.is_empty())?),
        }
    }

    /// Each rule as the columns of which the first that a row fills is its cost, none for the unblended cost; `None`
    /// for rules that are more than that.
    #[cfg(feature = "parquet")]
    pub(super) fn plain_rules(&self) -> Vec<Option<Vec<usize>>> {
        self.rules.iter().map(|rule| rule.plain().map(<[usize]>::to_vec)).collect()
    }

    fn lacking(&self, rule: usize, wanted: &[&str]) -> Error {
        let kind = LineItemKind::ALL.get(rule).map_or("Refund", |kind| kind.as_str());
        let list = wanted.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        let message = format!(
            "the basis `{}` of a row of kind `{kind}` needs the column {list}, which the header lacks",
            self.basis
        );
        Error::new(ErrorCode::ConfigBasisUnavailable, message)
    }
}

impl BoundRule {
    fn bind(rule: CostRule, table: &DialectTable, names: &[String]) -> Self {
        match rule {
            CostRule::Unblended(_) => Self::Unblended,
            CostRule::Zero => Self::Zero,
            CostRule::ZeroBeside(column) => match find(table, column, names) {
                Some(_) => Self::Zero,
                None => Self::Unblended,
            },
            CostRule::Column(columns) => {
                let found = columns.iter().find_map(|column| find(table, column, names));
                found.map_or(Self::Lacking(columns), |at| Self::First { columns: vec![at], is_always_filled: true })
            }
            CostRule::Sum([CostTerm { is_subtracted: false, columns }]) => match found(columns, table, names) {
                places if places.is_empty() => Self::Lacking(columns),
                places => Self::First { columns: places, is_always_filled: false },
            },
            CostRule::Sum(terms) => bound_terms(terms, table, names).map_or_else(Self::Lacking, Self::Sum),
            CostRule::Scaled(terms, fractions) => {
                let both = |(numerator, denominator): &(&'static str, &'static str)| {
                    Some((find(table, numerator, names)?, find(table, denominator, names)?))
                };
                let fractions = fractions.iter().filter_map(both).collect();
                bound_terms(terms, table, names).map_or_else(Self::Lacking, |terms| Self::Scaled(terms, fractions))
            }
        }
    }

    fn plain(&self) -> Option<&[usize]> {
        match self {
            Self::Unblended => Some(&[]),
            Self::First { columns, .. } => Some(columns),
            Self::Zero | Self::Lacking(_) | Self::Sum(_) | Self::Scaled(..) => None,
        }
    }

    fn columns(&self) -> Vec<usize> {
        let of_terms = |terms: &[BoundTerm]| terms.iter().flat_map(|term| term.columns.clone()).collect::<Vec<_>>();
        match self {
            Self::Unblended | Self::Zero | Self::Lacking(_) => Vec::new(),
            Self::First { columns, .. } => columns.clone(),
            Self::Sum(terms) => of_terms(terms),
            Self::Scaled(terms, fractions) => {
                let of_fractions = fractions.iter().flat_map(|(numerator, denominator)| [*numerator, *denominator]);
                of_terms(terms).into_iter().chain(of_fractions).collect()
            }
        }
    }
}

/// Where the header has these columns.
fn found(columns: &[&'static str], table: &DialectTable, names: &[String]) -> Vec<usize> {
    columns.iter().filter_map(|column| find(table, column, names)).collect()
}

/// The terms with their places, or the columns of a term that the header lacks altogether.
fn bound_terms(
    terms: &'static [CostTerm],
    table: &DialectTable,
    names: &[String],
) -> std::result::Result<Vec<BoundTerm>, &'static [&'static str]> {
    let bound = |CostTerm { is_subtracted, columns }: &CostTerm| match found(columns, table, names) {
        places if places.is_empty() => Err(*columns),
        places => Ok(BoundTerm { is_subtracted: *is_subtracted, columns: places }),
    };
    terms.iter().map(bound).collect()
}

/// The sum of the terms that the row fills; `None` where it fills none.
fn sum<'r>(columns: &Columns, cells: impl Cells<'r>, terms: &[BoundTerm]) -> Result<Option<(Amount, Residue)>> {
    let mut total: Option<(Amount, Residue)> = None;
    for term in terms {
        let Some((amount, Residue(residue))) = first(columns, cells, &term.columns)? else { continue };
        let (sum, Residue(lost)) = total.unwrap_or_default();
        total = Some(if term.is_subtracted {
            (sum.checked_sub(amount)?, Residue(lost.saturating_sub(residue)))
        } else {
            (sum.checked_add(amount)?, Residue(lost.saturating_add(residue)))
        });
    }
    Ok(total)
}

/// The first cell that is filled, as an amount.
pub(super) fn first<'r>(
    columns: &Columns,
    cells: impl Cells<'r>,
    places: &[usize],
) -> Result<Option<(Amount, Residue)>> {
    let filled = places.iter().find(|at| !columns.cell(cells, **at).is_empty());
    Ok(filled.map(|at| read(columns, cells, *at)).transpose()?.flatten())
}

/// A cell as an amount; `None` where it is empty.
fn read<'r>(columns: &Columns, cells: impl Cells<'r>, at: usize) -> Result<Option<(Amount, Residue)>> {
    let text = columns.cell(cells, at);
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = Amount::parse(text).map_err(|error| columns.at_column(error, at))?;
    Ok(Some((parsed.amount, parsed.residue)))
}
