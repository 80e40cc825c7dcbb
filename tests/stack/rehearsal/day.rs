//! A day in the life of both stages, by the documents' own commands. After every step, every share that was stored
//! before is fetched and compared.

mod changes;
mod ends;
mod glass;
mod tables;

use local::terminal::{BOLD, say_in};

use super::{
    checkout::Checkout,
    operator::{OPERATING, Operator},
    stage::Stage,
    users::{self, Users},
};

const README: &str = "README.md";
const DRILL: &str = "cargo custodian drill";

/// Both stages' operator, and their users.
pub struct Day<'a> {
    checkout: &'a Checkout,
    operator: Operator<'a>,
    users: &'a Users,
}

/// Names a step.
fn step(name: &str) {
    say_in(BOLD, format_args!("day: {name}"));
}

impl<'a> Day<'a> {
    /// Plays it, from the first deployment to the last deletion.
    pub async fn play(checkout: &'a Checkout, users: &'a Users) {
        let day = Self { checkout, operator: Operator::at(checkout), users };
        let [development, mut production] = day.deploys_both().await;
        day.deletes_development(&development).await;
        day.rotates_the_secret(&mut production).await;
        day.upgrades(&production).await;
        day.switches_cors(&production).await;
        day.opens_one_by_one(&production).await;
        day.breaks_the_glass(&production).await;
        day.restores(&mut production).await;
        day.deletes_and_adopts(&mut production).await;
        day.fails_at_first(&production.secret).await;
        day.operator.has_typed_everything();
    }

    /// From the README's secret to the story, in both stages.
    async fn deploys_both(&self) -> [Stage<'a>; 2] {
        step("both stages are deployed");
        let (secret, digest) = self.makes_a_secret().await;
        for stage in ["development", "production"] {
            self.users.configure(self.checkout, stage);
            self.checkout.set(stage, "WebhookSecretDigests", &digest);
        }
        self.checkout.set("production", "WebhookAllowedIps", OWN_ADDRESS);
        self.operator.types(README, "sam build --config-env development && ", "").await;
        let mut stages = [
            Stage::of(self.checkout, self.users, "portal-backups-development", &secret).await,
            Stage::of(self.checkout, self.users, "portal-backups", &secret).await,
        ];
        self.tries_the_webhook(&stages[0]).await;
        for stage in &mut stages {
            step(&format!("the story at {}", stage.name));
            stage.story().await.unwrap();
        }
        step("each role does one thing");
        stages[1].roles_do_one_thing(self.checkout).await.unwrap();
        stages
    }

    /// The README's new secret, and its digest.
    async fn makes_a_secret(&self) -> (String, String) {
        let made = self.operator.types(README, "SECRET=$(openssl rand -hex 32)", "").await;
        let (secret, digest) = made.split_once('\n').expect("a secret and its digest");
        (secret.into(), digest.into())
    }

    /// From another address than Portal's the webhook says 403; once the address is let in, it goes to the table and
    /// back.
    async fn tries_the_webhook(&self, development: &Stage<'_>) {
        let secret = format!("SECRET={}", development.secret);
        let token = self.users.token(users::DRILL);
        let words = format!(
            "STACK={} DRILL_TOKEN={token} WEBHOOK_SECRET={}\nexport DRILL_TOKEN WEBHOOK_SECRET",
            development.name, development.secret
        );
        let url = format!("WEBHOOK_URL={}", development.outputs["WebhookUrl"]);
        let filled = [("WEBHOOK_URL=…", &*url)];
        let call = "curl -i -H \"X-Webhook-Secret: $SECRET\"";
        let said = self.operator.types_with(README, call, &secret, &filled).await;
        assert!(said.contains(" 403") && said.contains("\"forbidden\""), "{said}");
        let half = self.operator.is_refused(OPERATING, DRILL, &words).await;
        assert!(half.contains("Half drilled."), "{half}");
        self.checkout.set("development", "WebhookAllowedIps", OWN_ADDRESS);
        self.deploys("development").await;
        let said = self.operator.types_with(README, call, &secret, &filled).await;
        assert!(said.contains(" 200") && said.contains(r#"{"backupShares":[]}"#), "{said}");
        let whole = self.operator.types(OPERATING, DRILL, &words).await;
        assert!(whole.contains("Drilled whole."), "{whole}");
        let token = format!("TOKEN={}", self.users.token("alice"));
        let claims = self.operator.types("docs/login.md", "python3 -c 'import base64,sys;", &token).await;
        assert!(claims.contains(r#""portal_client_id": "alice""#), "{claims}");
    }

    /// The line of "Changing a value".
    async fn deploys(&self, stage: &str) {
        self.operator
            .types(OPERATING, "sam build --config-env \"$STAGE\" && ", &format!("STAGE={stage}"))
            .await;
    }

    /// Types a block of docs/operating.md about a stack, with more words of the reader's.
    async fn types(&self, stage: &Stage<'_>, part: &str, words: &str) -> String {
        let words = format!("STAGE=production STACK={} {words}", stage.name);
        self.operator.types(OPERATING, part, &words).await
    }
}

/// Where the rehearsal's own requests come from.
const OWN_ADDRESS: &str = "127.0.0.1/32";
