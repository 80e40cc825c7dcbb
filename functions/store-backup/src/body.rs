//! The forms in which real clients send a share (docs/contract.md, "Client API", `POST`).

use std::fmt;

use backup_shares::{
    Error, Result,
    http::Object,
    ids::{Method, PairId},
    log,
    secret::Secret,
    share::Share,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

/// A body with every field that some client sends, at its top or in the `data` that axios users wrap around it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Form {
    data: Option<Box<Object<Form>>>,
    cipher_text: Option<Text>,
    backup_share: Option<Text>,
    encrypted_client_backup_share: Option<Text>,
    #[serde(rename = "secp256k1Ciphertext")]
    secp256k1_ciphertext: Option<Text>,
    #[serde(rename = "ed25519Ciphertext")]
    ed25519_ciphertext: Option<Text>,
    backup_method: Option<String>,
    backup_share_pair_id: Option<String>,
}

/// What a form says: one share, or one for each curve.
pub struct Sent {
    pub shares: Vec<(Method, Share)>,
    pub pair: Option<PairId>,
}

impl Form {
    /// Finds the shares.
    pub fn into_sent(self) -> Result<Sent> {
        let form = self.unwrapped()?;
        let method = form.backup_method.map(Method::parse).transpose()?;
        method.iter().for_each(log::method);
        let pair =
            form.backup_share_pair_id.filter(|pair| !pair.is_empty()).map(PairId::parse).transpose()?;
        pair.iter().for_each(log::pair);
        let whole = [form.cipher_text, form.backup_share, form.encrypted_client_backup_share];
        let whole: Vec<Text> = whole.into_iter().flatten().collect();
        let shares = match (form.secp256k1_ciphertext, form.ed25519_ciphertext) {
            (None, None) => vec![(method.unwrap_or_else(Method::unknown), the_one(whole)?)],
            (Some(secp256k1), Some(ed25519)) if whole.is_empty() => {
                let method = method.map_or_else(|| Method::parse("CUSTOM"), Ok)?;
                vec![
                    (method.on_curve("SECP256K1")?, Share::parse(secp256k1.0)?),
                    (method.on_curve("ED25519")?, Share::parse(ed25519.0)?),
                ]
            }
            _ => {
                return Err(Error::BadRequest(
                    "one curve's share is missing, or another share stands beside them",
                ));
            }
        };
        Ok(Sent { shares, pair })
    }

    /// Moves what stands in `data` out of it.
    fn unwrapped(mut self) -> Result<Self> {
        let Some(data) = self.data.take() else { return Ok(self) };
        let data = data.0.unwrapped()?;
        Ok(Self {
            data: None,
            cipher_text: either(self.cipher_text, data.cipher_text)?,
            backup_share: either(self.backup_share, data.backup_share)?,
            encrypted_client_backup_share: either(
                self.encrypted_client_backup_share,
                data.encrypted_client_backup_share,
            )?,
            secp256k1_ciphertext: either(self.secp256k1_ciphertext, data.secp256k1_ciphertext)?,
            ed25519_ciphertext: either(self.ed25519_ciphertext, data.ed25519_ciphertext)?,
            backup_method: either(self.backup_method, data.backup_method)?,
            backup_share_pair_id: either(self.backup_share_pair_id, data.backup_share_pair_id)?,
        })
    }
}

/// What one of two places says; both saying something is refused, since neither can be told to be meant.
fn either<T>(outer: Option<T>, inner: Option<T>) -> Result<Option<T>> {
    if outer.is_some() && inner.is_some() {
        return Err(Error::BadRequest("the body says the same thing inside and outside of data"));
    }
    Ok(outer.or(inner))
}

/// The share of a form that holds one, under whichever name. The same share under two names is one share: it is
/// what our own `GET` answers with.
fn the_one(mut texts: Vec<Text>) -> Result<Share> {
    let text =
        texts.pop().ok_or(Error::BadRequest("the body has no share under any name that a client uses"))?;
    if texts.iter().any(|other| other.0.expose() != text.0.expose()) {
        return Err(Error::BadRequest("the body has different shares under two names"));
    }
    Share::parse(text.0)
}

/// A share's text: a string, or the object `{"cipherText": "…"}` that SDKs return it in.
struct Text(Secret<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Secret<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share, or an object with the share as its cipherText")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Secret::new(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Secret::new(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut share = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != "cipherText" {
                map.next_value::<IgnoredAny>()?;
            } else if share.replace(map.next_value()?).is_some() {
                return Err(A::Error::duplicate_field("cipherText"));
            }
        }
        share.ok_or_else(|| A::Error::missing_field("cipherText"))
    }
}
