//! A deployed stack, and the requests that Portal and its users' apps send to it.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{account::Account, api::Request, checkout::Checkout, ledger::Ledger, users::Users};
use crate::support::{client::Reply, project::root};

/// A stack, its users, and what it has acknowledged.
pub struct Stage<'a> {
    pub account: &'a Account,
    pub name: String,
    pub users: &'a Users,
    pub ledger: Ledger,
    pub outputs: BTreeMap<String, String>,
    pub secret: String,
}

/// The outputs of a stack.
pub async fn outputs(account: &Account, stack: &str) -> BTreeMap<String, String> {
    let describe = format!(
        "aws cloudformation describe-stacks --stack-name {stack} --query 'Stacks[0].Outputs' --output json"
    );
    let outputs: Vec<Value> = serde_json::from_str(&account.types(root(), &describe).await).unwrap();
    let text = |output: &Value, name: &str| output[name].as_str().unwrap().to_owned();
    outputs.iter().map(|output| (text(output, "OutputKey"), text(output, "OutputValue"))).collect()
}

/// Deletes a stack, and waits until it is gone.
pub fn deletion(stack: &str) -> String {
    format!(
        "aws cloudformation delete-stack --stack-name {stack}
        aws cloudformation wait stack-delete-complete --stack-name {stack}"
    )
}

impl<'a> Stage<'a> {
    /// The stack of that name, which has acknowledged nothing yet.
    pub async fn of(checkout: &'a Checkout, users: &'a Users, stack: &str, secret: &str) -> Self {
        let account = checkout.account();
        let outputs = outputs(account, stack).await;
        Self { account, name: stack.into(), users, outputs, secret: secret.into(), ledger: Ledger::default() }
    }

    /// Those who called this stack call that one from now on, and expect of it what this one has acknowledged.
    pub async fn moves_to(&mut self, stack: &str) {
        self.name = stack.into();
        self.outputs = outputs(self.account, stack).await;
    }

    /// What AWS calls a resource of the template.
    pub async fn physical_id(&self, logical_id: &str) -> String {
        let describe = format!(
            "aws cloudformation describe-stack-resource --stack-name {} --logical-resource-id {logical_id} \
            --query StackResourceDetail.PhysicalResourceId --output text",
            self.name
        );
        self.account.types(root(), &describe).await
    }

    /// What Portal sends.
    pub async fn portal(&self, path: &str, body: &Value) -> Result<Reply> {
        self.webhook(&self.secret, path, body).await
    }

    /// What anybody can send to the webhook.
    pub async fn webhook(&self, secret: &str, path: &str, body: &Value) -> Result<Reply> {
        let url = format!("{}/{path}", self.outputs["WebhookUrl"]);
        let headers = vec![format!("x-webhook-secret: {secret}")];
        self.account.asks(&Request { method: "POST", url, headers, body: Some(body) }).await
    }

    /// What a user's app asks for, with an encoded query.
    pub async fn app_gets(&self, client: &str, query: &str) -> Result<Reply> {
        let url = format!("{}?{query}", self.url_of(client));
        let headers = vec![bearer(self.users.token(client))];
        self.account.asks(&Request { method: "GET", url, headers, body: None }).await
    }

    /// What a user's app hands over.
    pub async fn app_stores(&self, client: &str, body: &Value) -> Result<Reply> {
        self.anybody(self.users.token(client), client, Some(body)).await
    }

    /// What anybody can send to the client API: with a body it stores, without one it asks.
    pub async fn anybody(&self, token: &str, client: &str, body: Option<&Value>) -> Result<Reply> {
        let (method, headers) = (if body.is_some() { "POST" } else { "GET" }, vec![bearer(token)]);
        self.account.asks(&Request { method, url: self.url_of(client), headers, body }).await
    }

    /// What a browser asks before a page of that origin may send a request.
    pub async fn preflight(&self, origin: &str) -> Result<Reply> {
        let headers = vec![format!("origin: {origin}"), "access-control-request-method: GET".into()];
        let url = self.url_of("alice");
        self.account.asks(&Request { method: "OPTIONS", url, headers, body: None }).await
    }

    /// The address of a client's share.
    pub fn url_of(&self, client: &str) -> String {
        format!("{}/portal/clients/{client}/backup", self.outputs["ApiUrl"])
    }
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

/// The body of an answer that has to be 200.
pub fn good(reply: Reply) -> Result<Value> {
    ensure!(reply.status == 200, "answered {}: {}", reply.status, reply.body);
    Ok(reply.body)
}

/// Whether this is a function's refusal with that status and code.
pub fn refuses(reply: &Reply, status: u16, code: &str) -> bool {
    reply.status == status && reply.body["code"] == json!(code)
}
