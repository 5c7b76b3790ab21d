//! The format of the shared vectors: input and what must come of it, with the derivation by hand.

use std::fs;
use std::io;

use serde::Deserialize;
use serde_json::Value;

use crate::tree;

/// One vector.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Name, unique in its stage.
    pub name: String,
    /// How the expected result follows, by hand.
    pub why: String,
    /// Stage, the name of the file.
    pub stage: String,
    /// Clauses of the specification it shows.
    pub clause: String,
    /// What goes in; its form is that of the stage.
    pub input: Value,
    /// What comes out.
    pub expect: Option<Value>,
    /// Or which error.
    pub expect_error: Option<ExpectedError>,
}

/// Errors are compared by code, not by text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// Stable code.
    pub code: String,
}

/// All vectors by stage, sorted by stage.
///
/// # Errors
/// Those of reading the folder, and `InvalidData` for a vector with a missing or an unknown key, a name that stands
/// twice, a foreign stage, or both or neither of result and error.
pub fn load() -> io::Result<Vec<(String, Vec<Vector>)>> {
    let mut stages = Vec::new();
    for entry in fs::read_dir(tree::root().join("tests/vectors"))? {
        let path = entry?.path();
        let stage = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let vectors: Vec<Vector> = serde_json::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{stage}: {error}")))?;
        for (at, vector) in vectors.iter().enumerate() {
            let twice = vectors.iter().take(at).any(|earlier| earlier.name == vector.name);
            let ambiguous = vector.expect.is_some() == vector.expect_error.is_some();
            if twice || ambiguous || vector.stage != stage || vector.why.is_empty() || vector.clause.is_empty() {
                let message = format!("{stage}: the vector `{}` is not well formed", vector.name);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
        stages.push((stage, vectors));
    }
    stages.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(stages)
}

impl Vector {
    /// What must come out.
    ///
    /// # Errors
    /// The code of the error that the vector expects.
    pub fn expected(&self) -> Result<Value, String> {
        match &self.expect_error {
            Some(error) => Err(error.code.clone()),
            None => Ok(self.expect.clone().unwrap_or_default()),
        }
    }
}
