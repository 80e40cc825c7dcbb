//! Those who must be refused, and by whom: tokens by the API itself, before a function runs.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{
    stage::{Stage, refuses},
    users::CLIENTS,
};

const ALICE: &str = CLIENTS[0];
const BOB: &str = CLIENTS[1];

impl Stage<'_> {
    /// Nobody but the user gets or stores a user's share, nobody but Portal gets or stores a custodian's.
    pub async fn refuses_strangers(&self) -> Result<()> {
        let forged = forge(self.users.token(ALICE));
        self.refuses_token("no token", "").await?;
        self.refuses_token("no JWT", "nonsense").await?;
        self.refuses_token("a forged token", &forged).await?;
        self.refuses_token("a token for another app", &self.users.of_another_app).await?;
        self.refuses_token("an expired token", self.users.expired().await).await?;
        self.refuses_another_client().await?;
        self.refuses_secret("no secret", "").await?;
        self.refuses_secret("another secret", "a-secret-that-nobody-was-told-yet").await?;
        self.keeps_everything().await
    }

    async fn refuses_token(&self, what: &str, token: &str) -> Result<()> {
        let body = json!({"cipherText": "00"});
        for body in [None, Some(&body)] {
            let reply = self.anybody(token, ALICE, body).await?;
            let by_the_api = reply.status == 401 && reply.body == json!({"message": "Unauthorized"});
            ensure!(by_the_api, "{what}: answered {} {}, not 401 by the API", reply.status, reply.body);
        }
        Ok(())
    }

    async fn refuses_another_client(&self) -> Result<()> {
        let body = json!({"cipherText": "00"});
        for body in [None, Some(&body)] {
            let reply = self.anybody(self.users.token(ALICE), BOB, body).await?;
            ensure!(refuses(&reply, 403, "forbidden"), "another client: answered {}", reply.status);
        }
        Ok(())
    }

    async fn refuses_secret(&self, what: &str, secret: &str) -> Result<()> {
        let requests: [(&str, Value); 2] = [
            ("backup/fetch", json!({ "clientId": ALICE })),
            ("backup", json!({"clientId": ALICE, "share": r#"{"x":"1"}"#})),
        ];
        for (path, body) in requests {
            let reply = self.webhook(secret, path, &body).await?;
            ensure!(refuses(&reply, 401, "unauthorized"), "{what} at {path}: answered {}", reply.status);
        }
        Ok(())
    }
}

/// The token with the first digit of its signature changed.
fn forge(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}
