//! Exact quantities that serve as weights (spec 1.5).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::fmt_scaled;

/// CPU time: CPU units × milliseconds, where 1024 CPU units are one vCPU (spec 1.5, Amazon ECS task size).
///
/// ```
/// use unblended::CpuTime;
/// let half_a_vcpu_for_an_hour = CpuTime::new(512, 3_600_000);
/// assert_eq!(half_a_vcpu_for_an_hour.to_string(), "1800"); // vCPU-seconds
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CpuTime(pub u128);

impl CpuTime {
    /// So many CPU units for so many milliseconds.
    #[must_use]
    pub fn new(cpu_units: u64, milliseconds: u64) -> Self {
        Self(u128::from(cpu_units) * u128::from(milliseconds))
    }
}

impl fmt::Display for CpuTime {
    /// Exact vCPU-seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 1 vCPU-second is 1024 × 1000 units, so 13 decimals are always exact; whole seconds are split off first
        // so that the scaled remainder cannot overflow.
        const UNITS_PER_SECOND: u128 = 1_024_000;
        const SCALE: u32 = 13;
        let (whole, rest) = (self.0 / UNITS_PER_SECOND, self.0 % UNITS_PER_SECOND);
        let fraction = rest * 10u128.pow(SCALE) / UNITS_PER_SECOND;
        match whole.checked_mul(10u128.pow(SCALE)) {
            Some(scaled) => fmt_scaled(f, false, scaled + fraction, SCALE),
            None => write!(f, "{whole}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_prints_exact_vcpu_seconds() {
        assert_eq!(CpuTime::new(1024, 1000).to_string(), "1");
        assert_eq!(CpuTime::new(1, 1).to_string(), "0.0000009765625");
        assert_eq!(CpuTime::new(36_864, 3_600_000).to_string(), "129600");
    }
}
