//! Requests to a deployed API, by curl, which finds the stand-in's and AWS's alike.

use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command};

use super::account::Account;
use crate::support::client::Reply;

/// What is sent.
pub struct Request<'a> {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<String>,
    pub body: Option<&'a Value>,
}

impl Account {
    /// Sends a request and gets its answer.
    pub async fn asks(&self, request: &Request<'_>) -> Result<Reply> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--include", "--max-time", "30", "--config", "-"]);
        curl.args(["--request", request.method, &request.url]);
        curl.env_clear().envs(&self.variables).kill_on_drop(true);
        curl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = curl.spawn()?;
        let mut stdin = child.stdin.take().context("curl takes no input")?;
        stdin.write_all(config(request).as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        let said = String::from_utf8(output.stdout)?;
        reply(&said).with_context(|| format!("{}: {}", request.url, String::from_utf8_lossy(&output.stderr)))
    }
}

/// curl's options, which are read from its input: no process list shows a secret or a share.
fn config(request: &Request) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let headers = request.headers.iter().map(|header| format!("header = {}\n", quote(header)));
    let body = request.body.map(|body| format!("data-raw = {}\n", quote(&body.to_string())));
    headers.chain(body).collect()
}

fn reply(said: &str) -> Option<Reply> {
    let (head, body) = said.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or_default() })
}
