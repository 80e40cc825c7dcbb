//! Portal's side: it hands over custodian shares, and asks for them, by webhook.

use anyhow::{Context, Result, ensure};
use axum::http::header::HeaderName;
use serde_json::{Value, json};

use super::http::{Http, Proof};
use super::shares::{Curve, CustodianShare};
use super::telling;

/// Portal, about one client.
pub struct Portal<'a> {
    http: &'a Http,
    client: &'a str,
    secret: &'a str,
}

impl<'a> Portal<'a> {
    pub fn new(http: &'a Http, client: &'a str, secret: &'a str) -> Self {
        Self { http, client, secret }
    }

    pub fn client(&self) -> &str {
        self.client
    }

    /// Hands over a share and, as Portal does, looks at once whether it comes back byte for byte.
    pub async fn store(&self, curve: Curve, share: &CustodianShare) -> Result<()> {
        let body = json!({"clientId": self.client, "share": share.text(), "backupMethod": curve.method()});
        self.http.post("/webhook/backup", self.proof(), &body).await?;
        let what = format!("sent {share}, {}; got 200", curve.method());
        telling::exchange("Portal", "POST /webhook/backup", what);
        let held = self.fetch().await?;
        ensure!(held.contains(share), "{share} was acknowledged and doesn't come back");
        Ok(())
    }

    /// Asks for all shares of the client: newest first, each once.
    pub async fn fetch(&self) -> Result<Vec<CustodianShare>> {
        let body = json!({"clientId": self.client});
        let answer = self.http.post("/webhook/backup/fetch", self.proof(), &body).await?;
        let shares = answer["backupShares"].as_array().context("an answer without `backupShares`")?;
        ensure!(
            shares.first() == Some(&answer["backupShare"]),
            "`backupShare` isn't the first of `backupShares`"
        );
        let held = shares.iter().map(custodian_share).collect::<Result<Vec<_>>>()?;
        let shown = held.iter().map(CustodianShare::digest).collect::<Vec<_>>();
        telling::exchange("Portal", "POST /webhook/backup/fetch", format_args!("got {}", shown.join(" ")));
        Ok(held)
    }

    fn proof(&self) -> Proof<'_> {
        (HeaderName::from_static("x-webhook-secret"), self.secret)
    }
}

fn custodian_share(value: &Value) -> Result<CustodianShare> {
    CustodianShare::parse(value.as_str().context("a share that isn't a string")?)
}
