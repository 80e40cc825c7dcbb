//! Those who must be refused and whom only a pool can make: the drill has the others.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{stage::Stage, users::CLIENTS};

const ALICE: &str = CLIENTS[0];

impl Stage<'_> {
    /// Tokens that the pool has given, and that are not good here, are refused by the API itself, before a function runs.
    pub async fn refuses_strangers(&self) -> Result<()> {
        self.refuses_token("a token for another app", &self.users.of_another_app).await?;
        self.refuses_token("an expired token", self.users.expired().await).await?;
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
}
