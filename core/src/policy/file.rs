//! Policy text → [`Policy`](super::Policy).
