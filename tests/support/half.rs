//! The two halves of a wallet's shares.

use crate::support::system::{Item, System};

/// One half, its functions by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Half {
    pub stores: &'static str,
    pub reads: &'static str,
}

pub const CLIENTS: Half = Half { stores: "store-backup", reads: "get-backup" };
pub const CUSTODIANS: Half = Half { stores: "webhook-backup", reads: "webhook-fetch" };
pub const HALVES: [Half; 2] = [CLIENTS, CUSTODIANS];

impl Half {
    /// The row and the time row of the newest share.
    pub async fn newest_rows(self, system: &System) -> [Item; 2] {
        let time = system.times(self.stores).await.pop().unwrap();
        [self.row_of(system, &time).await, time]
    }

    /// The row of the share that a time row stands for.
    pub async fn row_of(self, system: &System, time: &Item) -> Item {
        let mut shares = system.shares(self.stores).await;
        shares.retain(|row| row["sk"].as_s().unwrap().ends_with(digest(time)));
        shares.remove(0)
    }
}

/// The digest in a time row's key.
pub fn digest(time: &Item) -> &str {
    time["sk"].as_s().unwrap().rsplit('#').next().unwrap()
}
