//! The tables of docs/access.md, made of what the test expects.

use std::iter::once;

use super::{
    actions,
    cases::{
        Case, Encryption, From, Half, Mode, Tables, Under,
        What::{self, Key, Stream, Table},
        Who,
    },
    expected::{GRANTS, Grant, May, When, expects},
};

/// The actions that the page's matrix shows: what somebody who is after shares would want first.
const SHOWN: &[(What, &str)] = &[
    (Table, "dynamodb:GetItem"),
    (Table, "dynamodb:BatchGetItem"),
    (Table, "dynamodb:Query"),
    (Table, "dynamodb:Scan"),
    (Table, "dynamodb:PartiQLSelect"),
    (Table, "dynamodb:ExportTableToPointInTime"),
    (Stream, "dynamodb:GetRecords"),
    (Table, "dynamodb:PutItem"),
    (Table, "dynamodb:UpdateItem"),
    (Table, "dynamodb:DeleteItem"),
    (Table, "dynamodb:BatchWriteItem"),
    (Table, "dynamodb:PartiQLInsert"),
    (Table, "dynamodb:PartiQLUpdate"),
    (Table, "dynamodb:PartiQLDelete"),
    (Table, "dynamodb:UpdateTimeToLive"),
    (Table, "dynamodb:DeleteTable"),
    (Table, "dynamodb:PutResourcePolicy"),
    (Key, "kms:GenerateDataKey"),
    (Key, "kms:Decrypt"),
    (Key, "kms:Encrypt"),
    (Key, "kms:ReEncryptFrom"),
    (Key, "kms:ReEncryptTo"),
    (Key, "kms:CreateGrant"),
    (Key, "kms:PutKeyPolicy"),
    (Key, "kms:DisableKey"),
    (Key, "kms:ScheduleKeyDeletion"),
];

/// The tables, each by the name in its marker.
pub fn tables() -> [(&'static str, String); 3] {
    [("grants", grants()), ("matrix", matrix()), ("count", count())]
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

fn head(titles: impl IntoIterator<Item = String>) -> String {
    let titles: Vec<_> = titles.into_iter().collect();
    let rule = vec!["---"; titles.len()].join("|");
    format!("{}|{rule}|\n", row(titles))
}

fn who(who: Who) -> &'static str {
    match who {
        Who::StoreBackup => "`store-backup`",
        Who::GetBackup => "`get-backup`",
        Who::ListBackups => "`list-backups`",
        Who::WebhookBackup => "`webhook-backup`",
        Who::WebhookFetch => "`webhook-fetch`",
        Who::Operator => "operator",
        Who::Administrator => "administrator",
        Who::Reader => "reader",
        Who::Replication => "replication",
        Who::Stranger => "stranger",
        Who::OtherAccount => "another account",
    }
}

fn halves(halves: &[Half]) -> &'static str {
    match halves {
        [Half::Client, Half::Custodian] => "both",
        [Half::Client] => "client",
        [Half::Custodian] => "custodian",
        _ => "–",
    }
}

/// An action without its service.
fn bare(action: &str) -> String {
    format!("`{}`", action.rsplit(':').next().unwrap())
}

fn list(actions: &[&str]) -> String {
    actions.iter().map(|action| bare(action)).collect::<Vec<_>>().join(", ")
}

fn grants() -> String {
    let title = head(["who", "may", "on", "when"].map(String::from));
    title + &GRANTS.iter().map(|grant| row(grant_cells(grant))).collect::<String>()
}

fn grant_cells(grant: &Grant) -> [String; 4] {
    let may = match grant.may {
        May::Only(actions) => list(actions),
        May::AllBut([]) => "everything".into(),
        May::AllBut(actions) => format!("everything but {}", list(actions)),
    };
    let what = match grant.what {
        Table => "table",
        Stream => "stream",
        Key => "key",
    };
    let half = halves(grant.halves);
    let on = if half == "both" { format!("both {what}s") } else { format!("{half} {what}") };
    let when = match grant.when {
        When::Always => "",
        When::RightContext => {
            "the encryption context has `app` = `portal-backup-shares` and this half's `kind`"
        }
        When::Guarded => "the table is the stack's own, or adopted with its policy",
        When::Unguarded => "the table is adopted without that policy",
        When::NoStop => {
            "the partition key is not that of a client's stops, `stop#…`; or the table is adopted without that policy"
        }
        When::StopAlone => "the partition key is that of a client's stops, `stop#…`",
        When::Development => "`Stage` is `development`",
    };
    [who(grant.who).into(), may, on, when.into()]
}

fn matrix() -> String {
    let title = head(once(String::new()).chain(Who::ALL.map(|caller| who(caller).into())));
    let rows = SHOWN.iter().flat_map(|(what, action)| {
        let under: &[_] = match *action {
            actions::INSERT => &[(Under::Client, ", a share's row"), (Under::Stop, ", a stop's row")],
            _ => &[(Under::NotAsked, "")],
        };
        under.iter().map(|(under, of)| row(matrix_cells(*what, action, *under, of)))
    });
    title + &rows.collect::<String>()
}

/// Of which halves each caller may do it, in production on tables of the stack's own, with the right context.
fn matrix_cells(what: What, action: &'static str, under: Under, of_row: &str) -> Vec<String> {
    let mode = Mode { tables: Tables::Own, production: true };
    let with_context = actions::WITH_CONTEXT.contains(&action);
    let encryption = if with_context { Encryption::Right } else { Encryption::NotAsked };
    let of = |who| {
        let allowed = Half::BOTH.into_iter().filter(|half| {
            let case = Case { mode, who, from: From::Home, half: *half, what, action, encryption, under };
            expects(&case)
        });
        halves(&allowed.collect::<Vec<_>>()).to_owned()
    };
    once(bare(action) + of_row).chain(Who::ALL.map(of)).collect()
}

fn count() -> String {
    let (allowed, denied): (Vec<_>, Vec<_>) = Case::all().partition(expects);
    format!(
        "{} questions: {} are allowed, by the rows above, and {} denied. {} actions on a table, {} on its stream, \
         {} on a key.\n",
        allowed.len() + denied.len(),
        allowed.len(),
        denied.len(),
        actions::TABLE.len(),
        actions::STREAM.len(),
        actions::KEY.len()
    )
}
