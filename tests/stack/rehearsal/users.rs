//! Users who log in at Cognito, and whose tokens bear their Portal client id.

use std::{
    collections::BTreeMap,
    env::consts::ARCH,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::Value;
use tokio::time::sleep;

use super::{account::Account, checkout::Checkout, stage::outputs};
use crate::support::project::root;

/// The user of the drill.
pub const DRILL: &str = "drill";
/// The users, by the client ids that they are named after.
pub const CLIENTS: [&str; 3] = ["alice", "bob", DRILL];
/// A password that Cognito's default policy takes; the users live as long as the rehearsal.
const PASSWORD: &str = "Rehearsal-of-one-day-1";
/// The pool's stack.
pub const STACK: &str = "portal-trial-login";

/// The user pool of login.yaml, and tokens that it gave.
pub struct Users {
    issuer: String,
    app: String,
    tokens: BTreeMap<&'static str, String>,
    /// A token of Alice's for another app.
    pub of_another_app: String,
    brief: String,
}

impl Users {
    /// Deploys the pool, makes the users and lets them log in.
    pub async fn of(account: &Account) -> Self {
        let deploy = format!(
            "aws cloudformation deploy --stack-name {STACK} --capabilities CAPABILITY_IAM \
            --template-file tests/stack/rehearsal/login.yaml --parameter-overrides \"BriefSeconds=$BRIEF_SECONDS\""
        );
        account.types(root(), &deploy).await;
        let outputs = outputs(account, STACK).await;
        let [pool, app, other, brief] = ["Pool", "App", "OtherApp", "BriefApp"].map(|name| &*outputs[name]);
        let mut tokens = BTreeMap::new();
        for client in CLIENTS {
            account.types(root(), &add(pool, client)).await;
            tokens.insert(client, account.types(root(), &log_in(app, client)).await);
        }
        let of_another_app = account.types(root(), &log_in(other, CLIENTS[0])).await;
        let brief = account.types(root(), &log_in(brief, CLIENTS[0])).await;
        Self { issuer: outputs["Issuer"].clone(), app: app.into(), tokens, of_another_app, brief }
    }

    /// Makes these the users of a stage, on the processor of this computer.
    pub fn configure(&self, checkout: &Checkout, stage: &str) {
        checkout.set(stage, "TokenIssuer", &self.issuer);
        checkout.set(stage, "TokenAudience", &self.app);
        checkout.set(stage, "ClientIdClaim", "portal_client_id");
        checkout.set(stage, "Architecture", if ARCH == "aarch64" { "arm64" } else { ARCH });
    }

    /// The access token with which a user's app calls.
    pub fn token(&self, client: &str) -> &str {
        &self.tokens[client]
    }

    /// Alice's token that has expired: the stand-in's is good for a second, AWS's for five minutes.
    pub async fn expired(&self) -> &str {
        let claims = BASE64_URL_SAFE_NO_PAD.decode(self.brief.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let expiry = UNIX_EPOCH + Duration::from_secs(claims["exp"].as_u64().unwrap() + 1);
        sleep(expiry.duration_since(SystemTime::now()).unwrap_or_default()).await;
        &self.brief
    }
}

fn add(pool: &str, client: &str) -> String {
    format!(
        "aws cognito-idp admin-create-user --user-pool-id {pool} --username {client} --message-action SUPPRESS
        aws cognito-idp admin-set-user-password --user-pool-id {pool} --username {client} \
        --password {PASSWORD} --permanent"
    )
}

fn log_in(app: &str, client: &str) -> String {
    format!(
        "aws cognito-idp initiate-auth --client-id {app} --auth-flow USER_PASSWORD_AUTH \
        --auth-parameters USERNAME={client},PASSWORD={PASSWORD} \
        --query AuthenticationResult.AccessToken --output text"
    )
}
