//! docs/apps.md: its code is of the languages that it says, and its table has the statuses that there are.

use std::{fs, path::PathBuf, process::Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    contract::openapi::document::Document,
    local::whole_system::start,
    support::{npm, project::root, python::Script},
};

const PARSER: Script = Script { name: "apps", folder: "tests/contract/apps" };

fn page() -> String {
    fs::read_to_string(root().join("docs/apps.md")).unwrap()
}

/// A block of code: its language and text.
type Code = (String, String);

fn code(page: &str) -> Vec<Code> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap()).map(|(of, text)| (of.into(), text.into())).collect()
}

/// Where each is not its language, as far as its grammar knows.
async fn mistakes(code: &[Code]) -> Vec<Vec<String>> {
    let told = PARSER.run(&[], json!(code).to_string().as_bytes()).await;
    serde_json::from_str(&told).unwrap()
}

#[tokio::test]
async fn its_code_is_of_five_platforms_and_each_is_its_language() {
    let code = code(&page());
    let languages: Vec<&str> = code.iter().map(|(language, _)| language.as_str()).collect();
    assert_eq!(languages, ["swift", "kotlin", "ts", "ts", "ts", "dart"]);
    let right = mistakes(&code).await;
    assert!(right.iter().all(Vec::is_empty), "{right:?}");
    let cut = |(language, text): &Code| (language.clone(), text.trim_end().trim_end_matches('}').to_owned());
    let wrong = mistakes(&code.iter().map(cut).collect::<Vec<_>>()).await;
    assert!(wrong.iter().all(|mistakes| !mistakes.is_empty()), "{wrong:?}");
}

/// docs/contract.md, "Telling Portal that the client share is stored".
#[test]
fn its_code_tells_portal_once_and_after_the_share_is_stored() {
    for (language, text) in code(&page()).into_iter().filter(|(_, text)| text.contains("backupWallet(")) {
        let calls = ["storageCallback()", "storedClientBackupShare(", "tellPortal("];
        let calls = calls.iter().flat_map(|call| text.match_indices(call));
        let calls: Vec<usize> = calls.map(|(place, _)| place).collect();
        let [told] = calls[..] else { panic!("{language} tells Portal {} times", calls.len()) };
        let stored = text.find("ask(\"/backup\", ").or_else(|| text.find("ask('/backup', "));
        assert!(stored.is_some_and(|stored| stored < told), "{language}");
    }
}

#[test]
fn its_table_has_every_status_of_the_client_api_and_no_other() {
    let (page, document) = (page(), Document::read());
    let routes = document.operations().into_keys().filter(|route| route.contains("/portal/"));
    let (stores, reads): (Vec<_>, Vec<_>) = routes.partition(|route| route.starts_with("POST"));
    let has =
        |routes: &[String], status| routes.iter().any(|route| document.statuses(route).contains(&status));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")).filter_map(|line| {
        let cells: Vec<&str> = line.trim_end_matches(" |").split(" | ").collect();
        Some((cells[0].parse::<u16>().ok()?, cells))
    });
    let mut found = Vec::new();
    for (status, cells) in rows {
        for (routes, cell) in [(&stores, cells[1]), (&reads, cells[2])] {
            assert_eq!(has(routes, status), !cell.starts_with("Never"), "{status}: {cell}");
        }
        found.push(status);
    }
    let all = (200..600).filter(|status| has(&stores, *status) || has(&reads, *status));
    assert!(all.eq(found.iter().copied()), "{found:?}");
}

/// The compiler that a lock file pins, the TypeScript of the page, and what stands for Portal's SDKs.
struct Compiler(PathBuf);

impl Compiler {
    async fn install() -> Self {
        let files = ["drive.cjs", "package.json", "package-lock.json", "portal.d.ts", "tsconfig.json"];
        Self(npm::install("apps-typescript", "tests/contract/apps", &files).await)
    }

    /// Compiles the page's TypeScript, each block changed first.
    async fn compile(&self, change: impl Fn(&str) -> String) -> Output {
        for (_, text) in code(&page()).iter().filter(|(language, _)| language == "ts") {
            let name = text.lines().next().unwrap().strip_prefix("// ").unwrap();
            fs::write(self.0.join(name), change(text)).unwrap();
        }
        Command::new(self.0.join("node_modules/.bin/tsc")).current_dir(&self.0).output().await.unwrap()
    }

    /// The methods' names as an SDK has them, for code that runs.
    fn stand_in_for(&self, sdk: &str, methods: &Value) {
        let folder = self.0.join("node_modules/@portal-hq").join(sdk);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("index.js"), format!("exports.BackupMethods = {methods}")).unwrap();
    }
}

#[tokio::test]
#[ignore = "needs Node, and installs a compiler of npm's"]
async fn its_typescript_fits_portals_sdks_and_recovers_an_interrupted_backup() {
    let compiler = Compiler::install().await;
    let wrong = compiler.compile(|text| text.replace("backupWallet(", "backupWallet(7, ")).await;
    assert!(!wrong.status.success(), "a wrong call is taken");
    let right = compiler.compile(str::to_owned).await;
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stdout));
    compiler.stand_in_for("core", &json!({"GoogleDrive": "gdrive"}));
    compiler.stand_in_for("web", &json!({"gdrive": "GDRIVE"}));
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    for platform in ["web", "react-native"] {
        let url = format!("{}/portal/clients/{platform}", running.url);
        let mut node = Command::new("node");
        node.args(["drive.cjs", platform, &url, &running.token(platform).unwrap()]).current_dir(&compiler.0);
        let output = node.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let saw: Value = serde_json::from_slice(&output.stdout).unwrap();
        let expected = json!({
            "told": 1,
            "tried": ["alone", "alone", "complete"],
            "refused": [404, "not_found"],
        });
        assert_eq!(saw, expected, "{platform}");
    }
    running.stop().await.unwrap();
}
