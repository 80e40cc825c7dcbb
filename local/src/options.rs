//! What a user types after `cargo local`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Runs the custodian backend on this computer: the functions, DynamoDB, KMS and the API in front of them.
///
/// Needs no AWS account. The first start compiles the functions, which takes minutes; later ones take seconds.
#[derive(Debug, Parser)]
#[command(name = "local", bin_name = "cargo local", args_conflicts_with_subcommands = true)]
pub struct Options {
    /// What to do; without it, the backend starts.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How the backend runs.
    #[command(flatten)]
    pub serve: Serve,
}

/// Words for another terminal, while the backend runs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints a bearer token of a user of the client API.
    Token {
        /// The user's Portal client id; several for a user with several wallets.
        #[arg(required = true)]
        client_ids: Vec<String>,
        /// Which data folder's run.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Prints the variables that point AWS tools and `cargo lambda invoke` at the backend, for `eval "$(…)"`.
    Env(DataFolder),
}

/// How the backend runs.
#[derive(Debug, Args)]
pub struct Serve {
    /// Port of the API on 127.0.0.1.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Which data folder to run on.
    #[command(flatten)]
    pub data: DataFolder,
    /// The secret that Portal's calls carry, 16 characters or more [default: random, kept with the data].
    #[arg(long, value_name = "SECRET", value_parser = webhook_secret)]
    pub webhook_secret: Option<String>,
    /// A program that authorizes users instead of tokens: docs/login.md says how. The start plays nothing then.
    #[arg(long, value_name = "PROGRAM")]
    pub authorizer: Option<PathBuf>,
    /// Take no more requests a second than template.yaml says: the others get 429.
    #[arg(long)]
    pub rate: bool,
    /// Start without playing a backup and three recoveries first.
    #[arg(long)]
    pub no_demo: bool,
}

/// Where a run keeps its data.
#[derive(Debug, Args)]
pub struct DataFolder {
    /// Folder of the data [default: `local` in cargo's target directory].
    #[arg(long = "data", value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// The functions refuse a shorter secret, whatever its digest.
fn webhook_secret(text: &str) -> Result<String, String> {
    if text.len() < 16 {
        return Err("has to have 16 characters or more".into());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("travels in an HTTP header: visible ASCII characters only, no spaces".into());
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Options::try_parse_from(["local", "--webhook-secret", "short"]).is_err());
        assert!(Options::try_parse_from(["local", "--webhook-secret", "0123456789abcdef"]).is_ok());
    }

    #[test]
    fn token_and_env_take_the_data_folder() {
        let token = ["local", "token", "c1", "c2", "--data", "d"];
        for words in [&token[..], &["local", "env", "--data", "d"]] {
            assert!(Options::try_parse_from(words).is_ok(), "{words:?}");
        }
    }
}
