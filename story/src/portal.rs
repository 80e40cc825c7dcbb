//! Portal's side: it hands over custodian shares, and asks for them, by webhook.

use std::cell::{Ref, RefCell};

use hyper::header::HeaderName;
use serde_json::{Value, json};

use crate::{
    Cast,
    failure::{Failure, Result},
    http::{Answer, Http, PORTALS_PATIENCE, Request},
    shares::{Curve, CustodianShare, short_digest},
    telling::{Exchange, Tell, Told},
};

/// The header that bears Portal's secret.
pub const SECRET_HEADER: HeaderName = HeaderName::from_static("x-webhook-secret");

/// The most shares that one fetch gives (docs/contract.md, "Webhook").
const MOST_OF_A_FETCH: usize = 128;

/// Portal, about one client.
pub struct Portal<'a> {
    cast: &'a Cast,
    http: &'a Http,
    tell: Tell<'a>,
    stored: RefCell<Vec<CustodianShare>>,
}

impl<'a> Portal<'a> {
    pub fn new(cast: &'a Cast, http: &'a Http, tell: Tell<'a>) -> Self {
        Self { cast, http, tell, stored: RefCell::default() }
    }

    /// What was acknowledged so far.
    pub fn stored(&self) -> Ref<'_, Vec<CustodianShare>> {
        self.stored.borrow()
    }

    /// Hands over a share and, as Portal does, looks at once whether it comes back byte for byte.
    pub async fn store(&self, curve: Curve, share: &CustodianShare) -> Result<()> {
        let method = curve.method();
        let body = json!({"clientId": self.cast.client, "share": share.text(), "backupMethod": method});
        let answer = self.asks("/backup", body).await?;
        self.tells(&answer, format!("sent {share}, {method}; got 200"));
        self.stored.borrow_mut().push(share.clone());
        if self.fetch().await?.contains(share) {
            return Ok(());
        }
        Err(Failure::Lost(format!("{share} was acknowledged and doesn't come back")))
    }

    /// Asks for all shares of the client: newest first, each once. Those that name no pair are nobody's here.
    pub async fn fetch(&self) -> Result<Vec<CustodianShare>> {
        let answer = self.asks("/backup/fetch", json!({ "clientId": self.cast.client })).await?;
        let shares = answer.body["backupShares"].as_array();
        let shares = shares.ok_or_else(|| answer.strange("an answer without `backupShares`"))?;
        if shares.first().unwrap_or(&Value::Null) != &answer.body["backupShare"] {
            return Err(answer.strange("`backupShare` isn't the first of `backupShares`"));
        }
        let texts = shares.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
        let texts = texts.ok_or_else(|| answer.strange("a share that isn't a string"))?;
        self.tells(&answer, shown(&texts));
        Ok(texts.into_iter().filter_map(CustodianShare::parse).collect())
    }

    /// Every share that was acknowledged comes back.
    pub async fn gets_everything(&self) -> Result<()> {
        let held = self.fetch().await?;
        match self.stored().iter().find(|share| !held.contains(share)) {
            Some(share) => Err(Failure::Lost(format!("{share} was acknowledged and has gone"))),
            None => Ok(()),
        }
    }

    async fn asks(&self, path: &str, body: Value) -> Result<Answer> {
        let request = Request::post(self.cast.webhook.at(path), body);
        let request = request.proven(SECRET_HEADER, &self.cast.webhook_secret);
        in_time(self.http.send(request).await?.good()?)
    }

    fn tells(&self, answer: &Answer, what: String) {
        let (request, took) = (&*answer.request, answer.took);
        (self.tell)(&Told::Exchange(&Exchange { who: "Portal", request, what, took }));
    }
}

/// Portal takes no answer after its time.
fn in_time(answer: Answer) -> Result<Answer> {
    if answer.took > PORTALS_PATIENCE {
        return Err(Failure::Late { request: answer.request, took: answer.took });
    }
    Ok(answer)
}

/// The newest of what a fetch gives: one client can hold many.
fn shown(held: &[&str]) -> String {
    const SHOWN: usize = 6;
    let digests = held.iter().take(SHOWN).map(|share| short_digest(share)).collect::<Vec<_>>().join(" ");
    match held.len() {
        ..=SHOWN => format!("got {digests}"),
        MOST_OF_A_FETCH => format!("got {digests} and 122 others: as many as a fetch gives"),
        all => format!("got {digests} and {} others", all - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::StatusCode;

    use super::*;

    #[test]
    fn an_answer_that_portal_would_not_have_waited_for_is_none() {
        let answer = |millis| Answer {
            request: "POST /webhook/backup".into(),
            status: StatusCode::OK,
            body: json!({}),
            took: Duration::from_millis(millis),
        };
        assert!(in_time(answer(10_000)).is_ok());
        let late = in_time(answer(10_100)).unwrap_err().to_string();
        assert_eq!(late, "POST /webhook/backup took 10.1 s, and Portal waits 10 s");
    }
}
