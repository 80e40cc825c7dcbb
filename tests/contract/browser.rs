//! The API in a real browser, asked by pages of other origins: what CORS lets them send and read.

use std::env;

use local::run;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{event::CLIENT, python::Script, session::Session};

const BROWSER: Script = Script { name: "browser", folder: "tests/contract/browser" };

/// An origin that the local run allows.
const APP: &str = "http://localhost:5173";
/// Origins that it doesn't: the same host on another port, and a stranger.
const OTHERS: [&str; 2] = ["http://localhost:5174", "http://elsewhere.example"];

/// Status and JSON of an answer that a page could read; `None` where the browser refused.
type Got = Option<(u16, Value)>;

/// A `local` that serves, and the URL of a client's shares there.
struct Desk {
    session: Session,
    backup: String,
    // Dropped after the session, which reads there what it has to end.
    folder: TempDir,
}

impl Desk {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let session = Session::start(&folder).await;
        let backup = format!("{}/portal/clients/{CLIENT}/backup", session.api);
        Self { session, backup, folder }
    }

    fn bearer(&self, client: &str) -> String {
        format!("Bearer {}", run::token(self.folder.path(), &[client.to_owned()]).unwrap())
    }

    /// What the app sends to take its share back.
    fn get(&self, origin: &str) -> Value {
        json!([origin, self.backup, {"headers": {"authorization": self.bearer(CLIENT)}}])
    }

    /// What the app sends to hand its share over.
    fn post(&self, origin: &str, body: &Value) -> Value {
        let headers = json!({"authorization": self.bearer(CLIENT), "content-type": "application/json"});
        json!([origin, self.backup, {"method": "POST", "headers": headers, "body": body.to_string()}])
    }
}

/// Runs fetches (origin, URL, `RequestInit`) one after the other, each in a page of its origin.
async fn fetch(fetches: &[Value]) -> Vec<Got> {
    let chromium = env::var("CHROMIUM").expect("CHROMIUM is to be the path of a Chromium or Chrome");
    let fetches = Value::from(fetches).to_string();
    serde_json::from_str(&BROWSER.run(&[&chromium], fetches.as_bytes()).await).unwrap()
}

#[tokio::test]
#[ignore = "needs a browser: CHROMIUM=$(.ci/chromium)"]
async fn a_page_of_an_allowed_origin_hands_over_a_share_and_takes_it_back() {
    let desk = Desk::start().await;
    let got = fetch(&[desk.post(APP, &json!({"cipherText": "kept"})), desk.get(APP)]).await;
    let [Some((200, stored)), Some((200, share))] = &got[..] else { panic!("{got:?}") };
    assert!(stored["message"].is_string(), "{stored}");
    assert_eq!(*share, json!({"cipherText": "kept", "backupShare": "kept"}));
    desk.session.interrupt().await;
}

#[tokio::test]
#[ignore = "needs a browser: CHROMIUM=$(.ci/chromium)"]
async fn a_page_of_an_allowed_origin_reads_what_the_api_and_the_functions_refuse() {
    let desk = Desk::start().await;
    let token = |token: &str| json!({"headers": {"authorization": token}});
    let nowhere = format!("{}/nowhere", desk.session.api);
    let got = fetch(&[
        json!([APP, desk.backup, {}]),
        json!([APP, desk.backup, token("Bearer x")]),
        json!([APP, nowhere, token(&desk.bearer(CLIENT))]),
        json!([APP, desk.backup, token(&desk.bearer("another"))]),
        desk.get(APP),
        desk.post(APP, &json!({})),
    ])
    .await;
    let told = got.iter().map(|got| got.as_ref().map(|(status, body)| (*status, body["code"].as_str())));
    let (api, function) = (|status| Some((status, None)), |status, code| Some((status, Some(code))));
    assert!(
        told.eq([
            api(401),
            api(401),
            api(404),
            function(403, "forbidden"),
            function(404, "not_found"),
            function(400, "bad_request"),
        ]),
        "{got:?}"
    );
    desk.session.interrupt().await;
}

#[tokio::test]
#[ignore = "needs a browser: CHROMIUM=$(.ci/chromium)"]
async fn a_page_of_another_origin_reads_nothing_and_stores_nothing() {
    let desk = Desk::start().await;
    let others = OTHERS.map(|other| {
        // Without a token there is no preflight: the API answers, and the page still can't read.
        [desk.post(other, &json!({"cipherText": "theirs"})), desk.get(other), json!([other, desk.backup, {}])]
    });
    let mut got = fetch(&[others.as_flattened(), &[desk.get(APP)]].concat()).await;
    let Some(Some((404, nothing))) = got.pop() else { panic!("{got:?}") };
    assert_eq!(nothing["code"], "not_found");
    assert_eq!(got, vec![None; 6]);
    desk.session.interrupt().await;
}

#[tokio::test]
#[ignore = "needs a browser: CHROMIUM=$(.ci/chromium)"]
async fn a_page_sends_no_other_method_and_no_other_header_than_the_api_allows() {
    let desk = Desk::start().await;
    let webhook = format!("{}/webhook/backup", desk.session.api);
    let delete = json!({"method": "DELETE", "headers": {"authorization": desk.bearer(CLIENT)}});
    let secret = json!({"x-webhook-secret": desk.session.secret});
    let got = fetch(&[
        json!([APP, desk.backup, delete]),
        json!([APP, desk.backup, {"method": "POST", "headers": secret, "body": "{}"}]),
        json!([APP, desk.backup, {"method": "POST", "body": "{}"}]),
        // Portal's own API tells no page anything.
        json!([APP, webhook, {"method": "POST", "body": "{}"}]),
    ])
    .await;
    let [None, None, Some((401, _)), None] = &got[..] else { panic!("{got:?}") };
    desk.session.interrupt().await;
}
