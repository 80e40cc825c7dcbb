//! No copy of an opened share stays in memory that is ours. Linux shows a process its own memory as a file.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    sync::{Mutex, PoisonError},
};

use backup_shares::{
    auth::Portal,
    envelope::{Binding, Envelope, Freshness, seal},
    ids::{ClientId, Method},
    secret::Secret,
    share::Share,
    slot::{Kind, Slot},
};
use lambda_http::request;

use crate::support::{event::Event, system::System};

/// A share that this process holds in no form that reads as it, until one is asked for.
struct Canary(Vec<u8>);

impl Canary {
    const MASK: u8 = 0x2a;

    fn new() -> Self {
        Self((0..64).map(|_| fastrand::alphanumeric() as u8 ^ Self::MASK).collect())
    }

    fn share(&self) -> Share {
        let mut text = String::with_capacity(self.0.len());
        text.extend(self.0.iter().map(|byte| char::from(byte ^ Self::MASK)));
        Share::parse(Secret::new(text)).unwrap()
    }

    /// How often half of it or more stands in this process's memory; what is there can be counted twice, since the buffer that
    /// it is read into is a part of that memory.
    fn copies(&self) -> usize {
        // Whoever else looks has what it reads in a buffer, which is this process's memory too.
        static LOOKING: Mutex<()> = Mutex::new(());
        let _alone = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let writable = maps.lines().filter(|line| line.split(' ').nth(1).unwrap().starts_with("rw"));
        writable.map(|line| self.copies_in(&memory, line.split(' ').next().unwrap())).sum()
    }

    fn copies_in(&self, memory: &File, range: &str) -> usize {
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        // Another thread may have given the range back: then what could be read counts.
        let _whole = memory.read_exact_at(&mut bytes, start);
        // What was read is a copy too, and has to be wiped.
        let bytes = Secret::new(bytes);
        let half = self.0.len() / 2;
        [&self.0[..half], &self.0[half..]].map(|part| count(bytes.expose(), part)).into_iter().max().unwrap()
    }
}

/// How often this stands in the bytes, masked.
fn count(bytes: &[u8], masked: &[u8]) -> usize {
    let is_there =
        |window: &[u8]| window.iter().zip(masked).all(|(byte, masked)| byte ^ Canary::MASK == *masked);
    bytes.windows(masked.len()).filter(|window| is_there(window)).count()
}

#[test]
fn an_opened_share_is_in_memory_until_it_is_dropped_and_then_no_more() {
    let canary = Canary::new();
    let slot = Slot {
        kind: Kind::Custodian,
        client: ClientId::parse("client").unwrap(),
        method: Method::unknown(),
        pair: None,
    };
    let (binding, data_key) = (Binding { slot: &slot, stored_at: 1 }, Secret::new([7; 32]));
    let fresh = Freshness { salt: [1; 32], nonce: [2; 12] };
    let sealed = seal(&canary.share(), &binding, &data_key, b"wrapped", fresh).unwrap();
    assert_eq!(canary.copies(), 0, "sealing leaves a copy");
    let opened = Envelope::parse(&sealed).unwrap().open(&binding, &data_key).unwrap();
    assert!(canary.copies() > 0, "this can't see a share that is there");
    drop(opened);
    assert_eq!(canary.copies(), 0, "opening leaves a copy");
}

#[tokio::test]
async fn a_fetch_leaves_no_copy_of_a_share_once_its_shares_are_dropped() {
    let (system, canary) = (System::start().await, Canary::new());
    let request = request::from_str(&Event::of("webhook-fetch").0.to_string()).unwrap();
    let portal = Portal::authenticate(&request, &system.fetch.policy).unwrap();
    let client = ClientId::parse("client").unwrap();
    for method in ["GDRIVE", "ICLOUD"] {
        let method = Method::parse(method).unwrap();
        system.backup.shares.store(&portal, client.clone(), method, None, &canary.share()).await.unwrap();
    }
    let fetched = system.fetch.shares.fetch(&portal, &client, webhook_fetch::answer::ROOM).await.unwrap();
    assert!(canary.copies() > 0, "this can't see a share that is there");
    drop(fetched);
    assert_eq!(canary.copies(), 0);
}
