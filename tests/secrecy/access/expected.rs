//! Who is meant to be allowed what. Everything else is meant to be denied.

use super::{
    actions,
    cases::{
        Case, Encryption, From,
        Half::{self, Client, Custodian},
        Tables, Under,
        What::{self, Key, Stream, Table},
        Who::{
            self, Administrator, GetBackup, ListBackups, Operator, Reader, Replication, StoreBackup,
            WebhookBackup, WebhookFetch,
        },
    },
};
use May::{AllBut, Only};
use When::{Always, Development, Guarded, NoStop, RightContext, StopAlone, Unguarded};

const CLIENT: &[Half] = &[Client];
const CUSTODIAN: &[Half] = &[Custodian];
const BOTH: &[Half] = &Half::BOTH;

/// What the policy of a stack's own table denies.
const GUARDED: &[&str] = &[
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PartiQLDelete",
    "dynamodb:UpdateTimeToLive",
];
/// What a role that stores may do: insert. Nobody may put.
const INSERTS: &[&str] = &[actions::INSERT];
/// What operators may do with any row.
const LOOKS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"];
/// What of AWS's `ReadOnlyAccess` concerns a table that bears that policy.
const READS: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeContributorInsights",
    "dynamodb:DescribeKinesisStreamingDestination",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTableReplicaAutoScaling",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetItem",
    "dynamodb:GetResourcePolicy",
    "dynamodb:ListExports",
    "dynamodb:ListImports",
    "dynamodb:ListTagsOfResource",
    "dynamodb:Query",
    "dynamodb:Scan",
];
/// What of it concerns a table's stream.
const STREAM_READS: &[&str] = &[
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetResourcePolicy",
    "dynamodb:GetShardIterator",
    "dynamodb:ListTagsOfResource",
];
/// What a key's policy leaves to the account.
const ADMINISTERS: &[&str] = &[
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
];
/// What of that `ReadOnlyAccess` includes.
const DESCRIBES: &[&str] = &[
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
];

/// Which actions.
#[derive(Clone, Copy)]
pub enum May {
    Only(&'static [&'static str]),
    /// Of all that there are.
    AllBut(&'static [&'static str]),
}

/// Under which circumstances.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    /// The encryption context is of this application and half.
    RightContext,
    /// The table bears the policy of a stack's own table.
    Guarded,
    /// The table is adopted and bears no policy.
    Unguarded,
    /// No row among those of stops, or the table is adopted and bears no policy.
    NoStop,
    /// Rows of stops, and nothing beside them.
    StopAlone,
    /// The stack is one that can be thrown away.
    Development,
}

/// What one caller may do.
#[derive(Clone, Copy)]
pub struct Grant {
    pub who: Who,
    pub halves: &'static [Half],
    pub what: What,
    pub may: May,
    pub when: When,
}

impl Grant {
    /// The actions that it names.
    pub fn actions(&self) -> &'static [&'static str] {
        match self.may {
            Only(actions) | AllBut(actions) => actions,
        }
    }

    /// Whether the case is one that this grant allows.
    pub fn covers(&self, case: &Case) -> bool {
        let named = match self.may {
            Only(actions) => actions.contains(&case.action),
            AllBut(actions) => !actions.contains(&case.action),
        };
        let holds = match self.when {
            When::Always => true,
            When::RightContext => case.encryption == Encryption::Right,
            When::Guarded => case.mode.tables != Tables::Adopted,
            When::Unguarded => case.mode.tables == Tables::Adopted,
            When::NoStop => {
                matches!(case.under, Under::Client | Under::Unsaid) || case.mode.tables == Tables::Adopted
            }
            When::StopAlone => case.under == Under::Stop,
            When::Development => !case.mode.production,
        };
        // A function's role is of no use anywhere else.
        let at_home = case.from == From::Home;
        let asked = self.who == case.who && self.what == case.what && self.halves.contains(&case.half);
        named && holds && at_home && asked
    }
}

const fn grant(who: Who, halves: &'static [Half], what: What, may: May, when: When) -> Grant {
    Grant { who, halves, what, may, when }
}

/// All that is allowed.
pub const GRANTS: &[Grant] = &[
    grant(StoreBackup, CLIENT, Table, Only(&["dynamodb:Query"]), Always),
    grant(StoreBackup, CLIENT, Table, Only(INSERTS), NoStop),
    grant(StoreBackup, CLIENT, Key, Only(&["kms:GenerateDataKey"]), RightContext),
    grant(GetBackup, CLIENT, Table, Only(&["dynamodb:Query"]), Always),
    grant(GetBackup, CLIENT, Key, Only(&["kms:Decrypt"]), RightContext),
    grant(ListBackups, CLIENT, Table, Only(&["dynamodb:Query"]), Always),
    grant(WebhookBackup, CUSTODIAN, Table, Only(&["dynamodb:Query"]), Always),
    grant(WebhookBackup, CUSTODIAN, Table, Only(INSERTS), NoStop),
    grant(WebhookBackup, CUSTODIAN, Key, Only(&["kms:GenerateDataKey"]), RightContext),
    grant(WebhookFetch, CUSTODIAN, Table, Only(&["dynamodb:BatchGetItem", "dynamodb:Query"]), Always),
    grant(WebhookFetch, CUSTODIAN, Key, Only(&["kms:Decrypt"]), RightContext),
    grant(Operator, BOTH, Table, Only(LOOKS), Always),
    grant(Operator, BOTH, Table, Only(INSERTS), StopAlone),
    grant(Administrator, BOTH, Table, AllBut(GUARDED), Guarded),
    grant(Administrator, BOTH, Table, AllBut(&[]), Unguarded),
    grant(Administrator, BOTH, Stream, AllBut(&[]), Always),
    grant(Administrator, BOTH, Key, Only(ADMINISTERS), Always),
    grant(Administrator, BOTH, Key, Only(&["kms:ScheduleKeyDeletion"]), Development),
    grant(Reader, BOTH, Table, Only(READS), Always),
    grant(Reader, BOTH, Table, Only(&["dynamodb:PartiQLSelect"]), Unguarded),
    grant(Reader, BOTH, Stream, Only(STREAM_READS), Always),
    grant(Reader, BOTH, Key, Only(DESCRIBES), Always),
    grant(Replication, BOTH, Table, Only(actions::REPLICATION), Always),
    grant(Replication, BOTH, Stream, Only(actions::REPLICATION_OF_STREAM), Always),
];

/// Whether the case is meant to be allowed.
pub fn expects(case: &Case) -> bool {
    GRANTS.iter().any(|grant| grant.covers(case))
}
