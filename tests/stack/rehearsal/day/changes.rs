//! What changes on a stack that lives.

use std::{fs::OpenOptions, io::Write};

use serde_json::json;

use super::{
    super::stage::{Stage, refuses},
    Day, step,
};
use crate::support::project::functions;

impl Day<'_> {
    /// For a while both secrets are good, and after it only the new one.
    pub async fn rotates_the_secret(&self, stage: &mut Stage<'_>) {
        step("the webhook secret is rotated");
        let (new, digest) = self.makes_a_secret().await;
        let old_digest = self.checkout.value("production", "WebhookSecretDigests");
        self.checkout.set("production", "WebhookSecretDigests", &format!("{digest},{old_digest}"));
        self.deploys("production").await;
        stage.keeps_everything().await.unwrap();
        let old = std::mem::replace(&mut stage.secret, new);
        stage.backup("alice").await.unwrap();
        self.checkout.set("production", "WebhookSecretDigests", &digest);
        self.deploys("production").await;
        stage.keeps_everything().await.unwrap();
        let refused = stage.webhook(&old, "backup/fetch", &json!({"clientId": "alice"})).await.unwrap();
        assert!(refuses(&refused, 401, "unauthorized"), "{refused:?}");
    }

    /// Other programs come, which are the ones that were built, and a parameter changes with them.
    pub async fn upgrades(&self, stage: &Stage<'_>) {
        step("an upgrade");
        let before = self.compares(stage).await;
        for (function, _) in functions() {
            let program = self.checkout.built(&function);
            OpenOptions::new().append(true).open(program).unwrap().write_all(b"upgraded").unwrap();
        }
        self.checkout.set("production", "MemorySize", "1024");
        self.deploys("production").await;
        stage.keeps_everything().await.unwrap();
        assert_ne!(self.compares(stage).await, before, "what runs is still what ran");
    }

    /// The digest of what runs, which is the digest of what is built.
    async fn compares(&self, stage: &Stage<'_>) -> String {
        let said = self.types(stage, "sha256sum .aws-sam/comparison/", "").await;
        let digest = |file: &str| said.lines().find_map(|line| line.strip_suffix(file)).expect(file).trim();
        let (runs, built) = (digest("-"), digest("bootstrap").split(' ').next().unwrap());
        assert_eq!(runs, built);
        runs.into()
    }

    /// A web app is let in, and then no more.
    pub async fn switches_cors(&self, stage: &Stage<'_>) {
        let origin = "https://app.example";
        for (what, value, allowed) in [("on", origin, true), ("off", "", false)] {
            step(&format!("CORS is switched {what}"));
            self.checkout.set("production", "AllowedOrigins", value);
            self.deploys("production").await;
            let said = stage.preflight(origin).await.unwrap().head;
            assert_eq!(said.contains(&format!("access-control-allow-origin: {origin}")), allowed, "{said}");
            stage.keeps_everything().await.unwrap();
        }
    }
}
