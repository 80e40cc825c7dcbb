//! No part of a row can be taken from another row: each field of one that differs from it in one respect, in both
//! directions.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use backup_shares::{
    client_shares::ClientShares, config::SharesConfig, custodian_shares::CustodianShares, key_ring::KeyRing,
};
use serde_json::json;

use crate::support::{
    event::{CLIENT, Event},
    half::{CLIENTS, HALVES, Half},
    system::{Answer, Item, System},
};

/// What may be taken from another row.
#[derive(Clone, Copy, Debug)]
enum Field {
    /// An attribute.
    Attribute(&'static str),
    /// A part of the envelope, see [`parts`].
    EnvelopePart(usize),
    /// All that is no key: envelope, time and KMS key.
    Content,
    /// The same, and the digest with it, which is the row's key.
    ContentAndDigest,
}

const FIELDS: [Field; 15] = [
    Field::Attribute("pk"),
    Field::Attribute("sk"),
    Field::Attribute("at"),
    Field::Attribute("method"),
    Field::Attribute("pair"),
    Field::Attribute("key_id"),
    Field::Attribute("sealed"),
    Field::EnvelopePart(1),
    Field::EnvelopePart(2),
    Field::EnvelopePart(3),
    Field::EnvelopePart(4),
    Field::EnvelopePart(5),
    Field::EnvelopePart(6),
    Field::Content,
    Field::ContentAndDigest,
];

impl Field {
    /// The row with this field of another.
    fn swapped(self, row: &Item, other: &Item) -> Item {
        let mut row = row.clone();
        match self {
            Self::Attribute(name) => drop(row.insert(name.into(), other[name].clone())),
            Self::EnvelopePart(part) => {
                let mut envelope = parts(&row);
                envelope[part] = parts(other).swap_remove(part);
                row.insert("sealed".into(), AttributeValue::B(Blob::new(envelope.concat())));
            }
            Self::Content => {
                for name in ["sealed", "at", "key_id"] {
                    row = Self::Attribute(name).swapped(&row, other);
                }
            }
            Self::ContentAndDigest => {
                row = Self::Attribute("sk").swapped(&Self::Content.swapped(&row, other), other);
            }
        }
        row
    }
}

/// An envelope's magic and version, salt, wrapped key with its length, commitment, nonce, ciphertext, and tag.
fn parts(row: &Item) -> Vec<Vec<u8>> {
    let mut rest = row["sealed"].as_b().unwrap().as_ref();
    let wrapped = usize::from(u16::from_be_bytes([rest[36], rest[37]]));
    let text = rest.len() - (38 + wrapped + 32 + 12 + 16);
    [4, 32, 2 + wrapped, 32, 12, text, 16]
        .map(|length| {
            let part;
            (part, rest) = rest.split_at(length);
            part.to_vec()
        })
        .into()
}

/// The time row of a share's row, whatever that says.
fn time_row(row: &Item) -> Item {
    let at: u64 = row["at"].as_n().unwrap().parse().unwrap();
    let digest = row["sk"].as_s().unwrap().trim_start_matches("share#");
    let mut time = row.clone();
    time.retain(|name, _| ["pk", "method", "pair"].contains(&name.as_str()));
    time.insert("sk".into(), AttributeValue::S(format!("time#{at:016}#{digest}")));
    time
}

impl Half {
    fn use_keys(self, system: &mut System, keys: &str) {
        let keys = KeyRing::parse(keys).unwrap();
        let config = SharesConfig { table: system.table(self.stores).into(), keys };
        if self == CLIENTS {
            system.store.shares = ClientShares::new(&system.aws, config.clone());
            system.get.shares = ClientShares::new(&system.aws, config.clone());
        } else {
            system.backup.shares = CustodianShares::new(&system.aws, config.clone());
            system.fetch.shares = CustodianShares::new(&system.aws, config.clone());
        }
    }

