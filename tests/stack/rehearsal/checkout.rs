//! A checkout of the project in a folder of its own, in which an operator edits values and types commands.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::{account::Account, values};
use crate::support::project::{functions, root};

/// A checkout, and the terminal in it.
pub struct Checkout {
    account: Account,
    folder: TempDir,
}

impl Checkout {
    /// Copies the project, and what `sam build` has made of it.
    pub async fn of(account: &Account) -> Self {
        let folder = TempDir::new().unwrap();
        let mut account = account.clone();
        account.variables.insert("BUILT".into(), folder.path().join("built").into());
        account.variables.insert("CHECKOUT".into(), folder.path().into());
        let copy = "git ls-files -z --cached --others --exclude-standard -- ':!fuzz/corpus' \
            | tar --null --files-from - --create --file - | tar --extract --file - --directory \"$CHECKOUT\"";
        account.types(root(), copy).await;
        let checkout = Self { account, folder };
        let build = env::var("BUILD_DIR").unwrap_or(".aws-sam/build".into());
        for (function, logical_id) in functions() {
            let from = root().join(&build).join(&logical_id).join("bootstrap");
            let to = checkout.built(&function);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&from, to).expect("`sam build` came first");
        }
        checkout
    }

    /// The program of a function that `cargo lambda build` gives here.
    pub fn built(&self, function: &str) -> PathBuf {
        self.path("built").join(function).join("bootstrap")
    }

    /// A file or folder of the checkout.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A parameter's value in samconfig.toml.
    pub fn value(&self, stage: &str, name: &str) -> String {
        values::get(&fs::read_to_string(self.path("samconfig.toml")).unwrap(), stage, name).into()
    }

    /// Sets a parameter where an operator would: a line of samconfig.toml.
    pub fn set(&self, stage: &str, name: &str, value: &str) {
        let path = self.path("samconfig.toml");
        fs::write(&path, values::set(&fs::read_to_string(&path).unwrap(), stage, name, value)).unwrap();
    }

    /// Replaces a part of a file, which has to be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}");
        fs::write(self.path(name), text.replace(from, to)).unwrap();
    }

    /// Gives a stack another name in samconfig.toml.
    pub fn renames(&self, stack: &str, to: &str) {
        self.edit("samconfig.toml", &format!("\"{stack}\""), &format!("\"{to}\""));
    }

    /// The account in which the checkout's commands are typed.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Types a script here, which has to come to a good end, and gives what it prints.
    pub async fn types(&self, script: &str) -> String {
        self.account.types(self.folder.path(), script).await
    }

    /// Types a script here, and gives what it prints, or what it says when it fails.
    pub async fn tries(&self, script: &str) -> Result<String> {
        let typed = self.account.tries(self.folder.path(), script).await;
        ensure!(typed.good, "{}", last_lines(&typed.said));
        Ok(typed.said)
    }

    /// What a script says here, whether or not it comes to a good end.
    pub async fn says(&self, script: &str) -> String {
        self.account.tries(self.folder.path(), script).await.said
    }

    /// Types a script here, which has to be refused, and gives what is said then.
    pub async fn is_refused(&self, script: &str) -> String {
        self.account.is_refused(self.folder.path(), script).await
    }
}

/// What a program says last is why it fails.
fn last_lines(said: &str) -> String {
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join("\n")
}
