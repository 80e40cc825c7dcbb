//! A trial: a development stack is deployed in an account, claims are tried on it, and all of it is deleted.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::sleep;

use super::{
    api::Request,
    checkout::Checkout,
    claims::Verdicts,
    stage::{Stage, deletion, good},
    users::Users,
};
use crate::support::client::Reply;

const ORIGIN: &str = "https://app.example";
/// One that no token of the trial's users has.
const SCOPE: &str = "trial/none";
/// What the authorizer of trial.yaml lets in.
const SESSION: &str = "session-of-alice";

/// A trial under way: the stack's name, and what the account has beside it.
pub struct Trial<'a> {
    pub checkout: &'a Checkout,
    pub users: &'a Users,
    pub stack: String,
    pub secret: String,
    pub authorizer: String,
    pub queue: String,
    pub verdicts: &'a mut Verdicts,
}

impl Trial<'_> {
    /// Tries every claim. What is noted before an error stays noted.
    pub async fn run(&mut self) -> Result<()> {
        let made = self.change_sets().await;
        self.verdicts.note("change-sets", made);
        let deployed = self.three_first_deployments().await;
        let goes_on = deployed.is_ok();
        self.verdicts.note("fresh-roles", deployed);
        ensure!(goes_on, "there is no stack to go on with");
        let (checkout, users) = (self.checkout, self.users);
        let mut stage = Stage::of(checkout, users, &self.stack, &self.secret).await;
        let story = stage.story().await;
        self.verdicts.note("story", story);
        let roles = stage.roles_do_one_thing(checkout).await;
        self.verdicts.note("roles", roles);
        let refused = self.rows_are_out_of_reach(&stage).await;
        self.verdicts.note("table-policies", refused);
        let waits = self.a_second_policy_waits(&stage).await;
        self.verdicts.note("policy-change-waits", waits);
        self.settings_come_and_go(&stage).await?;
        self.logins(&stage).await?;
        self.records(&stage).await?;
        stage.keeps_everything().await
    }

    fn set(&self, name: &str, value: &str) {
        self.checkout.set("development", name, value);
    }

    async fn deploys(&self) -> Result<String> {
        let line = "sam build --config-env development && tools/check-build development \
            && sam deploy --config-env development";
        self.checkout.tries(line).await
    }

    async fn change_sets(&self) -> Result<()> {
        for stage in ["development", "production"] {
            let make = format!(
                "sam build --config-env {stage} && sam deploy --config-env {stage} --no-execute-changeset"
            );
            self.checkout.tries(&make).await?;
        }
        Ok(())
    }

    async fn three_first_deployments(&self) -> Result<()> {
        for attempt in 1..=3 {
            self.deletes().await?;
            self.deploys().await.map_err(|why| why.context(format!("the {attempt}. deployment")))?;
        }
        Ok(())
    }

    async fn deletes(&self) -> Result<String> {
        self.checkout.tries(&deletion(&self.stack)).await
    }

    async fn rows_are_out_of_reach(&self, stage: &Stage<'_>) -> Result<()> {
        let table = &stage.outputs["CustodianSharesTableName"];
        let row = r#"{"pk":{"S":"nobody"},"sk":{"S":"share#"}}"#;
        for change in [
            format!("put-item --table-name {table} --item '{row}'"),
            format!("delete-item --table-name {table} --key '{row}'"),
            format!("update-item --table-name {table} --key '{row}' --update-expression 'REMOVE a'"),
            format!(
                "batch-write-item --request-items '{{\"{table}\":[{{\"PutRequest\":{{\"Item\":{row}}}}}]}}'"
            ),
            format!(
                "execute-statement --statement 'DELETE FROM \"{table}\" WHERE pk = ''nobody'' AND sk = ''share#'''"
            ),
        ] {
            self.is_denied(&format!("aws dynamodb {change}")).await?;
        }
        Ok(())
    }

    async fn is_denied(&self, command: &str) -> Result<()> {
        match self.checkout.tries(command).await {
            Ok(_) => bail!("{command} is allowed"),
            Err(why) if format!("{why:#}").contains("AccessDenied") => Ok(()),
            Err(why) => Err(why),
        }
    }

    async fn a_second_policy_waits(&self, stage: &Stage<'_>) -> Result<()> {
        let table = &stage.outputs["CustodianSharesTableName"];
        let twice = format!(
            "arn=$(aws dynamodb describe-table --table-name {table} --query Table.TableArn --output text)
            aws dynamodb get-resource-policy --resource-arn \"$arn\" --query Policy --output text > policy.json
            put() {{ aws dynamodb put-resource-policy --resource-arn \"$arn\" --policy file://policy.json; }}
            put > said.json
            if put > said.json; then echo 'the second is taken'; exit 1; fi"
        );
        self.checkout.tries(&twice).await.map(drop)
    }

    /// Web apps and a scope are asked for, and then no more.
    async fn settings_come_and_go(&mut self, stage: &Stage<'_>) -> Result<()> {
        self.set("AllowedOrigins", ORIGIN);
        self.set("TokenScopes", SCOPE);
        self.deploys().await?;
        let said = anonymous(stage).await;
        self.verdicts.note("cors-on-401", said.and_then(|reply| has_cors(&reply, true)));
        let reply = stage.app_gets("alice", "").await?;
        self.verdicts.note("scopes-asked", is(&reply, 403));
        self.set("AllowedOrigins", "");
        self.set("TokenScopes", "");
        self.deploys().await?;
        let gone = self.settings_are_gone(stage).await;
        self.verdicts.note("cors-and-scopes-gone", gone);
        Ok(())
    }

    async fn settings_are_gone(&self, stage: &Stage<'_>) -> Result<()> {
        has_cors(&stage.preflight(ORIGIN).await?, false)?;
        stage.keeps_everything().await
    }

    /// An issuer that isn't there, an authorizer of one's own with a low rate, and tokens again.
    async fn logins(&mut self, stage: &Stage<'_>) -> Result<()> {
        let tokens = ["TokenIssuer", "TokenAudience", "ClientIdClaim"];
        let kept = tokens.map(|name| self.checkout.value("development", name));
        self.set("TokenIssuer", "https://issuer.invalid");
        let refused = self.deploys().await;
        self.verdicts.note("issuer", refused.map_or(Ok(()), |_| bail!("it is deployed")));
        for name in tokens {
            self.set(name, "");
        }
        self.set("ClientAuthorizerArn", &self.authorizer);
        self.set("ClientRate", "1");
        self.deploys().await?;
        let switched = own_authorizer_decides(stage).await;
        let rate = rate_is_kept(stage).await;
        self.verdicts.note("rate", rate);
        for (name, value) in tokens.iter().zip(&kept) {
            self.set(name, value);
        }
        self.set("ClientAuthorizerArn", "");
        self.set("ClientRate", "50");
        self.deploys().await?;
        let back = stage.keeps_everything().await;
        self.verdicts.note("login-switched", switched.and(back));
        Ok(())
    }

    /// A trail, and what becomes of its events.
    async fn records(&mut self, stage: &Stage<'_>) -> Result<()> {
        self.set("CreateTrail", "yes");
        self.deploys().await?;
        let logs = self.trail_logs(stage).await;
        self.verdicts.note("trail", logs);
        stage.keeps_everything().await?;
        let seen = self.decrypt_is_seen().await;
        self.verdicts.note("decrypt-seen", seen);
        Ok(())
    }

    async fn trail_logs(&self, stage: &Stage<'_>) -> Result<()> {
        let name = &stage.name;
        let ask =
            format!("aws cloudtrail get-trail-status --name {name}-trail --query IsLogging --output text");
        let logs = self.checkout.tries(&ask).await?;
        ensure!(logs.trim() == "True", "it logs: {logs}");
        Ok(())
    }

    /// `CloudTrail` takes its time: up to 15 minutes. The stand-in has none.
    async fn decrypt_is_seen(&self) -> Result<()> {
        ensure!(!self.checkout.account().is_stand_in, "the stand-in records no events");
        let ask = format!(
            "aws sqs receive-message --queue-url {} --wait-time-seconds 20 \
            --query 'Messages[0].Body' --output text",
            self.queue
        );
        for _ in 0..45 {
            let event = self.checkout.tries(&ask).await?;
            if let Ok(event) = serde_json::from_str::<Value>(&event) {
                let client = &event["detail"]["requestParameters"]["encryptionContext"]["client"];
                ensure!(client.is_string(), "the event names no client");
                return Ok(());
            }
        }
        bail!("no event came")
    }
}

/// Only the session of Alice's is let in, and it is Alice's.
async fn own_authorizer_decides(stage: &Stage<'_>) -> Result<()> {
    let (_, newest) = stage.ledger.held("alice").app.last().expect("the story came first");
    let got = good(stage.anybody(SESSION, "alice", None).await?)?;
    ensure!(got["cipherText"] == newest.as_str(), "Alice's newest share is another");
    sleep(Duration::from_secs(1)).await; // the rate is 1
    is(&stage.anybody(stage.users.token("alice"), "alice", None).await?, 403)
}

async fn rate_is_kept(stage: &Stage<'_>) -> Result<()> {
    for _ in 0..5 {
        let burst = join_all((0..30).map(|_| stage.anybody(SESSION, "alice", None))).await;
        if burst.iter().flatten().any(|reply| reply.status == 429) {
            return Ok(());
        }
    }
    bail!("150 requests, and none of them got 429")
}

/// What a page gets that has no token yet.
async fn anonymous(stage: &Stage<'_>) -> Result<Reply> {
    let (url, headers) = (stage.url_of("alice"), vec![format!("origin: {ORIGIN}")]);
    let reply = stage.account.asks(&Request { method: "GET", url, headers, body: None }).await?;
    is(&reply, 401)?;
    Ok(reply)
}

fn is(reply: &Reply, status: u16) -> Result<()> {
    ensure!(reply.status == status, "answered {} {}, not {status}", reply.status, reply.body);
    Ok(())
}

fn has_cors(reply: &Reply, wanted: bool) -> Result<()> {
    let has = reply.head.contains(&format!("access-control-allow-origin: {ORIGIN}"));
    ensure!(has == wanted, "access-control-allow-origin is there: {has}");
    Ok(())
}
