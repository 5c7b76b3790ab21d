//! Hash maps with a fixed seed: fast, and never a source of randomness. Their order must not reach a result.

use std::collections::HashMap;

/// A hash map keyed by ids and names of one bill.
pub(crate) type Index<K, V> = HashMap<K, V, foldhash::fast::FixedState>;
