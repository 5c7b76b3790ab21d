//! Append-only runs beside finalized tables (spec 7.2–7.5).
