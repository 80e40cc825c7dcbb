//! Those who must be refused, and what must not be taken for a share. If one of them were let in, it would still store
//! nothing: what it sends is no share.

use hyper::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use crate::{
    Story,
    app::path,
    credential::Credential,
    failure::{Failure, Result},
    http::{Answer, Request},
    portal::SECRET_HEADER,
    random,
    telling::{Exchange, Told},
};

/// What is taken for no share in any place.
const GARBAGE: &str = "undefined";
/// One of the addresses that Portal calls from, in a header that anybody can write.
const CLAIMS_PORTALS_ADDRESS: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static("35.203.150.117"));

/// What a stranger must be answered.
#[derive(Clone, Copy)]
pub enum Refusal {
    /// 401 or 403 by the API itself, before a function runs.
    ByTheApi,
    /// A status and a code, by a function.
    By(StatusCode, &'static str),
}

const UNKNOWN: Refusal = Refusal::By(StatusCode::UNAUTHORIZED, "unauthorized");
const NOT_YOURS: Refusal = Refusal::By(StatusCode::FORBIDDEN, "forbidden");
const NO_SHARE: Refusal = Refusal::By(StatusCode::BAD_REQUEST, "bad_request");

impl Refusal {
    fn is(self, answer: &Answer) -> bool {
        match self {
            Self::ByTheApi => answer.is_the_apis_refusal(),
            Self::By(status, code) => answer.refuses(status, code),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::ByTheApi => "401 by the API itself",
            Self::By(_, "unauthorized") => "401 unauthorized",
            Self::By(_, "forbidden") => "403 forbidden",
            Self::By(_, "frozen") => "423 frozen",
            Self::By(..) => "400 bad_request",
        }
    }
}

impl Story<'_> {
    /// Nobody but the user gets or stores a user's share. Eight requests, two of them with a wrong token.
    ///
    /// # Errors
    /// [`Failure::LetIn`] for the first who is let in.
    pub async fn refuses_strangers_at_the_client_api(&self) -> Result<()> {
        let own = &*self.cast.client;
        for request in self.requests_about(own) {
            self.refuses("no token", request, Refusal::ByTheApi).await?;
        }
        for (who, token) in self.wrong_tokens()? {
            let request = Request::get(self.client_url(own, "")).bearing(&token);
            self.refuses(who, request, Refusal::ByTheApi).await?;
        }
        for request in self.requests_about(&another(own)) {
            let request = request.bearing(&self.cast.token);
            self.refuses("another client's", request, NOT_YOURS).await?;
        }
        Ok(())
    }

    /// Nobody but Portal stores a custodian's share. One request: three refused secrets in a quarter of an hour are an
    /// alarm.
    ///
    /// # Errors
    /// [`Failure::LetIn`] if a wrong secret is taken.
    pub async fn refuses_a_wrong_secret(&self) -> Result<()> {
        let wrong = credential(&hex::encode(random()?.bytes::<32>()))?;
        self.refuses("a wrong secret", self.webhook_store().proven(SECRET_HEADER, &wrong), UNKNOWN).await
    }

    /// Nor does a secret that is short. One request.
    ///
    /// # Errors
    /// [`Failure::LetIn`] if it is taken.
    pub async fn refuses_a_short_secret(&self) -> Result<()> {
        let short = self.webhook_fetch().proven(SECRET_HEADER, &credential("short")?);
        self.refuses("a short secret", short, UNKNOWN).await
    }

    /// From an address that is not allowed, not even the secret helps, nor a header that names Portal's address. One
    /// request: three refused addresses are an alarm too.
    ///
    /// # Errors
    /// [`Failure::LetIn`] if it is let in.
    pub async fn refuses_this_address(&self) -> Result<()> {
        let (name, value) = CLAIMS_PORTALS_ADDRESS;
        let request = self.webhook_store().with(name, value);
        let request = request.proven(SECRET_HEADER, &self.cast.webhook_secret);
        self.refuses("another address, with the secret", request, NOT_YOURS).await
    }

