//! `custodian export`.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use aws_sdk_dynamodb::types::AttributeValue;
use backup_shares::stop::Held;
use faults::{Exception, Fate, Fault, Proxy};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Custodian, planted::stored};
use crate::support::{
    event::{CLIENT, digest},
    half::{CLIENTS, CUSTODIANS, HALVES, Half},
    many::{as_json, share},
    system::System,
};

/// The name that a half has on the command line.
pub fn name(half: Half) -> &'static str {
    if half == CLIENTS { "client" } else { "custodian" }
}

/// Exports a half to a file, which must work.
pub async fn exported(system: &System, half: Half, out: &Path) -> Value {
    let said = exporting(system, half, out).with(["--json"]).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    said.lines().remove(0)
}

/// The command that exports a half to a file.
pub fn exporting(system: &System, half: Half, out: &Path) -> Custodian {
    Custodian::at(system).with(["export", "--half", name(half)]).with([out]).fast()
}

/// The rows' lines of an export.
fn rows(out: &Path) -> Vec<String> {
    let text = fs::read_to_string(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    lines[1..lines.len() - 1].iter().map(|line| (*line).to_owned()).collect()
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_export_holds_every_row_as_it_lies_there_and_opens_none() {
    for half in HALVES {
        let (system, database, like) = stored(half, 3).await;
        let stop = system.hold(half, CLIENT, Held::Everything).await;
        system.lift(half, CLIENT, &stop).await;
        like.put(
            &database,
            &json!({ "pk": { "S": "a \"foreign\"\n row" }, "sk": { "S": "é" }, "x": { "NULL": true } }),
        );
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("half.jsonl");
        let said = exported(&system, half, &out).await;
        assert_eq!((&said["rows"], &said["half"], &said["exit"]), (&json!(9), &json!(name(half)), &json!(0)));
        assert_eq!(names(&folder), ["half.jsonl"]);
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
        let mut expected = BTreeMap::new();
        for row in system.rows(half.stores).await {
            let key = [&row["pk"], &row["sk"]].map(|key| key.as_s().unwrap().clone());
            let nulls = row.values().any(AttributeValue::is_null);
            expected.insert(key, if nulls { Value::Null } else { as_json(&row) });
        }
        let lines = rows(&out);
        assert_eq!(lines.len(), expected.len());
        for (line, (key, row)) in lines.iter().zip(&expected) {
            let read: Value = serde_json::from_str(line).unwrap();
            assert!(
                line.starts_with(r#"{"pk":{"S":""#) && read["pk"]["S"] == key[0] && read["sk"]["S"] == key[1]
            );
            assert!(row.is_null() || *row == read, "{line}");
        }
        let text = fs::read_to_string(&out).unwrap();
        let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
        let seal: Value = serde_json::from_str(last).unwrap();
        assert_eq!(seal, json!({ "rows": 9, "sha256": digest(&format!("{before}\n")) }));
        assert_eq!(said["sha256"], seal["sha256"]);
        assert!(!text.contains(&share(0, 600)) && system.kms_calls("Decrypt").is_empty());
    }
}

/// Killed between any two pages, between the last two steps, and again.
#[tokio::test]
async fn an_export_that_was_killed_goes_on_and_is_the_same() {
    let (system, database, like) = stored(CLIENTS, 1).await;
    like.spread(&database, 0..60, 50);
    let folder = TempDir::new().unwrap();
    let [whole, out] = ["whole", "killed"].map(|name| folder.path().join(name));
    exported(&system, CLIENTS, &whole).await;
    let (exporting, checkpoint) =
        (exporting(&system, CLIENTS, &out), folder.path().join("killed.checkpoint"));
    let mut sizes = Vec::new();
    for page in [1, 5, 12, 9, 9] {
        assert_eq!(exporting.is_killed_at(&system, page).await, "");
        sizes.push(
            serde_json::from_slice::<Value>(&fs::read(&checkpoint).unwrap()).unwrap()["bytes"]
                .as_u64()
                .unwrap(),
        );
    }
    assert!(sizes.is_sorted() && sizes[0] == 0 && sizes[4] > sizes[2], "it goes on: {sizes:?}");
    let last = fs::read(&checkpoint).unwrap();
    let said = exporting.ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert_eq!(rows(&out), rows(&whole));
    assert_eq!(names(&folder), ["killed", "whole"]);
    // As if it had been killed before its notes were gone.
    fs::write(&checkpoint, last).unwrap();
    fs::write(folder.path().join("killed.partial"), "half a line").unwrap();
    let said = exporting.ends().await;
    assert_eq!((said.code, said.out.contains("6002 rows")), (Some(0), true), "{}", said.all());
    assert_eq!(names(&folder), ["killed", "whole"]);
    let said = exporting.ends().await;
    assert_eq!((said.code, said.err.contains("is there already")), (Some(2), true), "{}", said.all());
}

#[tokio::test]
async fn another_export_does_not_go_on_with_the_files_of_this_one() {
    let (system, database, like) = stored(CLIENTS, 1).await;
    like.spread(&database, 0..20, 50);
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    exporting(&system, CLIENTS, &out).is_killed_at(&system, 7).await;
    let before = fs::read(folder.path().join("out.partial")).unwrap();
    for (other, says) in [
        (exporting(&system, CUSTODIANS, &out), "export of the client half"),
        (
            exporting(&system, CLIENTS, &out).with(["--client-table", system.table("webhook-fetch")]),
            "another run",
        ),
    ] {
        let said = other.ends().await;
        assert_eq!((said.code, said.err.contains(says)), (Some(2), true), "{}", said.all());
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    }
    assert_eq!(fs::read(folder.path().join("out.partial")).unwrap(), before);
    fs::remove_file(folder.path().join("out.checkpoint")).unwrap();
    let said = exporting(&system, CLIENTS, &out).ends().await;
    assert_eq!(
        (said.code, said.err.contains("out.partial is in the way")),
        (Some(2), true),
        "{}",
        said.all()
    );
}

/// One clear line, a code that is not 0, and no file.
#[tokio::test]
async fn what_is_missing_is_said_before_a_file_is_made() {
    let (system, ..) = stored(CLIENTS, 1).await;
    let refuses = |_: usize, _: &faults::Seen| {
        Fate::Before(Fault::Refuse(Exception { status: 400, code: "AccessDeniedException" }))
    };
    let refusing = Proxy::start(&system.dynamodb_url, refuses).await.unwrap();
    let folder = TempDir::new().unwrap();
    let export = exporting(&system, CLIENTS, &folder.path().join("out"));
    let nowhere = export.setting("AWS_ACCESS_KEY_ID", "").setting("AWS_EC2_METADATA_DISABLED", "true");
    for (export, code, says) in [
        (export.setting("CLIENT_TABLE", ""), 2, "Export CLIENT_TABLE"),
        (export.setting("CLIENT_TABLE", "another"), 4, "there is no such table"),
        (export.setting("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"), 4, "AWS can't be reached"),
        (export.setting("AWS_ENDPOINT_URL_DYNAMODB", &refusing.url), 4, "take the operators' role"),
        (nowhere, 4, "no credentials were found"),
        (exporting(&system, CLIENTS, &folder.path().join("no/folder")), 4, "No such file"),
    ] {
        let said = export.ends().await;
        assert_eq!((said.code, said.err.contains(says)), (Some(code), true), "{says}: {}", said.all());
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        assert!(said.out.is_empty() && names(&folder).is_empty(), "{}", said.out);
    }
    let said = export.with(["--read-units", "0"]).ends().await;
    assert_eq!(said.code, Some(2), "{}", said.all());
}
