//! The user's app: it hands over its encrypted share, and takes it back.

use anyhow::{Context, Result, ensure};
use axum::http::header::AUTHORIZATION;
use pairs::{AppKey, Halves, Random};
use serde_json::json;

use super::http::Http;
use super::shares::ClientShare;
use super::telling;

/// The app of one client.
pub struct App<'a> {
    http: &'a Http,
    path: String,
    bearer: String,
    key: AppKey,
}

impl<'a> App<'a> {
    pub fn new(http: &'a Http, client: &str, token: &str) -> Result<Self> {
        Ok(Self {
            http,
            path: format!("/portal/clients/{client}/backup"),
            bearer: format!("Bearer {token}"),
            key: AppKey::new(&Random::system()?.bytes())?,
        })
    }

    /// Encrypts its halves of both curves and hands them over, in the form that Portal's current web and React Native
    /// guides send.
    pub async fn store(&self, halves: &Halves) -> Result<ClientShare> {
        let share = ClientShare(self.key.seal(halves, &mut Random::system()?)?);
        let body = json!({"data": {"backupMethod": "GDRIVE", "cipherText": share.0}});
        self.http.post(&self.path, (AUTHORIZATION, &self.bearer), &body).await?;
        telling::exchange(
            "app",
            &format!("POST {}", self.path),
            format_args!("sent {share}, GDRIVE; got 200"),
        );
        Ok(share)
    }

    /// Its halves, from what it has handed over.
    pub fn open(&self, share: &ClientShare) -> Result<Halves> {
        self.key.open(&share.0)
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
