//! What is asked: who, from where, what, of which table, stream or key, under which encryption context, in which stack.

use super::actions;

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    StoreBackup,
    GetBackup,
    ListBackups,
    WebhookBackup,
    WebhookFetch,
    /// The role that operators take.
    Operator,
    Administrator,
    Reader,
    Replication,
    Stranger,
    OtherAccount,
}

impl Who {
    pub const ALL: [Self; 11] = [
        Self::StoreBackup,
        Self::GetBackup,
        Self::ListBackups,
        Self::WebhookBackup,
        Self::WebhookFetch,
        Self::Operator,
        Self::Administrator,
        Self::Reader,
        Self::Replication,
        Self::Stranger,
        Self::OtherAccount,
    ];

    /// The logical id of the function whose role this is.
    pub fn function(self) -> Option<&'static str> {
        match self {
            Self::StoreBackup => Some("StoreBackupFunction"),
            Self::GetBackup => Some("GetBackupFunction"),
            Self::ListBackups => Some("ListBackupsFunction"),
            Self::WebhookBackup => Some("WebhookBackupFunction"),
            Self::WebhookFetch => Some("WebhookFetchFunction"),
            _ => None,
        }
    }
}

/// One of the two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    Client,
    Custodian,
}

impl Half {
    pub const BOTH: [Self; 2] = [Self::Client, Self::Custodian];

    /// Its kind, in an encryption context.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Custodian => "custodian",
        }
    }

    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Custodian,
            Self::Custodian => Self::Client,
        }
    }
}

/// What it is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Table,
    /// Of the table's changes.
    Stream,
    Key,
}

/// Where a role's credentials are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// Where they belong: a function's role in its function.
    Home,
    /// A function's role in another function.
    AnotherFunction,
    /// A function's role outside Lambda, as after a leak.
    Outside,
}

impl From {
    /// From where this caller is asked about.
    fn of(who: Who) -> &'static [Self] {
        match who.function() {
            Some(_) => &[Self::Home, Self::AnotherFunction, Self::Outside],
            None => &[Self::Home],
        }
    }
}

/// The encryption context that a request to KMS carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encryption {
    /// The action takes none.
    NotAsked,
    Right,
    OtherHalf,
    OtherApp,
    Missing,
}

/// Under which partition keys a row is to be inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Under {
    /// The action inserts nothing.
    NotAsked,
    /// A client's, where its shares lie.
    Client,
    /// That of a client's stops.
    Stop,
    /// Both, in one transaction.
    Both,
    /// DynamoDB does not say.
    Unsaid,
}

/// Whose tables a stack's functions use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tables {
    /// The stack's own.
    Own,
    /// Adopted, and their operator has put the policy of a stack's own table on them.
    AdoptedGuarded,
    /// Adopted, without a policy.
    Adopted,
}

/// The stack that it is asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mode {
    pub tables: Tables,
    pub production: bool,
}

impl Mode {
    pub fn all() -> impl Iterator<Item = Self> {
        let tables = [Tables::Own, Tables::AdoptedGuarded, Tables::Adopted];
        tables.into_iter().flat_map(|tables| [true, false].map(|production| Self { tables, production }))
    }
}

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub mode: Mode,
    pub who: Who,
    pub from: From,
    pub half: Half,
    pub what: What,
    pub action: &'static str,
    pub encryption: Encryption,
    pub under: Under,
}

impl Case {
    /// Every question that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Mode::all().flat_map(|mode| Who::ALL.into_iter().flat_map(move |who| Self::of(mode, who)))
    }

    fn of(mode: Mode, who: Who) -> impl Iterator<Item = Self> {
        let asked = Half::BOTH.into_iter().flat_map(|half| asked().map(move |asked| (half, asked)));
        asked.flat_map(move |(half, (what, action, encryption))| {
            under(action).iter().flat_map(move |under| {
                let under = *under;
                let case = move |from| Self { mode, who, from, half, what, action, encryption, under };
                From::of(who).iter().copied().map(case)
            })
        })
    }
}

/// What can be asked of one half.
fn asked() -> impl Iterator<Item = (What, &'static str, Encryption)> {
    let of_table = actions::TABLE.iter().map(|action| (What::Table, *action, Encryption::NotAsked));
    let of_key = actions::KEY.iter().flat_map(|action| {
        encryption(action).iter().map(move |encryption| (What::Key, *action, *encryption))
    });
    let of_stream = actions::STREAM.iter().map(|action| (What::Stream, *action, Encryption::NotAsked));
    of_table.chain(of_stream).chain(of_key)
}

fn under(action: &str) -> &'static [Under] {
    use Under::{Both, Client, NotAsked, Stop, Unsaid};
    if action == actions::INSERT { &[Client, Stop, Both, Unsaid] } else { &[NotAsked] }
}

fn encryption(action: &str) -> &'static [Encryption] {
    use Encryption::{Missing, NotAsked, OtherApp, OtherHalf, Right};
    if actions::WITH_CONTEXT.contains(&action) { &[Right, OtherHalf, OtherApp, Missing] } else { &[NotAsked] }
}
