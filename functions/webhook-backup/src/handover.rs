//! What Portal sends to hand over a share, held to what the share itself says (docs/contract.md, "Webhook").

use std::fmt;

use backup_shares::{
    Error, Result, log,
    secret::Secret,
    share::{ClientId, Method, PairId, Share},
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

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
pub struct Handover {
    pub client: ClientId,
    pub method: Method,
    pub pair: Option<PairId>,
    pub share: Share,
}

impl Form {
    /// Finds where the share belongs.
    pub fn into_handover(self) -> Result<Handover> {
        let client = ClientId::parse(self.client_id)?;
        log::client(&client);
        let method = self.backup_method.map_or_else(|| Ok(Method::unknown()), Method::parse)?;
        log::method(&method);
        let share = Share::parse(self.share)?;
        let inside = Inside::read(&share);
        agreed(Some(client.as_str()), inside.client_id()?, "the share's own clientId is another client's")?;
        let pair = agreed(
            self.backup_share_pair_id.as_deref(),
            inside.pair_id()?,
            "the share's own backupSharePairId is another than the body's",
        )?;
        let pair = pair.map(PairId::parse).transpose()?;
        pair.iter().for_each(log::pair);
        Ok(Handover { client, method, pair, share })
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

/// The ids that a share's own JSON holds. A share that isn't a JSON object holds none: it is kept all the same.
#[derive(Default)]
struct Inside {
    clients: Vec<Id>,
    pairs: Vec<Id>,
}

impl Inside {
    fn read(share: &Share) -> Self {
        serde_json::from_str(share.expose()).unwrap_or_default()
    }

    fn client_id(&self) -> Result<Option<&str>> {
        the_one(&self.clients, "the share's own clientId is repeated, or no string")
    }

    fn pair_id(&self) -> Result<Option<&str>> {
        the_one(&self.pairs, "the share's own backupSharePairId is repeated, or no string")
    }
}

/// A value in an id's place.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Null,
    Other(IgnoredAny),
}

fn the_one<'a>(ids: &'a [Id], refusal: &'static str) -> Result<Option<&'a str>> {
    match ids {
        [] | [Id::Null] => Ok(None),
        [Id::Text(id)] => Ok(Some(id)),
        _ => Err(Error::BadRequest(refusal)),
    }
}

impl<'de> Deserialize<'de> for Inside {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InsideVisitor)
    }
}

struct InsideVisitor;

impl<'de> Visitor<'de> for InsideVisitor {
    type Value = Inside;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a custodian share's JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inside, A::Error> {
        let mut inside = Inside::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "clientId" => inside.clients.push(map.next_value()?),
                "backupSharePairId" => inside.pairs.push(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(inside)
    }
}
