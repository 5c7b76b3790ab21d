//! The formats a demo month can be written in.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

/// A format of AWS's bills that a demo month can be written in (spec 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DemoDialect {
    /// `dbr`: Detailed Billing Report with resources and tags.
    Dbr,
    /// `cur`: legacy Cost and Usage Report, CSV in several gzip files with a manifest.
    Cur,
    /// `cur-parquet`: the same for Athena, costs as binary doubles.
    CurParquet,
    /// `cur-parquet-decimal`: the same with costs as decimals, as a table that was cleaned keeps them.
    CurParquetDecimal,
    /// `cur2`: CUR 2.0 as CSV, maps as JSON text.
    Cur2,
    /// `cur2-parquet`: CUR 2.0 as Parquet, costs as binary doubles, maps as maps.
    Cur2Parquet,
    /// `focus`: FOCUS 1.0 with AWS columns, CSV.
    Focus,
    /// `focus-1.2`: FOCUS 1.2 with AWS columns, CSV.
    Focus12,
}

impl DemoDialect {
    /// Every dialect there is.
    pub const ALL: [Self; 8] = [
        Self::Dbr,
        Self::Cur,
        Self::CurParquet,
        Self::CurParquetDecimal,
        Self::Cur2,
        Self::Cur2Parquet,
        Self::Focus,
        Self::Focus12,
    ];

    /// The name it is asked for by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dbr => "dbr",
            Self::Cur => "cur",
            Self::CurParquet => "cur-parquet",
            Self::CurParquetDecimal => "cur-parquet-decimal",
            Self::Cur2 => "cur2",
            Self::Cur2Parquet => "cur2-parquet",
            Self::Focus => "focus",
            Self::Focus12 => "focus-1.2",
        }
    }

    /// Whether it is a Parquet file, which only the feature `parquet` writes.
    #[must_use]
    pub const fn is_parquet(self) -> bool {
        matches!(self, Self::CurParquet | Self::CurParquetDecimal | Self::Cur2Parquet)
    }

    /// The dialects that names stand for, each once, in the order asked; `all` stands for all that this build writes.
    ///
    /// # Errors
    /// `config.bad_value` where a name is none of them.
    ///
    /// ```
    /// use unblended::DemoDialect;
    /// assert_eq!(DemoDialect::named(["dbr", "focus", "dbr"])?, [DemoDialect::Dbr, DemoDialect::Focus]);
    /// assert!(DemoDialect::named(["all"])?.contains(&DemoDialect::Cur2));
    /// # Ok::<(), unblended::Error>(())
    /// ```
    pub fn named<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Vec<Self>> {
        let mut dialects = Vec::new();
        for name in names {
            let meant = match name.as_ref() {
                "all" => Self::ALL.into_iter().filter(|dialect| dialect.is_written_here()).collect(),
                name => vec![name.parse()?],
            };
            for dialect in meant {
                if !dialects.contains(&dialect) {
                    dialects.push(dialect);
                }
            }
        }
        Ok(dialects)
    }

    /// Whether this build can write it.
    pub(super) const fn is_written_here(self) -> bool {
        cfg!(feature = "parquet") || !self.is_parquet()
    }
}

impl fmt::Display for DemoDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DemoDialect {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::new(
                ErrorCode::ConfigBadValue,
                format!("`{text}` is no dialect of a demo; known are {known} and all"),
            )
        })
    }
}

/// A bill of a demo month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoBill {
    /// Its format.
    pub dialect: DemoDialect,
    /// The file to roll up: of a legacy Cost and Usage Report in CSV, its manifest.
    pub path: PathBuf,
    /// The exact sum of its cost column in USD. Binary doubles count as their shortest decimal text.
    pub total: Amount,
}
