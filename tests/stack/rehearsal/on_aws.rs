//! A trial in the account whose credentials are in the terminal, or at a stand-in: whatever is found, everything that was
//! made is deleted again.

use std::{env, ffi::OsString, iter::once, panic::AssertUnwindSafe};

use anyhow::{Result, anyhow};
use futures_util::FutureExt;
use local::terminal::{BAD, BOLD, say_in};
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    account::Account, checkout::Checkout, claims::Verdicts, programs, stage::outputs, stand_in::StandIn,
    story::random_hex, trial::Trial, users::Users,
};
use crate::{
    local::drill,
    support::{event::digest, project::root},
};

/// The stand-in's.
const ACCOUNT: &str = "000000000000";
const HELPERS: &str = "portal-trial-helpers";
/// The stack with the bucket that SAM uploads to.
const SAMS: &str = "aws-sam-cli-managed-default";

/// On AWS, `.ci/on-aws` runs this. Elsewhere this runs `.ci/on-aws`, at a stand-in.
#[tokio::test]
#[ignore = "needs `sam build`"]
async fn long_claims_are_tried_and_everything_is_deleted_again() {
    if env::var_os("ON_AWS").is_none() {
        return type_it_at_a_stand_in().await;
    }
    let folder = TempDir::new().unwrap();
    let account = mine(&folder).await;
    let verdicts = try_all(&account).await;
    if account.is_stand_in {
        verdicts.are_as_expected_of_the_stand_in();
    } else {
        assert!(verdicts.all_held(), "not every claim held: the table above says which");
    }
}

async fn type_it_at_a_stand_in() {
    let stand_in = StandIn::start("claims").await;
    let account = &stand_in.account;
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!(".ci/on-aws <<< {ACCOUNT}")]).current_dir(root()).kill_on_drop(true);
    bash.env_clear().envs(&account.variables).env("PATH", programs::path([programs::pinned().await]));
    // Where the linker's wrappers are: others would have everything linked again.
    bash.envs(env::var_os("HOME").map(|home| ("HOME", home)));
    bash.envs(env::var_os("CARGO_TARGET_DIR").map(|folder| ("CARGO_TARGET_DIR", folder)));
    assert!(bash.status().await.unwrap().success(), "see above");
}

/// The account of the terminal. It is a stand-in's where the terminal names an endpoint.
async fn mine(folder: &TempDir) -> Account {
    let is_stand_in = env::var_os("AWS_ENDPOINT_URL").is_some();
    let cargo = ("cargo", include_str!("cargo.sh"));
    let curl = is_stand_in.then_some(("curl", include_str!("curl.sh")));
    let wrappers = programs::wrap(folder.path(), once(cargo).chain(curl));
    let default: [(&str, OsString); 1] = [("BRIEF_SECONDS", "300".into())];
    let ours: [(&str, OsString); 4] = [
        ("PATH", programs::path([wrappers, programs::sam().await])),
        ("REAL_PATH", programs::inherited()),
        ("CUSTODIAN", drill::program::executable().await.into()),
        ("SAM_CLI_TELEMETRY", "0".into()),
    ];
    let named = |(name, value): (&str, OsString)| (name.to_owned(), value);
    let theirs = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let variables = default.map(named).into_iter().chain(theirs).chain(ours.map(named)).collect();
    Account { name: if is_stand_in { "claims" } else { "aws" }, variables, is_stand_in }
}

/// Tries the claims under a name that nobody has, prints what held, and cleans up.
async fn try_all(account: &Account) -> Verdicts {
    let stack = format!("portal-trial-{}", random_hex(4).unwrap());
    say_in(BOLD, format_args!("{}: everything is named {stack} or portal-trial-helpers", account.name));
    let had_sams = exists(account, SAMS).await;
    let mut verdicts = Verdicts::default();
    let tried = AssertUnwindSafe(try_claims(account, &stack, &mut verdicts)).catch_unwind().await;
    let tried = tried.unwrap_or_else(|_| Err(anyhow!("the trial broke off: see above")));
    say_in(BOLD, format_args!("{}: deleting all of it", account.name));
    clean(account, &stack, had_sams).await;
    verdicts.print();
    if let Err(why) = tried {
        say_in(BAD, format_args!("The trial ended early: {why:#}"));
    }
    verdicts
}

async fn try_claims(account: &Account, stack: &str, verdicts: &mut Verdicts) -> Result<()> {
    let deploy = format!(
        "aws cloudformation deploy --stack-name {HELPERS} --capabilities CAPABILITY_IAM \
        --template-file tests/stack/rehearsal/trial.yaml"
    );
    account.types(root(), &deploy).await;
    let helpers = outputs(account, HELPERS).await;
    let users = Users::of(account).await;
    let checkout = Checkout::of(account).await;
    let secret = random_hex(32)?;
    for stage in ["development", "production"] {
        users.configure(&checkout, stage);
        checkout.set(stage, "WebhookSecretDigests", &digest(&secret));
        checkout.set(stage, "WebhookAllowedIps", "");
    }
    checkout.renames("portal-backups-development", stack);
    checkout.renames("portal-backups", &format!("{stack}-production"));
    let [authorizer, queue] = ["AuthorizerArn", "Queue"].map(|name| helpers[name].clone());
    let (checkout, users, stack) = (&checkout, &users, stack.to_owned());
    Trial { checkout, users, stack, secret, authorizer, queue, verdicts }.run().await
}

/// Deletes the stacks with their buckets, and says what is left to be deleted by hand.
async fn clean(account: &Account, stack: &str, had_sams: bool) {
    let production = format!("{stack}-production");
    let mut stacks = vec![stack, &production, HELPERS, super::users::STACK];
    if !had_sams {
        stacks.push(SAMS);
    }
    for stack in stacks {
        let gone = account.tries(root(), &DELETE.replace("STACK", stack)).await;
        if !gone.good {
            say_in(BAD, format_args!("{stack} is left: delete it by hand. {}", gone.said.trim()));
        }
    }
}

async fn exists(account: &Account, stack: &str) -> bool {
    let describe = format!("aws cloudformation describe-stacks --stack-name {stack} > /dev/null");
    account.tries(root(), &describe).await.good
}

/// A trail's bucket outlives its stack, and a bucket that isn't empty can't be deleted.
const DELETE: &str = r#"# STACK is deleted
aws cloudformation describe-stacks --stack-name STACK > /dev/null 2>&1 || exit 0
buckets=$(aws cloudformation list-stack-resources --stack-name STACK --output text \
    --query "StackResourceSummaries[?ResourceType=='AWS::S3::Bucket'].PhysicalResourceId")
aws cloudformation delete-stack --stack-name STACK
for bucket in $buckets; do
    for kind in Versions DeleteMarkers; do
        while objects=$(aws s3api list-object-versions --bucket "$bucket" --max-items 500 --output json \
            --query "{Objects: $kind[].{Key: Key, VersionId: VersionId}}") && grep -q VersionId <<< "$objects"; do
            aws s3api delete-objects --bucket "$bucket" --delete "$objects" > /dev/null
        done
    done
done
aws cloudformation wait stack-delete-complete --stack-name STACK || {
    aws cloudformation delete-stack --stack-name STACK
    aws cloudformation wait stack-delete-complete --stack-name STACK
}
for bucket in $buckets; do
    aws s3api head-bucket --bucket "$bucket" 2> /dev/null && aws s3api delete-bucket --bucket "$bucket"
done
true
"#;
