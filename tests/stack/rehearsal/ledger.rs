//! What the parties were told is stored.

use std::collections::BTreeMap;

/// Shares that were acknowledged, by client, in the order of their storing.
#[derive(Default)]
pub struct Ledger {
    clients: BTreeMap<String, Held>,
}

/// The acknowledged shares of one client.
#[derive(Clone, Default)]
pub struct Held {
    /// The app's, each under its pair.
    pub app: Vec<(String, String)>,
    pub custodian: Vec<String>,
}

impl Ledger {
    /// The shares of a client, to add to.
    pub fn of(&mut self, client: &str) -> &mut Held {
        self.clients.entry(client.into()).or_default()
    }

    /// The shares of a client.
    pub fn held(&self, client: &str) -> &Held {
        &self.clients[client]
    }

    /// All clients with their shares.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Held)> {
        self.clients.iter()
    }
}
