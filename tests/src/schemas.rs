//! `docs/schemas/`, generated from the types that are read and written.

/// Where the schemas are kept.
pub const FOLDER: &str = "docs/schemas";

/// Every schema file: its path from the root and its text.
///
/// # Errors
/// Where a schema cannot be written as JSON.
pub fn files() -> Result<Vec<(String, String)>, serde_json::Error> {
    let schemas = unblended::facade::schemas();
    let file = |(name, schema): (&str, _)| {
        Ok((format!("{FOLDER}/{name}.json"), serde_json::to_string_pretty(&schema)? + "\n"))
    };
    schemas.into_iter().map(file).collect()
}
