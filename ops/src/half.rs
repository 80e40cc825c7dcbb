//! The two halves, and where each is kept.

use std::fmt;

use backup_shares::{key_ring::KeyRing, slot::Kind};
use clap::{Args, ValueEnum};

use crate::failed::Failed;

/// One of the two halves of every wallet's backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Half {
    /// The shares that users' apps have encrypted.
    Client,
    /// The shares that Portal has handed over.
    Custodian,
}

impl Half {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Custodian];

    /// Which half it is to the functions.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Client => Kind::Client,
            Self::Custodian => Kind::Custodian,
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())
    }
}

/// The tables of both halves.
#[derive(Args, Clone, Debug)]
pub struct Tables {
    /// Table of the client half: the stack's output `ClientSharesTableName`.
    #[arg(long, value_name = "NAME", env = "CLIENT_TABLE")]
    client_table: Option<String>,
    /// Table of the custodian half: the stack's output `CustodianSharesTableName`.
    #[arg(long, value_name = "NAME", env = "CUSTODIAN_TABLE")]
    custodian_table: Option<String>,
}

impl Tables {
    /// A half's table.
    ///
    /// # Errors
    /// What to set.
    pub fn of(&self, half: Half) -> Result<&str, Failed> {
        let (name, variable) = match half {
            Half::Client => (&self.client_table, "CLIENT_TABLE"),
            Half::Custodian => (&self.custodian_table, "CUSTODIAN_TABLE"),
        };
        let name = name.as_deref().filter(|name| !name.is_empty());
        name.ok_or_else(|| {
            Failed::usage(format!("which table? Export {variable} (docs/operating.md, \"Operators\")"))
        })
    }
}

/// The keys that the functions open with.
#[derive(Args, Clone, Debug)]
pub struct Keys {
    /// Keys of the client half: `SHARES_KEYS` of its functions.
    #[arg(long, value_name = "ARNS", env = "CLIENT_KEYS")]
    client_keys: Option<String>,
    /// Keys of the custodian half: `SHARES_KEYS` of its functions.
    #[arg(long, value_name = "ARNS", env = "CUSTODIAN_KEYS")]
    custodian_keys: Option<String>,
}

impl Keys {
    /// A half's keys; `None` when none are named.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn of(&self, half: Half) -> Result<Option<KeyRing>, Failed> {
        let (keys, variable) = match half {
            Half::Client => (&self.client_keys, "CLIENT_KEYS"),
            Half::Custodian => (&self.custodian_keys, "CUSTODIAN_KEYS"),
        };
        let keys = keys.as_deref().filter(|keys| !keys.is_empty());
        let ring = keys.map(KeyRing::parse).transpose();
        ring.map_err(|error| Failed::usage(format!("{variable}: {error}")))
    }
}
