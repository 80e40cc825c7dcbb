//! Bodies in and out: JSON both ways, read as bytes whatever the content type says.

use std::{fmt, marker::PhantomData};

use lambda_http::{
    Body, Request, RequestExt, Response,
    aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    http::{HeaderValue, StatusCode, header},
    request::RequestContext,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::json;

use crate::error::{Error, Result};

/// Largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A request's body as the JSON that its route takes.
///
/// # Errors
/// [`Error::TooLarge`] over [`MAX_BODY_BYTES`]; [`Error::BadJson`] for anything but that JSON, a repeated known
/// key included.
pub fn parse_body<T: DeserializeOwned>(request: &Request) -> Result<T> {
    let body = request.body().as_ref();
    if body.len() > MAX_BODY_BYTES {
        return Err(Error::TooLarge("the body is over 1 MiB"));
    }
    let Object(parsed) = serde_json::from_slice(body)?;
    Ok(parsed)
}

/// A JSON object as a `T`. Left alone, serde also takes an array, by the position of `T`'s fields.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// What API Gateway says of a request.
pub(crate) fn context(request: &Request) -> Option<&ApiGatewayV2httpRequestContext> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        #[allow(unreachable_patterns, reason = "another crate's feature can add event sources")]
        _ => None,
    }
}

/// An answer that says that all went well.
///
/// # Errors
/// [`Error::Internal`] when it can't be written as JSON.
pub fn ok(body: &impl Serialize) -> Result<Response<Body>> {
    let text =
        serde_json::to_string(body).map_err(|_| Error::Internal("an answer can't be written as JSON"))?;
    Ok(answer(StatusCode::OK, text))
}

/// The answer to a store: a JSON object, since apps decode it before they tell Portal (docs/contract.md, "Client API").
pub fn stored() -> Response<Body> {
    answer(StatusCode::OK, json!({ "message": "The backup share is stored." }).to_string())
}

/// The answer to a request that failed: status, stable code, and nothing of the cause.
pub fn refusal(error: &Error) -> Response<Body> {
    let (status, code, message) = error.public();
    let mut response = answer(status, json!({ "message": message, "code": code }).to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let Error::Unauthorized(challenge, _) = error {
        let challenge = HeaderValue::from_static(challenge.as_str());
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn answer(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
