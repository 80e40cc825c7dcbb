//! Plays the story of this product at the API, as Portal and a user's app would, and checks every answer.
//!
//! A backup of two curves, a recovery with new pairs, and a recovery in which the app dies half-way.

mod app;
mod http;
mod portal;
mod shares;
mod telling;

use anyhow::{Result, ensure};

use self::app::App;
use self::http::Http;
use self::portal::Portal;
use self::shares::{ClientShare, Curve, CustodianShare, random_id};
use crate::terminal;

/// Whom the story is about, and how its two parties prove who they are.
#[derive(Debug)]
pub struct Cast {
    /// Base URL of the API.
    pub api: String,
    /// The wallet's client id at Portal.
    pub client: String,
    /// The app's bearer token.
    pub token: String,
    /// The secret that Portal's calls carry.
    pub webhook_secret: String,
}

/// A client id that no earlier story has used.
///
/// # Errors
/// When there are no random numbers.
pub fn new_client() -> Result<String> {
    random_id()
}

/// Plays the whole story.
///
/// # Errors
/// At the first answer that isn't what that party needs.
pub async fn play(cast: &Cast) -> Result<()> {
    let http = Http::new(&cast.api);
    let portal = Portal::new(&http, &cast.client, &cast.webhook_secret);
    let app = App::new(&http, &cast.client, &cast.token);
    terminal::say("");
    terminal::say(format_args!("The story of client {}", cast.client));
    terminal::say("(of a share: the first digits of its SHA-256, and its size)");
    let first = backup(&portal, &app).await?;
    let second = recovery(&portal, &app, &first).await?;
    interrupted_recovery(&portal, &app, &second).await
}

/// What both sides of one backup hold: together they rebuild the wallet's keys.
struct Backup {
    custodian: [CustodianShare; 2],
    client: ClientShare,
}

async fn backup(portal: &Portal<'_>, app: &App<'_>) -> Result<Backup> {
    telling::act(1, "A backup of two curves");
    let custodian = new_pairs(portal).await?;
    let client = ClientShare::random()?;
    app.store(&client).await?;
    Ok(Backup { custodian, client })
}

async fn recovery(portal: &Portal<'_>, app: &App<'_>, old: &Backup) -> Result<Backup> {
    telling::act(2, "A recovery: the phone is lost, both halves move to new pairs");
    open_both(portal, app, old).await?;
    let custodian = new_pairs(portal).await?;
    let client = ClientShare::random()?;
    app.store(&client).await?;
    let now = Backup { custodian, client };
    open_both(portal, app, &now).await?;
    Ok(now)
}

async fn interrupted_recovery(portal: &Portal<'_>, app: &App<'_>, old: &Backup) -> Result<()> {
    telling::act(3, "A recovery in which the app dies half-way");
    open_both(portal, app, old).await?;
    new_pairs(portal).await?;
    telling::aside("the app dies: its new share never comes");
    open_both(portal, app, old).await?;
    let [secp256k1, ed25519] = &old.custodian;
    telling::aside(&format!("the old two still open, {secp256k1}, {ed25519}"));
    telling::aside(&format!("and {}: the wallet is not lost", old.client));
    Ok(())
}

/// Portal hands over a new share of each curve, both at once, and looks whether it came.
async fn new_pairs(portal: &Portal<'_>) -> Result<[CustodianShare; 2]> {
    let [first, second] =
        [CustodianShare::random(portal.client())?, CustodianShare::random(portal.client())?];
    tokio::try_join!(portal.store(Curve::Secp256k1, &first), portal.store(Curve::Ed25519, &second))?;
    Ok([first, second])
}

/// The app gets its half of this backup, and Portal finds the other under the same pairs as before.
async fn open_both(portal: &Portal<'_>, app: &App<'_>, backup: &Backup) -> Result<()> {
    let client = app.get().await?;
    ensure!(client == backup.client, "the app got {client} and needs {}", backup.client);
    let held = portal.fetch().await?;
    for share in &backup.custodian {
        let pair = held.iter().find(|held| held.pair() == share.pair());
        ensure!(pair == Some(share), "Portal needs {share} of pair {}, and didn't get it", share.pair());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::StatusCode;

    #[tokio::test]
    async fn the_first_answer_that_is_not_200_ends_the_story() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}", listener.local_addr().unwrap());
        let service = Router::new().fallback(async || (StatusCode::SERVICE_UNAVAILABLE, "no"));
        tokio::spawn(async { axum::serve(listener, service).await });
        let cast = Cast { api, client: "c1".into(), token: "t".into(), webhook_secret: "s".into() };
        let error = play(&cast).await.unwrap_err().to_string();
        assert_eq!(error, "POST /webhook/backup is answered 503 Service Unavailable: no");
    }
}
