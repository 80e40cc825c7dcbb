//! Replays what the fuzzer has found worth keeping, on the stable toolchain.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{collections::BTreeSet, fs, path::Path};

use fuzz_harness::Function;

#[test]
fn every_file_of_every_corpus_holds_its_targets_rules() {
    let corpora = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus"));
    for (name, target) in fuzz_harness::TARGETS {
        let files = fs::read_dir(corpora.join(name)).unwrap().map(|entry| entry.unwrap().path());
        let bytes: Vec<_> = files.map(|file| (file.clone(), fs::read(file).unwrap())).collect();
        assert!((20..=40).contains(&bytes.len()), "{name} has {} seeds", bytes.len());
        for (file, bytes) in bytes {
            let held = std::panic::catch_unwind(|| target(&bytes));
            assert!(held.is_ok(), "{} breaks a rule", file.display());
        }
    }
}

#[test]
fn every_seed_has_a_name_that_says_what_it_is() {
    let corpora = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus"));
    for (name, _) in fuzz_harness::TARGETS {
        for entry in fs::read_dir(corpora.join(name)).unwrap() {
            let seed = entry.unwrap().file_name().into_string().unwrap();
            let hash = seed.len() == 40 && seed.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(!hash, "{name}/{seed} is libFuzzer's name");
        }
    }
}

#[test]
fn every_function_is_fuzzed() {
    let folders = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions")).unwrap();
    let folders: BTreeSet<_> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(folders, Function::ALL.map(|function| function.folder().to_owned()).into());
}