    /// What broken apps send in a share's place is taken for none.
    ///
    /// # Errors
    /// [`Failure::LetIn`] for the first that is taken.
    pub async fn takes_no_garbage_from_the_app(&self) -> Result<()> {
        let address = format!("0x{}", hex::encode(random()?.bytes::<20>()));
        for (what, share) in [("garbage", GARBAGE), ("a wallet's address", &*address)] {
            let request = Request::post(self.client_url(&self.cast.client, ""), client_body(share));
            self.refuses(what, request.bearing(&self.cast.token), NO_SHARE).await?;
        }
        Ok(())
    }

    /// What is no share is none from Portal either.
    ///
    /// # Errors
    /// [`Failure::LetIn`] if it is taken.
    pub async fn takes_no_garbage_from_portal(&self) -> Result<()> {
        let request = self.webhook_store().proven(SECRET_HEADER, &self.cast.webhook_secret);
        self.refuses("garbage", request, NO_SHARE).await
    }

    /// After all that, every share that was acknowledged comes back, and the app's newest is the newest.
    ///
    /// # Errors
    /// When one doesn't, or another comes.
    pub async fn keeps_everything(&self) -> Result<()> {
        if !self.portal.stored().is_empty() {
            self.portal.gets_everything().await?;
        }
        let newest = self.app.stored().last().cloned();
        let Some(newest) = newest else { return Ok(()) };
        self.newest(&newest).await?;
        if self.app.get_by_method().await? == newest {
            return Ok(());
        }
        Err(Failure::WrongShare("asked for its method, the app gets another share than its newest".into()))
    }

    /// All that can be asked for about a client, with garbage for a share.
    fn requests_about(&self, client: &str) -> [Request; 3] {
        [
            Request::get(self.client_url(client, "")),
            Request::get(self.client_url(client, "s")),
            Request::post(self.client_url(client, ""), client_body(GARBAGE)),
        ]
    }

    /// Tokens that nobody has issued: the second only where the good one is a JWT.
    fn wrong_tokens(&self) -> Result<Vec<(&'static str, Credential)>> {
        let mut tokens = vec![("a made-up token", credential("made-up")?)];
        if let Some(forged) = forged(self.cast.token.expose()) {
            tokens.push(("a forged token", credential(&forged)?));
        }
        Ok(tokens)
    }

    pub(crate) fn webhook_fetch(&self) -> Request {
        Request::post(self.cast.webhook.at("/backup/fetch"), json!({ "clientId": self.cast.client }))
    }

    fn webhook_store(&self) -> Request {
        let body = json!({ "clientId": self.cast.client, "share": GARBAGE });
        Request::post(self.cast.webhook.at("/backup"), body)
    }

    pub(crate) fn client_url(&self, client: &str, behind: &str) -> String {
        self.cast.client_api.at(&path(client, behind))
    }

    pub(crate) async fn refuses(&self, who: &'static str, request: Request, refusal: Refusal) -> Result<()> {
        let answer = self.http.send(request).await?;
        let (status, expected) = (answer.status, refusal.expected());
        if !refusal.is(&answer) {
            let (said, request) = (answer.said(), answer.request);
            return Err(Failure::LetIn { who, request, status, said, expected });
        }
        let (what, took) = (format!("{who}: refused with {}", status.as_u16()), answer.took);
        (self.tell)(&Told::Exchange(&Exchange { who: "nobody", request: &answer.request, what, took }));
        Ok(())
    }
}

/// A client that is nobody's.
fn another(client: &str) -> String {
    format!("{client}-of-another")
}

fn client_body(share: &str) -> Value {
    json!({"backupMethod": "GDRIVE", "cipherText": share})
}

fn credential(text: &str) -> Result<Credential> {
    text.parse().map_err(|why| Failure::here(&why))
}

/// A JWT with the first digit of its signature changed.
fn forged(token: &str) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let rest = signature.get(1..)?;
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    signed.contains('.').then(|| format!("{signed}.{first}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_token_differs_in_its_signature_alone() {
        assert_eq!(forged("a.b.Acd").as_deref(), Some("a.b.Bcd"));
        assert_eq!(forged("a.b.xcd").as_deref(), Some("a.b.Acd"));
        assert_eq!([forged("opaque"), forged("a.b"), forged("a.b.")], [None, None, None]);
    }
}
