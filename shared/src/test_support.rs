//! What the property tests of several modules need.

use proptest::prelude::ProptestConfig;

/// So many random cases. A failure prints the smallest input that it finds, which makes a test of its own: nothing is
/// written to a file.
pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
