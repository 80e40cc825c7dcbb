//! The story of this product: what Portal and a user's app send to a served API, with every answer checked.
//!
//! A backup of two curves, a recovery with new pairs, and two ways in which an app dies half-way; then those who must be
//! refused. Each recovery ends with the wallet's keys, rebuilt from what came back. `cargo local`, `custodian drill` and
//! the rehearsal play it.

mod address;
mod app;
mod client_half;
mod credential;
mod failure;
mod held_back;
mod http;
mod portal;
mod shares;
mod strangers;
mod telling;
mod whole;

use pairs::{Random, Wallet};

pub use self::address::Address;
pub use self::credential::Credential;
pub use self::failure::{Failure, Result};
pub use self::http::{Answer, Http, PATIENCE, PORTALS_PATIENCE, Request};
pub use self::portal::SECRET_HEADER;
pub use self::telling::{Exchange, Tell, Told};
pub use hyper::{Method, StatusCode, header};

use self::{app::App, portal::Portal};

/// Whom the story is about, and how its two parties prove who they are.
pub struct Cast {
    /// Base URL of the client API.
    pub client_api: Address,
    /// Base URL of the webhook, as Portal's dashboard takes it.
    pub webhook: Address,
    /// The wallet's client id at Portal.
    pub client: String,
    /// The app's bearer token.
    pub token: Credential,
    /// The secret that Portal's calls carry.
    pub webhook_secret: Credential,
}

/// The story of one wallet, to be played in parts.
pub struct Story<'a> {
    cast: &'a Cast,
    http: &'a Http,
    tell: Tell<'a>,
    app: App<'a>,
    portal: Portal<'a>,
    wallet: &'a Wallet,
}

impl<'a> Story<'a> {
    /// A story in which nothing has happened yet.
    ///
    /// # Errors
    /// When there are no random numbers for the app's key.
    pub fn new(cast: &'a Cast, http: &'a Http, wallet: &'a Wallet, tell: Tell<'a>) -> Result<Self> {
        let (app, portal) = (App::new(cast, http, tell)?, Portal::new(cast, http, tell));
        Ok(Self { cast, http, tell, app, portal, wallet })
    }

    /// The custodian shares that were acknowledged so far, in the order of their storing.
    pub fn custodian_shares(&self) -> Vec<String> {
        self.portal.stored().iter().map(|share| share.text().to_owned()).collect()
    }

    /// The app's shares that were acknowledged so far, in the order of their storing.
    pub fn client_shares(&self) -> Vec<String> {
        self.app.stored().iter().map(|share| share.0.clone()).collect()
    }

    fn act(&self, title: &str) {
        (self.tell)(&Told::Act(title));
    }

    fn aside(&self, text: &str) {
        (self.tell)(&Told::Aside(text));
    }
}

/// A client id that no earlier story has used.
///
/// # Errors
/// When there are no random numbers.
pub fn new_client() -> Result<String> {
    Ok(random()?.id())
}

fn random() -> Result<Random> {
    Random::system().map_err(|why| Failure::here(&why))
}
