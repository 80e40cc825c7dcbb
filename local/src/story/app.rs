//! The user's app: it hands over its encrypted share, and takes it back.

use anyhow::{Context, Result, ensure};
use axum::http::header::AUTHORIZATION;
use serde_json::json;

use super::http::Http;
use super::shares::ClientShare;
use super::telling;

/// The app of one client.
pub struct App<'a> {
    http: &'a Http,
    path: String,
    bearer: String,
}

impl<'a> App<'a> {
    pub fn new(http: &'a Http, client: &str, token: &str) -> Self {
        Self { http, path: format!("/portal/clients/{client}/backup"), bearer: format!("Bearer {token}") }
    }

    /// Hands over a share, in the form that Portal's current web and React Native guides send.
    pub async fn store(&self, share: &ClientShare) -> Result<()> {
        let body = json!({"data": {"backupMethod": "GDRIVE", "cipherText": share.0}});
        self.http.post(&self.path, (AUTHORIZATION, &self.bearer), &body).await?;
        telling::exchange(
            "app",
            &format!("POST {}", self.path),
            format_args!("sent {share}, GDRIVE; got 200"),
        );
        Ok(())
    }

    /// Takes back the newest share.
    pub async fn get(&self) -> Result<ClientShare> {
        let answer = self.http.get(&self.path, (AUTHORIZATION, &self.bearer)).await?;
        let text = answer["cipherText"].as_str().context("an answer without `cipherText`")?;
        ensure!(answer["backupShare"] == text, "`backupShare` and `cipherText` differ");
        let share = ClientShare(text.into());
        telling::exchange("app", &format!("GET {}", self.path), format_args!("got {share}"));
        Ok(share)
    }
}
