//! `custodian adopt`: what a table and its keys take beyond the deployment that adopts them.

mod policies;
mod table;

use aws_sdk_kms::Client;
use backup_shares::key_ring::KeyArn;
use clap::Args;
use serde_json::{Value, json};

use self::{
    policies::{RoleArn, of_older_key, of_table},
    table::Adopted,
};
use crate::{
    ask::Confirm,
    exit::Exit,
    failed::Failed,
    half::{Half, Keys, Tables},
    terminal::{BOLD, GOOD, say},
};

/// Gives an adopted table and its older keys what a stack's own have: the table its policy, backups, protection and
/// stream; the keys the new role that opens.
///
/// A restored table has rows and nothing else, and a retained one has a policy that names roles which are gone. It takes
/// who may change policies. Run it after the deployment that names the table, and drill the stack afterwards.
#[derive(Args, Debug)]
pub struct Options {
    /// Which half the table keeps.
    #[arg(long)]
    half: Half,
    /// ARN of the role that stores: of `StoreBackupRole`, or of `WebhookBackupRole`.
    #[arg(long, value_name = "ARN", value_parser = RoleArn::parse)]
    stores: RoleArn,
    /// ARN of the role that opens: of `GetBackupRole`, or of `WebhookFetchRole`.
    #[arg(long, value_name = "ARN", value_parser = RoleArn::parse)]
    opens: RoleArn,
    /// ARN of the operators' role, or nothing if the stack has none.
    #[arg(long, value_name = "ARN", default_value = "")]
    operators: String,
    #[command(flatten)]
    tables: Tables,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    confirm: Confirm,
}

/// A policy that is to be changed.
struct Change {
    of: String,
    before: Value,
    after: Value,
}

/// Adopts a table. Run again after it was ended half-way, it does the rest.
///
/// # Errors
/// When the table or a key is not there or not ours, and what AWS refuses.
pub async fn run(options: &Options, json: bool) -> Result<Exit, Failed> {
    let (name, ring) = (options.tables.of(options.half)?, options.keys.of(options.half)?);
    let operators = Some(options.operators.as_str()).filter(|arn| !arn.is_empty()).map(RoleArn::parse);
    let operators = operators.transpose().map_err(|why| Failed::usage(format!("--operators {why}")))?;
    let ring = ring.ok_or_else(|| {
        Failed::usage("which keys? Export CLIENT_KEYS or CUSTODIAN_KEYS, as the new functions have it")
    })?;
    let config = crate::table::config().await;
    let (table, kms) = (Adopted::of(&config, name).await?, Client::new(&config));
    table.is_sealed_under(&ring).await?;
    let of_table = Change {
        of: format!("table {name}"),
        before: table.policy().await?,
        after: of_table(&options.stores, operators.as_ref()),
    };
    let mut of_keys = Vec::new();
    for key in ring.older() {
        of_keys.push((key.clone(), change_of(&kms, key, &options.opens).await?));
    }
    let lacks = table.lacks().await?;
    tell(&of_table, &of_keys, &lacks, json);
    let go_on = options.confirm.go_on(&format!("Change this of {name}"), json)?;
    if go_on {
        for (key, change) in of_keys.iter().filter(|(_, change)| change.is_one()) {
            put(&kms, key, change).await?;
        }
        table.complete(&lacks).await?;
        if of_table.is_one() {
            table.put_policy(&of_table.after).await?;
        }
    }
    end(name, go_on, json);
    Ok(Exit::Good)
}

impl Change {
    fn is_one(&self) -> bool {
        self.before != self.after
    }
}

async fn change_of(kms: &Client, key: &KeyArn, opens: &RoleArn) -> Result<Change, Failed> {
    let answer = kms.get_key_policy().key_id(key.arn()).policy_name("default").send().await;
    let answer =
        answer.map_err(|error| Failed::aws(&format!("reading the policy of {}", key.arn()), &error))?;
    let before: Value = serde_json::from_str(answer.policy().unwrap_or_default()).unwrap_or_default();
    let after = of_older_key(&before, opens);
    let after = after.map_err(|why| Failed::not_done(format!("the policy of {}: {why}", key.arn())))?;
    Ok(Change { of: format!("key {}", key.arn()), before, after })
}

async fn put(kms: &Client, key: &KeyArn, change: &Change) -> Result<(), Failed> {
    let put = kms.put_key_policy().key_id(key.arn()).policy_name("default").policy(change.after.to_string());
    let put = put.send().await;
    put.map_err(|error| Failed::aws(&format!("putting the policy of {}", key.arn()), &error))?;
    Ok(())
}

fn tell(of_table: &Change, of_keys: &[(KeyArn, Change)], lacks: &[&str], json: bool) {
    let changes = of_keys.iter().map(|(_, change)| change).chain([of_table]);
    for change in changes.filter(|change| change.is_one()) {
        let Change { of, before, after } = change;
        if json {
            say(json!({ "of": of, "before": before, "after": after }));
        } else {
            say(format_args!(
                "{BOLD}The policy of {of}, before:{BOLD:#}\n{before:#}\n{BOLD}and after:{BOLD:#}\n{after:#}"
            ));
        }
    }
    if json {
        return say(json!({ "lacks": lacks }));
    }
    for lack in lacks {
        say(format_args!("The table gets {lack}."));
    }
}

fn end(table: &str, did: bool, json: bool) {
    if json {
        return say(json!({ "done": "adopted", "table": table, "dryRun": !did }));
    }
    if !did {
        return say("Nothing was changed.");
    }
    say(format_args!(
        "{GOOD}{table} is adopted.{GOOD:#} Now drill the stack: it stores and reads (docs/operating.md, \"Drill\")."
    ));
}
