//! `custodian verify`: each kind of damage is named, and nothing else.

use std::{fs, path::Path};

use backup_shares::stop::Held;
use dynoxide::Database;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Custodian,
    exporting::{exported, exporting, name},
    planted::{LONG_AGO, Like, stored},
};
use crate::{
    local::drill::program::Said,
    support::{
        event::CLIENT,
        half::{CLIENTS, CUSTODIANS, HALVES, Half},
        many::share,
        system::System,
    },
};

/// The kinds of findings, and the summary.
fn read(said: &Said) -> (Vec<String>, Value) {
    let mut lines = said.lines();
    let summary = lines.pop().unwrap();
    let mut kinds: Vec<String> = lines
        .iter()
        .map(|line| line["finding"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned())
        .collect();
    kinds.sort();
    assert_eq!(summary["findings"], kinds.len(), "{summary}");
    assert_eq!(summary["exit"].as_i64(), said.code.map(i64::from));
    (kinds, summary)
}

fn verifying(system: &System, half: Half) -> Custodian {
    Custodian::at(system).with(["verify", "--half", name(half), "--json"]).fast()
}

async fn found(custodian: Custodian) -> (Vec<String>, Value) {
    let said = custodian.ends().await;
    assert!(said.err.is_empty() && !said.out.contains("xxxx"), "{}", said.all());
    read(&said)
}

async fn against(system: &System, half: Half, export: &Path) -> (Vec<String>, Value) {
    found(verifying(system, half).with(["--against"]).with([export])).await
}

#[tokio::test]
async fn tables_in_which_all_is_well_are_found_so() {
    let (system, database, like) = stored(CUSTODIANS, 4).await;
    CLIENTS.fill(&system, 0..3, 600).await;
    like.spread(&database, 0..3, 2);
    for half in HALVES {
        let stop = system.hold(half, CLIENT, Held::Everything).await;
        system.lift(half, CLIENT, &stop).await;
    }
    let said = Custodian::at(&system).with(["verify"]).ends().await;
    assert_eq!((said.code, said.out.contains("All rows are well.")), (Some(0), true), "{}", said.all());
    let (kinds, summary) = found(Custodian::at(&system).with(["verify", "--json"])).await;
    assert!(kinds.is_empty(), "{kinds:?}");
    let [client, custodian] = [&summary["halves"][0], &summary["halves"][1]];
    assert_eq!(
        (&client["half"], &client["rows"], &client["shares"]),
        (&json!("client"), &json!(8), &json!(3))
    );
    assert_eq!(
        (&custodian["rows"], &custodian["timeRows"], &custodian["stopRows"]),
        (&json!(22), &json!(10), &json!(2))
    );
    let folder = TempDir::new().unwrap();
    for half in HALVES {
        let export = folder.path().join(name(half));
        exported(&system, half, &export).await;
        assert!(against(&system, half, &export).await.0.is_empty());
        let one = verifying(&system, half).with(["--client", CLIENT, "--against"]).with([&export]);
        let (kinds, summary) = found(one).await;
        assert!(kinds.is_empty());
        assert_eq!(summary["halves"][0]["rows"], if half == CLIENTS { 8 } else { 10 });
    }
    assert!(system.kms_calls("Decrypt").is_empty());
}

type Damage = fn(&Database, &Like, &mut [Value; 2]);

/// What is done to an old share and its time row, what `verify` finds by itself, and what it finds against an export.
const DAMAGES: [(&str, Damage, &[&str], &[&str]); 11] = [
    (
        "a removed share",
        |on, like, [share, _]| like.remove(on, share),
        &["without-share"],
        &["removed", "without-share"],
    ),
    ("a removed time row", |on, like, [_, time]| like.remove(on, time), &[], &["removed"]),
    ("both removed", |on, like, rows| like.remove_all(on, rows), &[], &["removed", "removed"]),
    (
        "moved to another client",
        |on, like, rows| {
            for row in rows {
                like.remove(on, row);
                row["pk"] = json!({ "S": "thief" });
                like.put(on, row);
            }
        },
        &[],
        &["put-back", "put-back", "removed", "removed"],
    ),
    (
        "another envelope",
        |on, like, [share, _]| {
            let sealed = share["sealed"]["B"].as_str().unwrap();
            share["sealed"] = json!({ "B": format!("{}AAAA", &sealed[..sealed.len() - 4]) });
            like.put(on, share);
        },
        &[],
        &["changed"],
    ),
    (
        "no envelope",
        |on, like, [share, _]| {
            share["sealed"] = json!({ "B": "AAAA" });
            like.put(on, share);
        },
        &["malformed"],
        &["changed", "malformed"],
    ),
    (
        "another method",
        |on, like, [share, _]| {
            share["method"] = json!({ "S": "ICLOUD" });
            like.put(on, share);
        },
        &["disagrees"],
        &["changed", "disagrees"],
    ),
    (
        "another time",
        |on, like, [share, _]| {
            share["at"] = json!({ "N": (LONG_AGO - 1).to_string() });
            like.put(on, share);
        },
        &["disagrees"],
        &["changed", "disagrees"],
    ),
    (
        "a time row of another time",
        |on, like, [_, time]| {
            like.remove(on, time);
            let key =
                time["sk"]["S"].as_str().unwrap().replace(&LONG_AGO.to_string(), &(LONG_AGO + 9).to_string());
            time["sk"] = json!({ "S": key });
            like.put(on, time);
        },
        &["disagrees"],
        &["disagrees", "put-back", "removed"],
    ),
    (
        "a time that has not come",
        |on, like, [share, _]| {
            share["at"] = json!({ "N": "9000000000000000" });
            like.put(on, share);
        },
        &["ahead", "disagrees"],
        &["ahead", "changed", "disagrees"],
    ),
    (
        "a foreign row",
        |on, like, _| like.put(on, &json!({ "pk": { "S": "victim" }, "sk": { "S": "note\u{1b}[2J" } })),
        &["foreign"],
        &["foreign", "put-back"],
    ),
];

#[tokio::test]
async fn each_kind_of_damage_is_named() {
    for half in HALVES {
        let (system, database, like) = stored(half, 2).await;
        like.spread(&database, 0..2, 2);
        let mut whole = like.pair("victim", 7, LONG_AGO);
        like.put_all(&database, &whole);
        let folder = TempDir::new().unwrap();
        let export = folder.path().join("export");
        exported(&system, half, &export).await;
        for (what, damage, plain, with_export) in DAMAGES {
            let mut rows = whole.clone();
            damage(&database, &like, &mut rows);
            assert_eq!(found(verifying(&system, half)).await.0, plain, "{what}");
            assert_eq!(against(&system, half, &export).await.0, with_export, "{what}");
            // As it was.
            like.remove_all(&database, &rows);
            like.remove(&database, &json!({ "pk": { "S": "victim" }, "sk": { "S": "note\u{1b}[2J" } }));
            like.put_all(&database, &whole);
        }
        let (kinds, summary) = against(&system, half, &export).await;
        assert_eq!((kinds.len(), &summary["new"]), (0, &json!(0)));
        // What was away when the export was made, and is there again.
        like.remove_all(&database, &whole);
        let export = folder.path().join("export-2");
        exported(&system, half, &export).await;
        like.put_all(&database, &whole);
        assert_eq!(against(&system, half, &export).await.0, ["put-back", "put-back"]);
        whole = like.pair("victim", 7, LONG_AGO);
        half.fill(&system, 9..10, 600).await;
        like.remove_all(&database, &whole);
        let (kinds, summary) = against(&system, half, &export).await;
        assert_eq!((kinds.len(), &summary["new"]), (0, &json!(2)), "what came since is no damage");
    }
}

#[tokio::test]
async fn a_removed_stop_and_one_that_cant_be_read_are_named() {
    let (system, database, like) = stored(CLIENTS, 2).await;
    system.hold(CLIENTS, CLIENT, Held::Everything).await;
    let folder = TempDir::new().unwrap();
    let export = folder.path().join("export");
    exported(&system, CLIENTS, &export).await;
    let mut rows = system.rows("store-backup").await;
    rows.retain(|row| row["pk"].as_s().unwrap().starts_with("stop#"));
    system.delete("store-backup", &rows[0]).await;
    assert!(found(verifying(&system, CLIENTS)).await.0.is_empty());
    assert_eq!(against(&system, CLIENTS, &export).await.0, ["removed"]);
    let one = verifying(&system, CLIENTS).with(["--client", CLIENT, "--against"]).with([&export]);
    assert_eq!(found(one).await.0, ["removed"]);
    let other = verifying(&system, CLIENTS).with(["--client", "nobody", "--against"]).with([&export]);
    assert!(found(other).await.0.is_empty());
    like.put(&database, &json!({ "pk": { "S": format!("stop#{CLIENT}") }, "sk": { "S": "withdraw#1" } }));
    assert_eq!(found(verifying(&system, CLIENTS)).await.0, ["unreadable-stop"]);
}

/// A copy of yesterday in the table's place has lost what came since.
#[tokio::test]
async fn an_old_copy_of_the_table_is_named() {
    let (system, database, _) = stored(CLIENTS, 3).await;
    let old = system.rows("store-backup").await;
    CLIENTS.fill(&system, 3..5, 600).await;
    let folder = TempDir::new().unwrap();
    let export = folder.path().join("export");
    exported(&system, CLIENTS, &export).await;
    let keys =
        json!([{ "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "sk", "KeyType": "RANGE" }]);
    let types = json!([
        { "AttributeName": "pk", "AttributeType": "S" }, { "AttributeName": "sk", "AttributeType": "S" },
    ]);
    let table = json!({
        "TableName": "Restored", "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys, "AttributeDefinitions": types,
    });
    database.create_table(serde_json::from_value(table).unwrap()).unwrap();
    for row in old {
        let put = system.aws.dynamodb.put_item().table_name("Restored").set_item(Some(row));
        put.send().await.unwrap();
    }
    let restored = verifying(&system, CLIENTS).with(["--table", "Restored"]);
    assert!(found(restored.clone()).await.0.is_empty(), "by itself it is whole");
    assert_eq!(found(restored.with(["--against"]).with([&export])).await.0, ["removed"; 4]);
}

#[tokio::test]
async fn shares_under_a_key_that_is_not_listed_are_named_where_keys_are_known() {
    let (system, ..) = stored(CLIENTS, 2).await;
    let another =
        verifying(&system, CLIENTS).setting("CLIENT_KEYS", "arn:aws:kms:us-east-1:000000000000:key/another");
    assert_eq!(found(another).await.0, ["unlisted-key"; 2]);
    let (kinds, summary) = found(verifying(&system, CLIENTS).setting("CLIENT_KEYS", "")).await;
    assert_eq!((kinds.len(), &summary["halves"][0]["keysChecked"]), (0, &json!(false)));
    let said = Custodian::at(&system).setting("CLIENT_KEYS", "").with(["verify"]).ends().await;
    assert!(said.out.contains("export CLIENT_KEYS"), "{}", said.all());
}

/// So many that most of their time rows come when the share is forgotten, and is looked up.
#[tokio::test]
async fn a_client_with_thousands_of_shares_is_checked_row_by_row() {
    let (system, database, like) = stored(CLIENTS, 1).await;
    like.spread(&database, 0..1, 2400);
    assert!(found(verifying(&system, CLIENTS)).await.0.is_empty());
    for number in [0, 2399] {
        like.remove(&database, &like.pair("client-0", number, 0)[0]);
        like.remove(&database, &like.pair("client-0", number + 1, LONG_AGO + number as u64 + 1)[1]);
    }
    let (kinds, summary) = found(verifying(&system, CLIENTS)).await;
    assert_eq!(kinds, ["without-share"; 2]);
    assert_eq!(summary["halves"][0]["unacknowledged"], 1);
}

/// One clear line, and nothing is compared.
#[tokio::test]
async fn an_export_that_is_not_as_it_was_written_is_refused() {
    let (system, database, like) = stored(CLIENTS, 2).await;
    like.spread(&database, 0..2, 2);
    let folder = TempDir::new().unwrap();
    let [export, custodians, other] = ["export", "custodians", "other"].map(|name| folder.path().join(name));
    exported(&system, CLIENTS, &export).await;
    exported(&system, CUSTODIANS, &custodians).await;
    let whole = fs::read_to_string(&export).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let without = |number: usize| [&lines[..number], &lines[number + 1..]].concat().concat();
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    for (text, code, says) in [
        (whole[..whole.len() - 1].into(), 4, "is cut"),
        (whole[..whole.len() / 2].into(), 4, "is cut"),
        (lines[..lines.len() - 1].concat(), 4, "is cut"),
        (lines[0].into(), 4, "is cut"),
        (without(3), 4, "was edited"),
        (swapped.concat(), 4, "was edited"),
        (whole.replacen("GDRIVE", "ICLOUD", 1), 4, "was edited"),
        (whole.replacen("\"half\":\"client\"", "\"half\":\"client\" ", 1), 4, "was edited"),
        (format!("{whole}{whole}"), 4, "was edited"),
        (without(0), 2, "is no export"),
        (String::new(), 2, "is no export"),
        (share(1, 5_000_000), 2, "is no export"),
        (whole.replacen("\"custodianExport\":1", "\"custodianExport\":2", 1), 2, "format 2"),
        (fs::read_to_string(&custodians).unwrap(), 2, "of the custodian half"),
    ] {
        fs::write(&other, text).unwrap();
        let said = Custodian::at(&system)
            .with(["verify", "--half", "client", "--against"])
            .with([&other])
            .ends()
            .await;
        assert_eq!((said.code, said.err.contains(says)), (Some(code), true), "{says}: {}", said.all());
        assert_eq!((said.err.lines().count(), &*said.out), (1, ""), "{}", said.all());
    }
    let missing =
        Custodian::at(&system).with(["verify", "--half", "client", "--against", "/nowhere"]).ends().await;
    assert_eq!(
        (missing.code, missing.err.contains("/nowhere: No such file")),
        (Some(2), true),
        "{}",
        missing.all()
    );
    let both = Custodian::at(&system).with(["verify", "--against"]).with([&export]).ends().await;
    assert_eq!((both.code, both.err.contains("--half")), (Some(2), true), "{}", both.all());
}

#[tokio::test]
async fn a_verify_that_was_killed_goes_on_and_says_each_finding_once() {
    let (system, database, like) = stored(CLIENTS, 1).await;
    like.spread(&database, 0..60, 50);
    let folder = TempDir::new().unwrap();
    let [export, resume] = ["export", "resume"].map(|name| folder.path().join(name));
    exported(&system, CLIENTS, &export).await;
    for client in 0..60 {
        like.remove(&database, &like.pair(&format!("client-{client}"), client % 50, 0)[0]);
    }
    let plain = verifying(&system, CLIENTS);
    for (verifying, count) in [(plain.clone(), 60), (plain.with(["--against"]).with([&export]), 120)] {
        let mut undisturbed: Vec<String> = verifying.ends().await.out.lines().map(Into::into).collect();
        let resumed = verifying.with(["--resume"]).with([&resume]);
        for page in [1, 12, 6, 8] {
            assert_eq!(resumed.is_killed_at(&system, page).await, "");
        }
        let other = Custodian::at(&system).with(["verify", "--resume"]).with([&resume]).ends().await;
        assert_eq!((other.code, other.err.contains("another run")), (Some(2), true), "{}", other.all());
        let said = resumed.ends().await;
        assert_eq!(read(&said).0.len(), count, "{}", said.all());
        let mut lines: Vec<String> = said.out.lines().map(Into::into).collect();
        for lines in [&mut undisturbed, &mut lines] {
            lines.pop();
            lines.sort();
        }
        assert_eq!(lines, undisturbed);
        assert!(!resume.exists() && fs::read_dir(folder.path()).unwrap().count() == 1);
    }
}

#[tokio::test]
async fn what_is_missing_around_it_is_one_line() {
    let (system, ..) = stored(CLIENTS, 1).await;
    let folder = TempDir::new().unwrap();
    let letter = folder.path().join("letter");
    fs::write(&letter, "Dear reader").unwrap();
    let verify = Custodian::at(&system).with(["verify"]);
    let nowhere = verify.setting("AWS_ACCESS_KEY_ID", "").setting("AWS_EC2_METADATA_DISABLED", "true");
    for (verify, code, says) in [
        (verify.setting("CUSTODIAN_TABLE", ""), 2, "Export CUSTODIAN_TABLE"),
        (verify.setting("CLIENT_KEYS", "alias/x"), 2, "CLIENT_KEYS"),
        (verify.with(["--half", "client", "--table", "another"]), 4, "there is no such table"),
        (nowhere, 4, "no credentials were found"),
        (verify.with(["--resume"]).with([&letter]), 2, "is no checkpoint"),
    ] {
        let said = verify.ends().await;
        assert_eq!((said.code, said.err.contains(says)), (Some(code), true), "{says}: {}", said.all());
        assert_eq!((said.err.lines().count(), &*said.out), (1, ""), "{}", said.all());
    }
    assert_eq!(fs::read_to_string(&letter).unwrap(), "Dear reader");
    let said = exporting(&system, CLIENTS, &letter).ends().await;
    assert_eq!(said.code, Some(2), "{}", said.all());
}
