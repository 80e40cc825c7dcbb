//! What Portal sends to hand over a share, held to what the share itself says (docs/contract.md, "Webhook").

use std::fmt;

use backup_shares::{
    Error, Result,
    ids::{ClientId, Method, PairId},
    log,
    secret::Secret,
    share::Share,
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    client_id: String,
    share: Secret<String>,
    backup_method: Option<String>,
    backup_share_pair_id: Option<String>,
}

/// A share and where it belongs.
pub struct Sent {
    pub client: ClientId,
    pub method: Method,
    pub pair: Option<PairId>,
    pub share: Share,
}

impl Form {
    /// Finds where the share belongs.
    pub fn into_sent(self) -> Result<Sent> {
        let client = ClientId::parse(self.client_id)?;
        log::client(&client);
        let method = self.backup_method.map_or_else(|| Ok(Method::unknown()), Method::parse)?;
        log::method(&method);
        let share = Share::parse(self.share)?;
        let inside = Inside::read(&share);
        let (client_inside, pair_inside) = (inside.client_id()?, inside.pair_id()?);
        let contradiction = "the share's own clientId is another client's";
        agreed(Some(client.as_str()), client_inside.as_deref(), contradiction)?;
        let contradiction = "the share's own backupSharePairId is another than the body's";
        let pair = agreed(self.backup_share_pair_id.as_deref(), pair_inside.as_deref(), contradiction)?;
        let pair = pair.map(PairId::parse).transpose()?;
        pair.iter().for_each(log::pair);
        Ok(Sent { client, method, pair, share })
    }
}

/// The one id that two places give, where an empty one is none.
fn agreed<'a>(
    outside: Option<&'a str>,
    inside: Option<&'a str>,
    contradiction: &'static str,
) -> Result<Option<&'a str>> {
    let given = |id: Option<&'a str>| id.filter(|id| !id.is_empty());
    match (given(outside), given(inside)) {
        (Some(outside), Some(inside)) if outside != inside => Err(Error::BadRequest(contradiction)),
        (outside, inside) => Ok(outside.or(inside)),
    }
}

/// The ids that a share's own JSON holds, as far as it can be read as JSON. A share that isn't a JSON object holds none: it is
/// kept all the same.
#[derive(Default)]
struct Inside<'a> {
    clients: Vec<&'a RawValue>,
    pairs: Vec<&'a RawValue>,
}

impl<'a> Inside<'a> {
    /// What follows the object, or is wrong within it, hides none of the ids before.
    fn read(share: &'a Share) -> Self {
        let mut inside = Self::default();
        let text = share.expose().trim_start_matches('\u{feff}');
        let _broken_off =
            serde_json::Deserializer::from_str(text).deserialize_map(InsideVisitor(&mut inside));
        inside
    }

    fn client_id(&self) -> Result<Option<String>> {
        the_one(&self.clients, "the share's own clientId is repeated, or no string")
    }

    fn pair_id(&self) -> Result<Option<String>> {
        the_one(&self.pairs, "the share's own backupSharePairId is repeated, or no string")
    }
}

fn the_one(ids: &[&RawValue], refusal: &'static str) -> Result<Option<String>> {
    match ids {
        [] => Ok(None),
        [id] => serde_json::from_str(id.get()).map_err(|_| Error::BadRequest(refusal)),
        _ => Err(Error::BadRequest(refusal)),
    }
}

struct InsideVisitor<'i, 'a>(&'i mut Inside<'a>);

impl<'a> Visitor<'a> for InsideVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a custodian share's JSON")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            match key.as_slice() {
                b"clientId" => self.0.clients.push(map.next_value()?),
                b"backupSharePairId" => self.0.pairs.push(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A key as bytes: as text, one with half of a surrogate pair would end the reading.
struct Key(Vec<u8>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
        Ok(Key(key.into()))
    }
}
