//! Plays the story of this product at the API, as Portal and a user's app would, and checks every answer.
//!
//! A backup of two curves, a recovery with new pairs, and a recovery in which the app dies half-way. Each recovery ends
//! with the wallet's keys, rebuilt from what came back.

mod app;
mod http;
mod portal;
mod shares;
mod telling;

use anyhow::{Context, Result, ensure};
use pairs::{Halves, Random, Wallet};

use self::app::App;
use self::http::Http;
use self::portal::Portal;
use self::shares::{ClientShare, Curve, CustodianShare};
use crate::terminal;

/// Whom the story is about, and how its two parties prove who they are.
pub struct Cast {
    /// Base URL of the API.
    pub api: String,
    /// The wallet that is backed up and recovered.
    pub wallet: Wallet,
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
    Ok(Random::system()?.id())
}

/// Plays the whole story, and gives the wallet as the last recovery has rebuilt it.
///
/// # Errors
/// At the first answer that isn't what that party needs.
pub async fn play(cast: &Cast) -> Result<Wallet> {
    let http = Http::new(&cast.api);
    let portal = Portal::new(&http, &cast.client, &cast.webhook_secret);
    let app = App::new(&http, &cast.client, &cast.token)?;
    terminal::say("");
    terminal::say(format_args!("The story of client {}", cast.client));
    terminal::say("(of a share: the first digits of its SHA-256, and its size)");
    telling::act(1, "A backup of two curves");
    let first = new_backup(&portal, &app, &cast.wallet).await?;
    let second = recovery(&portal, &app, &cast.wallet, &first).await?;
    interrupted_recovery(&portal, &app, &cast.wallet, &second).await
}

/// What both sides of one backup hold: together they rebuild the wallet's keys.
struct Backup {
    custodian: [CustodianShare; 2],
    client: ClientShare,
}

async fn new_backup(portal: &Portal<'_>, app: &App<'_>, wallet: &Wallet) -> Result<Backup> {
    let (custodian, halves) = new_pairs(portal, wallet).await?;
    let client = app.store(&halves).await?;
    Ok(Backup { custodian, client })
}

async fn recovery(portal: &Portal<'_>, app: &App<'_>, wallet: &Wallet, old: &Backup) -> Result<Backup> {
    telling::act(2, "A recovery: the phone is lost, both halves move to new pairs");
    let recovered = open_both(portal, app, wallet, old).await?;
    let now = new_backup(portal, app, &recovered).await?;
    open_both(portal, app, wallet, &now).await?;
    telling::aside(REBUILT);
    Ok(now)
}

async fn interrupted_recovery(
    portal: &Portal<'_>,
    app: &App<'_>,
    wallet: &Wallet,
    old: &Backup,
) -> Result<Wallet> {
    telling::act(3, "A recovery in which the app dies half-way");
    let recovered = open_both(portal, app, wallet, old).await?;
    new_pairs(portal, &recovered).await?;
    telling::aside("the app dies: its new share never comes");
    let recovered = open_both(portal, app, wallet, old).await?;
    let [secp256k1, ed25519] = &old.custodian;
    telling::aside(&format!("the old two still open, {secp256k1}, {ed25519}"));
    telling::aside(&format!("and {}: the wallet is not lost", old.client));
    telling::aside(REBUILT);
    Ok(recovered)
}

/// What ends a recovery.
const REBUILT: &str = "what came back rebuilds the wallet's keys, on secp256k1 and on ed25519";

/// Portal hands over a new share of each curve, both at once, and looks whether it came. The app has the other halves.
async fn new_pairs(portal: &Portal<'_>, wallet: &Wallet) -> Result<([CustodianShare; 2], Halves)> {
    let pairs::Backup { client, custodian } = wallet.back_up(portal.client(), &mut Random::system()?);
    let [first, second] =
        [CustodianShare::parse(&custodian.secp256k1)?, CustodianShare::parse(&custodian.ed25519)?];
    tokio::try_join!(portal.store(Curve::Secp256k1, &first), portal.store(Curve::Ed25519, &second))?;
    Ok(([first, second], client))
}

/// The app gets its half of this backup, and Portal finds the other under the same pairs as before: the wallet again.
async fn open_both(portal: &Portal<'_>, app: &App<'_>, wallet: &Wallet, backup: &Backup) -> Result<Wallet> {
    let client = app.get().await?;
    ensure!(client == backup.client, "the app got {client} and needs {}", backup.client);
    let held = portal.fetch().await?;
    let find = |share: &CustodianShare| {
        let pair = held.iter().find(|held| held.pair() == share.pair());
        let found = pair.filter(|found| *found == share);
        found.with_context(|| format!("Portal needs {share} of pair {}, and didn't get it", share.pair()))
    };
    let [secp256k1, ed25519] = [find(&backup.custodian[0])?, find(&backup.custodian[1])?];
    let custodian = Halves { secp256k1: secp256k1.text().into(), ed25519: ed25519.text().into() };
    let recovered =
        Wallet::rebuild(&app.open(&client)?, &custodian).context("what came back is no wallet")?;
    ensure!(recovered == *wallet, "what came back is another wallet");
    Ok(recovered)
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
        let wallet = Wallet::random(&mut Random::system().unwrap());
        let cast = Cast { api, wallet, client: "c1".into(), token: "t".into(), webhook_secret: "s".into() };
        let error = play(&cast).await.err().unwrap().to_string();
        assert_eq!(error, "POST /webhook/backup is answered 503 Service Unavailable: no");
    }
}