    /// Stores a share, and takes its row out of the table.
    async fn taken(
        self,
        system: &System,
        client: &str,
        method: &str,
        pair: Option<&str>,
        share: &str,
    ) -> Item {
        // A user's client id stands in the token, and Portal's share under another name.
        let body = json!({
            "clientId": client, "backupMethod": method, "backupSharePairId": pair, "share": share, "cipherText": share,
        });
        let stored = system.call(Event::of(self.stores).client(client).body(body)).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        let row = system.shares(self.stores).await.remove(0);
        for row in system.rows(self.stores).await {
            system.delete(self.stores, &row).await;
        }
        row
    }

    /// Asks for the one row that there is, by what it says.
    async fn ask(self, system: &System, row: &Item) -> Answer {
        let [client, method, pair] = ["pk", "method", "pair"].map(|name| row[name].as_s().unwrap());
        let pair = if pair == "-" { String::new() } else { format!("&backupSharePairId={pair}") };
        let event = Event::of(self.reads).client(client).body(json!({ "clientId": client }));
        system.call(event.query(&format!("backupMethod={method}{pair}"))).await
    }

    /// Reads a row that stands alone in the table, with the time row that goes with it.
    async fn read_alone(self, system: &System, row: &Item) -> Answer {
        let time = time_row(row);
        for row in [row, &time] {
            system.put(self.stores, row.clone()).await;
        }
        let answer = self.ask(system, row).await;
        for row in [row, &time] {
            system.delete(self.stores, row).await;
        }
        answer
    }

    /// One row, and those that differ from it in one respect, named by it.
    async fn rows(self, system: &mut System, other_half: Self) -> (Item, Vec<(&'static str, Item)>) {
        let base = self.taken(system, CLIENT, "GDRIVE", Some("pair-1"), "share").await;
        let mut others = vec![
            ("share", self.taken(system, CLIENT, "GDRIVE", Some("pair-1"), "other").await),
            ("client", self.taken(system, "another", "GDRIVE", Some("pair-1"), "share").await),
            ("method", self.taken(system, CLIENT, "ICLOUD", Some("pair-1"), "share").await),
            ("pair", self.taken(system, CLIENT, "GDRIVE", Some("pair-2"), "share").await),
            ("no pair", self.taken(system, CLIENT, "GDRIVE", None, "share").await),
            ("half", other_half.taken(system, CLIENT, "GDRIVE", Some("pair-1"), "share").await),
        ];
        let first = system.keys(self.stores).to_owned();
        let second = system.kms.key("alias/second", true).unwrap();
        self.use_keys(system, &format!("{second},{first}"));
        others.push(("key", self.taken(system, CLIENT, "GDRIVE", Some("pair-1"), "share").await));
        (base, others)
    }
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the size of the matrix is a figure of docs/assurance.md")]
async fn e10_e11_e14_no_field_of_a_row_can_be_taken_from_another_row() {
    let mut tried = 0;
    for (half, other_half) in [(HALVES[0], HALVES[1]), (HALVES[1], HALVES[0])] {
        let mut system = System::start().await;
        let (base, others) = half.rows(&mut system, other_half).await;
        for (respect, other) in &others {
            for row in [&base, other].into_iter().filter(|_| *respect != "half") {
                let opened = half.read_alone(&system, row).await;
                assert_eq!(opened.status, 200, "{respect}: {opened:?}");
            }
            for (row, from) in [(&base, other), (other, &base)] {
                for field in FIELDS {
                    let swapped = field.swapped(row, from);
                    if swapped == *row || swapped == *from {
                        continue;
                    }
                    let refused = half.read_alone(&system, &swapped).await;
                    let why = format!("{}: {field:?} of another {respect}", half.reads);
                    assert_eq!((refused.status, refused.code()), (500, "internal"), "{why}");
                    tried += 1;
                }
            }
        }
    }
    println!("{tried} swaps refused");
    assert_eq!(tried, 312);
}
