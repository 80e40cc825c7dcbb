//! Where one half's shares are kept, as a function's environment names it.

use crate::{
    environment::{Checked, variable},
    key_ring::KeyRing,
};

/// One half's table and keys.
#[derive(Clone, Debug)]
pub struct SharesConfig {
    /// Name of the table.
    pub table: String,
    /// Keys that its shares are sealed under.
    pub keys: KeyRing,
}

impl SharesConfig {
    /// Reads `SHARES_TABLE` and `SHARES_KEYS`.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn from_env() -> Checked<Self> {
        Ok(Self { table: table_from_env()?, keys: KeyRing::from_env()? })
    }
}

/// Reads `SHARES_TABLE`.
///
/// # Errors
/// Names the variable when it is missing.
pub fn table_from_env() -> Checked<String> {
    let problem = "is not set: it takes the name of the table of shares (ClientTableName or CustodianTableName in the \
                   template, if not the stack's own)";
    variable("SHARES_TABLE", problem)
}
