//! What a run says beside its amounts: kept as JSON, each under its name.

use rusqlite::Connection;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use super::values::select;
use super::write::insert_under;
use crate::bill::BridgeRow;
use crate::error::{Error, ErrorCode, Result};
use crate::rollup::{CommitmentUse, Coverage, Report, SplitCheckRow};

/// The names are those of the table; what a run lacks is as if it had nothing to say.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bridge: Option<Vec<BridgeRow>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) commitments: Vec<CommitmentUse>,
    pub(super) coverage: Coverage,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) split_check: Vec<SplitCheckRow>,
}

impl Details {
    /// Those of a report.
    pub(super) fn of(report: &Report) -> Self {
        Self {
            bridge: report.bridge.clone(),
            commitments: report.commitments.clone(),
            coverage: report.coverage.clone(),
            split_check: report.split_check.clone(),
        }
    }

    /// Appends them to a run.
    pub(super) fn append(&self, connection: &Connection, key: (&[&str], &[Value])) -> Result<()> {
        let broken = |cause| Error::new(ErrorCode::StoreIo, "details of the run cannot be written").with_cause(cause);
        let content = serde_json::to_value(self).map_err(broken)?;
        let named = content.as_object().into_iter().flatten();
        let rows = named.map(|(name, content)| vec![Value::from(name.clone()), Value::from(content.to_string())]);
        insert_under(connection, "run_details", key, &["name", "content"], rows)
    }

    /// Those of a stored run.
    pub(super) fn load(connection: &Connection, id: &str) -> Result<Self> {
        let query = "SELECT name, content FROM run_details WHERE run_id = ?1 ORDER BY position";
        let rows = select(connection, query, [id], |fields| Ok((fields.text("name")?, fields.json("content")?)))?;
        let content: serde_json::Map<String, serde_json::Value> = rows.into_iter().collect();
        serde_json::from_value(content.into()).map_err(|cause| {
            Error::new(ErrorCode::StoreSchema, format!("details of the run `{id}` cannot be read")).with_cause(cause)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::migrate;
    use super::*;
    use crate::rollup::samples::report;

    #[test]
    fn details_are_read_back_and_a_run_without_them_says_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        migrate(&mut connection).unwrap();
        let wide: BridgeRow = serde_json::from_value(serde_json::json!({
            "kind": "Usage", "rows": 2, "unblended": "1", "cost": "1.000000000000000001", "difference": "0.000000000000000001",
        }))
        .unwrap();
        let given = Report { bridge: Some(vec![wide]), ..report() };
        let id = [Value::from("r1".to_owned())];
        Details::of(&given).append(&connection, (&["run_id"], &id)).unwrap();
        let read = Details::load(&connection, "r1").unwrap();
        assert_eq!((read.bridge, read.coverage), (given.bridge, given.coverage));
        let none = Details::load(&connection, "r0").unwrap();
        assert!(none.bridge.is_none() && none.commitments.is_empty() && none.split_check.is_empty());
        assert!(connection.execute("UPDATE run_details SET content = '[]'", []).is_err());
    }
}
