//! What stands at both addresses, and whether it takes what was given. Asked before anything is stored. The token and the
//! secret are sent only where the answer to a request without them is a custodian's.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};
use story::{Answer, Cast, Exchange, Failure, Http, Request, SECRET_HEADER, StatusCode, Tell, Told};

use super::verdict::Stopped;

/// What the webhook makes of this computer's address.
pub enum Webhook {
    /// It lets Portal's secret decide, and holds so many shares of the drill's client.
    Open { held: usize },
    /// It refuses every call from here.
    RefusesThisAddress,
}

/// A fetch gives 128 shares at most, and one drill stores six.
const CROWD: usize = 128 - 2 * 6;

/// Whether fetches of the drill's client soon leave shares out.
pub fn is_crowded(held: usize) -> bool {
    held > CROWD
}

/// Looks at both APIs, first without a proof and then with it.
///
/// # Errors
/// [`Stopped::NotDrilled`] where what was given isn't what the stack takes, [`Stopped::Found`] where the stack is at fault.
pub async fn look(http: &Http, cast: &Cast, tell: Tell<'_>) -> Result<Webhook, Stopped> {
    let door = Door { http, cast, tell };
    door.client_api_asks_for_a_token().await?;
    let open = door.webhook_asks_for_a_secret().await?;
    door.token_is_taken().await?;
    if open { door.secret_is_taken().await } else { Ok(Webhook::RefusesThisAddress) }
}

struct Door<'a> {
    http: &'a Http,
    cast: &'a Cast,
    tell: Tell<'a>,
}

impl Door<'_> {
    async fn client_api_asks_for_a_token(&self) -> Result<(), Stopped> {
        let answer = self.asks("nobody", self.list()).await?;
        if answer.is_the_apis_refusal() {
            return Ok(());
        }
        if answer.refuses(StatusCode::UNAUTHORIZED, "unauthorized") || answer.body["backups"].is_array() {
            return Err(let_in("no token", &answer, "401 by the API itself"));
        }
        Err(unwell_or_elsewhere("client API", &self.cast.client_api.to_string(), "ApiUrl", &answer))
    }

    /// Whether it lets the secret decide. The address is looked at first.
    async fn webhook_asks_for_a_secret(&self) -> Result<bool, Stopped> {
        let answer = self.asks("nobody", self.fetch()).await?;
        if answer.refuses(StatusCode::UNAUTHORIZED, "unauthorized") {
            return Ok(true);
        }
        if answer.refuses(StatusCode::FORBIDDEN, "forbidden") {
            return Ok(false);
        }
        if answer.body["backupShares"].is_array() {
            return Err(let_in("no secret", &answer, "401 unauthorized"));
        }
        Err(unwell_or_elsewhere("webhook", &self.cast.webhook.to_string(), "WebhookUrl", &answer))
    }

    async fn token_is_taken(&self) -> Result<(), Stopped> {
        let answer = self.asks("app", self.list().bearing(&self.cast.token)).await?;
        match (answer.status.as_u16(), answer.code()) {
            (401, None) => Err(Stopped::NotDrilled(refused_token(self.cast.token.expose()))),
            (401, Some(_)) => Err(Stopped::NotDrilled(NO_CLAIM.into())),
            (403, None) => Err(Stopped::NotDrilled(FORBIDDEN.into())),
            (403, Some(_)) => Err(Stopped::NotDrilled(format!(
                "the token is another client's than {0}: log in as the user whose client id is {0}",
                self.cast.client
            ))),
            _ => match answer.good()? {
                answer if answer.body["backups"].is_array() => Ok(()),
                answer => Err(answer.strange("an answer without `backups`").into()),
            },
        }
    }

    async fn secret_is_taken(&self) -> Result<Webhook, Stopped> {
        let request = self.fetch().proven(SECRET_HEADER, &self.cast.webhook_secret);
        let answer = self.asks("Portal", request).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let why =
                "the webhook refuses the secret: its digest is none of the stack's WebhookSecretDigests";
            return Err(Stopped::NotDrilled(why.into()));
        }
        let answer = answer.good()?;
        let held = answer.body["backupShares"].as_array().map(Vec::len);
        Ok(Webhook::Open { held: held.ok_or_else(|| answer.strange("an answer without `backupShares`"))? })
    }

    fn list(&self) -> Request {
        Request::get(self.cast.client_api.at(&format!("/portal/clients/{}/backups", self.cast.client)))
    }

    fn fetch(&self) -> Request {
        Request::post(self.cast.webhook.at("/backup/fetch"), json!({ "clientId": self.cast.client }))
    }

    /// Where nothing answers at all, that is most likely another address.
    async fn asks(&self, who: &str, request: Request) -> Result<Answer, Stopped> {
        let answer = self.http.send(request).await.map_err(|why| Stopped::NotDrilled(why.to_string()))?;
        let (request, took) = (&*answer.request, answer.took);
        let what = format!("answered {}{}", answer.status.as_u16(), words(&answer));
        (self.tell)(&Told::Exchange(&Exchange { who, request, what, took }));
        Ok(answer)
    }
}

const NO_CLAIM: &str = "the token is good and holds no client id where this stack looks for it: is it of the stack's login, \
                        and what is ClientIdClaim? (docs/login.md, \"What the client sees\")";
const FORBIDDEN: &str = "the API refuses the token: it has none of the stack's TokenScopes, or the stack's own authorizer \
                         refuses it (docs/login.md, \"What the client sees\")";

/// What the status alone doesn't say.
fn words(answer: &Answer) -> String {
    if answer.status == StatusCode::OK { String::new() } else { answer.said() }
}

fn let_in(who: &'static str, answer: &Answer, expected: &'static str) -> Stopped {
    let (request, status, said) = (answer.request.clone(), answer.status, answer.said());
    Stopped::Found(Failure::LetIn { who, request, status, said, expected })
}

/// An API that is there and can't answer now says so in JSON. Anything else is another server.
fn unwell_or_elsewhere(what: &str, address: &str, output: &str, answer: &Answer) -> Stopped {
    let (status, said) = (answer.status.as_u16(), words(answer));
    if matches!(status, 429 | 500..=599) && answer.body["message"].is_string() {
        let (request, status) = (answer.request.clone(), answer.status);
        return Stopped::Found(Failure::Refused { request, status, said });
    }
    Stopped::NotDrilled(format!(
        "{address} is not the {what}: {} is answered {status}{said}. Take the stack's output {output}",
        answer.request
    ))
}

/// Why the API refuses a token, as far as the token tells.
fn refused_token(token: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match expiry(token) {
        Some(expiry) if expiry <= now => {
            format!("the token expired {} s ago: log the drill's user in again", now - expiry)
        }
        _ => "the API refuses the token: it is of another login than the stack's TokenIssuer and TokenAudience, or no \
              token at all (docs/login.md shows how to see what a token says)"
            .into(),
    }
}

/// When a JWT expires, in seconds since 1970.
fn expiry(token: &str) -> Option<u64> {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Value>(&claims).ok()?["exp"].as_u64()
}
