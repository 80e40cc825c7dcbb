//! The user's app: it hands over its encrypted share, and takes it back.

use std::cell::{Ref, RefCell};

use pairs::{AppKey, Halves};
use serde_json::{Value, json};

use crate::{
    Cast,
    failure::{Failure, Result},
    http::{Answer, Http, Request},
    random,
    shares::ClientShare,
    telling::{Exchange, Tell, Told},
};

/// The method under which the app hands over.
const METHOD: &str = "GDRIVE";
/// How many of the list an app tries. Its own are the newest.
const TRIED: usize = 10;

/// The app of one client.
pub struct App<'a> {
    cast: &'a Cast,
    http: &'a Http,
    tell: Tell<'a>,
    key: AppKey,
    stored: RefCell<Vec<ClientShare>>,
}

impl<'a> App<'a> {
    pub fn new(cast: &'a Cast, http: &'a Http, tell: Tell<'a>) -> Result<Self> {
        let key = AppKey::new(&random()?.bytes()).map_err(|why| Failure::here(&why))?;
        Ok(Self { cast, http, tell, key, stored: RefCell::default() })
    }

    /// What was acknowledged so far.
    pub fn stored(&self) -> Ref<'_, Vec<ClientShare>> {
        self.stored.borrow()
    }

    /// Encrypts its halves of both curves and hands them over, in the form that Portal's current web and React Native
    /// guides send.
    pub async fn store(&self, halves: &Halves) -> Result<ClientShare> {
        let share = self.key.seal(halves, &mut random()?).map_err(|why| Failure::here(&why))?;
        let body = json!({"data": {"backupMethod": METHOD, "cipherText": share}});
        let share = ClientShare(share);
        let answer = self.asks(Request::post(self.url(""), body)).await?.good()?;
        self.tells(&answer, format!("sent {share}, {METHOD}; got 200"));
        self.stored.borrow_mut().push(share.clone());
        Ok(share)
    }

    /// Its halves, from what it has handed over.
    pub fn open(&self, share: &ClientShare) -> Result<Halves> {
        self.key.open(&share.0).map_err(|why| Failure::not_the_wallet(&why))
    }

    /// Takes back the newest share.
    pub async fn get(&self) -> Result<ClientShare> {
        self.get_by("").await
    }

    /// Takes back the newest share of its method.
    pub async fn get_by_method(&self) -> Result<ClientShare> {
        self.get_by(&format!("?backupMethod={METHOD}")).await
    }

    async fn get_by(&self, query: &str) -> Result<ClientShare> {
        let answer = self.asks(Request::get(self.url(query))).await?.good()?;
        let text = answer.body["cipherText"].as_str();
        let text = text.ok_or_else(|| answer.strange("an answer without `cipherText`"))?;
        if answer.body["backupShare"] != text {
            return Err(answer.strange("`backupShare` and `cipherText` differ"));
        }
        let share = ClientShare(text.into());
        self.tells(&answer, format!("got {share}"));
        Ok(share)
    }

    /// Looks for an older share as an app does: through the list, newest first, until one opens the wallet.
    pub async fn finds<T>(&self, opens: impl Fn(&ClientShare) -> Result<T>) -> Result<(ClientShare, T)> {
        for id in self.list().await?.iter().take(TRIED) {
            let share = self.get_by(&format!("?backupId={id}")).await?;
            if let Ok(opened) = opens(&share) {
                return Ok((share, opened));
            }
        }
        Err(Failure::Lost(
            "no share of the list opens the wallet, and one that would was acknowledged".into(),
        ))
    }

    /// The ids of its shares, newest first.
    async fn list(&self) -> Result<Vec<String>> {
        let answer = self.asks(Request::get(self.url("s"))).await?.good()?;
        let backups = answer.body["backups"].as_array();
        let backups = backups.ok_or_else(|| answer.strange("an answer without `backups`"))?;
        let ids = backups.iter().map(id_of).collect::<Option<Vec<_>>>();
        let ids = ids.ok_or_else(|| answer.strange("a backup without an `id` of ours"))?;
        self.tells(&answer, format!("got {} ids", ids.len()));
        Ok(ids)
    }

    async fn asks(&self, request: Request) -> Result<Answer> {
        self.http.send(request.bearing(&self.cast.token)).await
    }

    fn url(&self, behind: &str) -> String {
        self.cast.client_api.at(&path(&self.cast.client, behind))
    }

    fn tells(&self, answer: &Answer, what: String) {
        let (request, took) = (&*answer.request, answer.took);
        (self.tell)(&Told::Exchange(&Exchange { who: "app", request, what, took }));
    }
}

/// The path of a client's share; with an `s` behind it, of its list.
pub fn path(client: &str, behind: &str) -> String {
    format!("/portal/clients/{client}/backup{behind}")
}

fn id_of(backup: &Value) -> Option<String> {
    let id = backup["id"].as_str()?;
    id.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| id.to_owned())
}
