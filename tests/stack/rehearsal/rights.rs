//! What a function's role may do, tried on the running stack: under each role runs the code of the half's other
//! function, which then gets nothing and stores nothing.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;

use super::{checkout::Checkout, stage::Stage, users::CLIENTS};
use crate::support::{event::Event, project::functions, system::Answer};

/// A function's role, and the code that takes it over.
const TAKEN_OVER: [(&str, &str); 4] = [
    ("store-backup", "get-backup"),
    ("get-backup", "store-backup"),
    ("webhook-backup", "webhook-fetch"),
    ("webhook-fetch", "webhook-backup"),
];

impl Stage<'_> {
    /// A role that stores can't open, and a role that opens can't store. The client has shares of both halves.
    pub async fn roles_do_one_thing(&self, checkout: &Checkout) -> Result<()> {
        for (role, code) in TAKEN_OVER {
            fs::write(checkout.path("event.json"), event(code, &self.secret).0.to_string()).unwrap();
            checkout.types(&self.take_over(role, code).await).await;
            let answer = fs::read(checkout.path("answer.json")).unwrap();
            let answer = Answer::of(&serde_json::from_slice(&answer).unwrap());
            let refused = answer.status == 503 && answer.code() == "unavailable";
            ensure!(refused, "under the role of {role}, {code} is answered {}", answer.status);
        }
        self.keeps_everything().await
    }

    /// Puts the other code into the function of a role, asks it once, and puts its own code back.
    async fn take_over(&self, role: &str, code: &str) -> String {
        let (_, logical_id) = functions().into_iter().find(|(name, _)| name == role).expect("a function");
        let function = self.physical_id(&logical_id).await;
        format!(
            "# {code} under the role of {role}
            runs() {{
                python3 -m zipfile -c code.zip built/$1/bootstrap
                aws lambda update-function-code --function-name {function} --zip-file fileb://code.zip > said.json
                aws lambda wait function-updated --function-name {function}
            }}
            runs {code}
            aws lambda invoke --function-name {function} --payload fileb://event.json answer.json > said.json
            runs {role}"
        )
    }
}

/// The event of a route, from somebody who is let in.
fn event(function: &str, secret: &str) -> Event {
    let client = CLIENTS[0];
    let event = Event::of(function).source_ip("127.0.0.1").header("x-webhook-secret", secret);
    match function {
        "get-backup" => event.client(client).query(""),
        "store-backup" => event.client(client).body(json!({"cipherText": "00"})),
        "webhook-backup" => event.body(json!({"clientId": client, "share": r#"{"x":"1"}"#})),
        _ => event.body(json!({ "clientId": client })),
    }
}
