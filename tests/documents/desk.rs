//! The README's commands for a desk, as it has them, typed beside a run of `cargo local`.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{block, pages, prose::terms};
use crate::{
    local::drill,
    support::{
        project::root,
        session::{Session, executable},
    },
};

/// Instead of building `local` again: the one that runs, on its folder. Likewise `custodian`.
const CARGO: &str = r#"
cargo() {
    if [ "$1 $2" = "-q local" ]; then shift 2; "$LOCAL" "$@" --data "$DATA"
    elif [ "$1" = custodian ]; then shift; "$CUSTODIAN" "$@"
    else command cargo "$@"; fi
}
"#;

/// A run of `cargo local`, and a second terminal.
struct Desk {
    session: Session,
    folder: TempDir,
}

impl Desk {
    /// What a script prints, typed in the project's folder; the run's own address and secret stand in it.
    async fn types(&self, script: &str) -> String {
        let script = script
            .replace("http://127.0.0.1:3000", &self.session.api)
            .replace("SECRET=…", &format!("SECRET={}", self.session.secret));
        let output = bash(&format!("{CARGO}{script}"), self.folder.path()).await.output().await.unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The answers that a script prints, one after the other.
    async fn answers(&self, script: &str) -> Vec<Value> {
        let said = self.types(script).await;
        serde_json::Deserializer::from_str(&said).into_iter().map(Result::unwrap).collect()
    }
}

async fn bash(script: &str, data: &Path) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", script]).current_dir(root());
    bash.env("LOCAL", executable().await).env("DATA", data);
    bash.env("CUSTODIAN", drill::program::executable().await);
    bash.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    bash
}

#[tokio::test]
async fn the_readmes_commands_work_on_a_desk() {
    let folder = TempDir::new().unwrap();
    let desk = Desk { session: Session::start(&folder).await, folder };
    let invoke = block("README.md", "cargo lambda invoke");
    let status = async |script: &str| desk.answers(script).await[0]["statusCode"].clone();
    assert_eq!(status(&invoke).await, 404);
    assert_eq!(status(&invoke.replace("get-backup", "store-backup")).await, 200);
    assert_eq!(status(&invoke).await, 200);

    let proofs = block("README.md", "TOKEN=$(cargo -q local token alice)");
    let app = block("README.md", "# hands over its encrypted share");
    let with_id = |id: &str| format!("{proofs}{}", app.replace("ID=…", &format!("ID={id}")));
    let said = desk.answers(&with_id("0")).await;
    assert!(said[0]["message"].is_string(), "{said:?}");
    assert_eq!(said[1]["cipherText"], "d59a2f5c8e6b41f0");
    let said = desk.answers(&with_id(said[2]["backups"][0]["id"].as_str().unwrap())).await;
    assert_eq!(said[3]["cipherText"], "d59a2f5c8e6b41f0");
    let drilled = desk.types(&block("README.md", "cargo custodian drill")).await;
    assert!(drilled.contains("Drilled whole."), "{drilled}");
    let portal = block("README.md", "# hands over a custodian share");
    let portal = desk.answers(&format!("{proofs}{portal}")).await;
    assert!(portal[0]["message"].is_string(), "{portal:?}");
    assert_eq!(portal[1]["backupShares"], json!([r#"{"x":"1"}"#]));
}

#[tokio::test]
async fn an_operators_commands_work_on_a_desk() {
    let folder = TempDir::new().unwrap();
    let desk = Desk { session: Session::start(&folder).await, folder };
    let held = desk
        .types(&format!(
            "{}\n{}",
            block("README.md", "TOKEN=$(cargo -q local token alice)"),
            block("README.md", "# hands over a custodian share")
        ))
        .await;
    assert!(held.contains("backupShares"), "{held}");
    let operators = block("docs/operating.md", "cargo custodian freeze");
    let typed = operators.replace("CLIENT=…", "CLIENT=alice").replace(" --why", " --yes --why");
    // The client half has no share, which is said by another exit code.
    let typed = typed.replace("custodian show \"$CLIENT\"", "custodian show \"$CLIENT\" || true");
    let said = desk.types(&format!("eval \"$(cargo -q local env)\"\n{typed}")).await;
    for part in
        ["The custodian half", "the client half has no share to give", "alice is frozen.", "alice is thawed."]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn every_cargo_local_and_custodian_that_a_page_names_is_understood() {
    let terms = pages()
        .into_iter()
        .flat_map(|(page, text)| terms(&text).into_iter().map(move |term| (page.clone(), term)));
    for (page, term) in terms {
        let program = match term.split(' ').nth(1).filter(|_| term.starts_with("cargo ")) {
            Some("local") => Some(executable().await),
            Some("custodian") => Some(drill::program::executable().await),
            _ => None,
        };
        if let Some(program) = program {
            let words = term.split(' ').skip(2).map(|word| word.trim_matches('"').trim_start_matches('$'));
            let understood = Command::new(program).args(words).arg("--help").output().await.unwrap();
            let said = String::from_utf8_lossy(&understood.stderr);
            assert!(understood.status.success(), "{page}: {term}: {said}");
        }
    }
}
