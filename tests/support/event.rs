//! API Gateway events, made from those in `events/` so that the tests send what API Gateway sends.

use std::fs;

use serde_json::{Value, json};

use crate::support::project::root;

/// The secret that the events present.
pub const WEBHOOK_SECRET: &str = "an-example-of-32-bytes-not-kept.";

/// A secret's digest, as the template takes it.
pub fn digest(secret: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes()))
}

/// The claim that the events' tokens bear the client id in.
pub const CLIENT_ID_CLAIM: &str = "portal_client_id";

/// The client that the events are about.
pub const CLIENT: &str = "c19vjk2158y5o9bhedinl6agl";

/// An event in payload format 2.0.
#[derive(Clone)]
pub struct Event(pub Value);

impl Event {
    /// The event of a route, as it lies in `events/`.
    pub fn of(function: &str) -> Self {
        let path = root().join(format!("events/{function}.json"));
        Self(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    /// From this user, for their own share.
    pub fn client(self, client: &str) -> Self {
        self.token_of(client).path_of(client)
    }

    /// With this client id in the token.
    pub fn token_of(mut self, client: &str) -> Self {
        self.0["requestContext"]["authorizer"]["jwt"]["claims"][CLIENT_ID_CLAIM] = json!(client);
        self
    }

    /// With this client id in the path.
    pub fn path_of(mut self, client: &str) -> Self {
        let path = json!(format!("/portal/clients/{client}/backup"));
        self.0["rawPath"] = path.clone();
        self.0["requestContext"]["http"]["path"] = path;
        self.0["pathParameters"]["clientId"] = json!(client);
        self
    }

    /// With this query, encoded.
    pub fn query(mut self, query: &str) -> Self {
        self.0["rawQueryString"] = json!(query);
        // What the function reads is the raw query: API Gateway joins repeated parameters here.
        self.0.as_object_mut().unwrap().remove("queryStringParameters");
        self
    }

    /// With a body.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over what they have just made")]
    pub fn body(mut self, body: impl ToString) -> Self {
        self.0["body"] = json!(body.to_string());
        self
    }

    /// With one header, named in lower case as API Gateway does.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = json!(value);
        self
    }

    /// Without one header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.0["headers"].as_object_mut().unwrap().remove(name);
        self
    }

    /// From this address.
    pub fn source_ip(mut self, address: &str) -> Self {
        self.0["requestContext"]["http"]["sourceIp"] = json!(address);
        self
    }

    /// With what an authorizer says, or nothing.
    pub fn authorizer(mut self, authorizer: Value) -> Self {
        self.0["requestContext"]["authorizer"] = authorizer;
        self
    }
}
