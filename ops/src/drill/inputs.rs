//! What the drill is given: addresses by options, what is secret by the environment or files.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use story::{Cast, Credential};

use super::Options;
use crate::half::Half;

/// Whom to play, and a Portal client's token if there is one.
pub struct Inputs {
    pub cast: Cast,
    pub portal: Option<Credential>,
}

/// The functions refuse a shorter one, whatever its digest (docs/contract.md).
const MIN_SECRET: usize = 16;

/// Reads what the options name.
///
/// # Errors
/// One line that says what to give.
pub fn read(options: &Options) -> Result<Inputs, String> {
    let (token_file, secret_file) = (options.token_file.as_deref(), options.webhook_secret_file.as_deref());
    if [token_file, secret_file].iter().all(|file| file.is_some_and(is_stdin)) {
        return Err("standard input holds one thing: name a file for the token or for the secret".into());
    }
    if options.freeze {
        Half::BOTH
            .iter()
            .try_for_each(|half| options.tables.of(*half).map(drop))
            .map_err(|why| why.to_string())?;
    }
    let token = credential("DRILL_TOKEN", "--token-file", token_file)?;
    let webhook_secret = credential("WEBHOOK_SECRET", "--webhook-secret-file", secret_file)?;
    if webhook_secret.expose().len() < MIN_SECRET {
        return Err(format!("the webhook secret is under {MIN_SECRET} characters: every stack refuses it"));
    }
    let cast = Cast {
        client_api: options.client_api.clone(),
        webhook: options.webhook.clone(),
        client: options.client.clone(),
        token,
        webhook_secret,
    };
    Ok(Inputs { cast, portal: variable("PORTAL_CLIENT_TOKEN")? })
}

/// A client that is no wallet of Portal's. A made-up share would be the newest of a real one, and its next recovery would
/// get that.
///
/// # Errors
/// What such an id looks like.
pub fn drill_client(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("drill").filter(|rest| rest.is_empty() || rest.starts_with('-'));
    let good = rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    if good && text.len() <= 64 {
        return Ok(text.into());
    }
    Err("has to be `drill`, or `drill-` with letters, digits and hyphens behind: made-up shares must never be the newest \
         of a real wallet"
        .into())
}

fn credential(name: &str, option: &str, file: Option<&Path>) -> Result<Credential, String> {
    match file {
        Some(file) => parse(&file.display().to_string(), &contents(file)?),
        None => {
            variable(name)?.ok_or_else(|| format!("{name} is not set: set it, or name a file with {option}"))
        }
    }
}

fn variable(name: &str) -> Result<Option<Credential>, String> {
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => parse(name, &text).map(Some),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("{name} is no text")),
    }
}

fn parse(name: &str, text: &str) -> Result<Credential, String> {
    text.parse().map_err(|why| format!("{name} {why}"))
}

fn contents(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = if is_stdin(file) {
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    read.map_err(|why| format!("{} can't be read: {why}", file.display()))
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wallet_of_portals_can_be_the_drills_client() {
        for good in ["drill", "drill-2", "drill-eu-1", "drill-"] {
            assert_eq!(drill_client(good), Ok(good.into()));
        }
        for bad in
            ["", "alice", "c19vjk2158y5o9bhedinl6agl", "Drill", "driller", "drill/..", "drill?x", "drill-ä"]
        {
            assert!(drill_client(bad).is_err(), "{bad}");
        }
    }
}
