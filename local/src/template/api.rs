//! An HTTP API as the template describes it: its routes, authorizers and CORS, and how it is published.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// An HTTP API in front of some of the functions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Api {
    /// Its name in the template.
    pub logical_id: String,
    /// Which function answers what.
    pub routes: Vec<Route>,
    /// Which web origins may call; none: the API knows nothing of CORS.
    pub cors: Option<Cors>,
    /// By logical id.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// How it is published.
    pub stage: Stage,
}

/// How an API is published.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stage {
    /// Requests that each route takes; none: as many as come.
    pub rate: Option<Rate>,
    /// A line of the access log, with `$context` variables; none: no access log.
    pub log_format: Option<String>,
}

/// How many requests a route takes before it answers 429.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests a second, lasting.
    #[serde(rename = "ThrottlingRateLimit", deserialize_with = "number")]
    pub per_second: f64,
    /// Requests at once.
    #[serde(rename = "ThrottlingBurstLimit", deserialize_with = "number")]
    pub burst: f64,
}

/// CloudFormation passes numbers on as texts too.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| D::Error::custom(format!("{value} is no number")))
}

/// A method and path, and the function that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// One of HTTP's own.
    pub method: Method,
    /// With parameters in braces: `/portal/clients/{clientId}/backup`.
    pub path: String,
    /// The binary of the function.
    pub function: String,
    /// The name of an authorizer in [`Api::authorizers`].
    pub authorizer: Option<String>,
}

impl Route {
    /// The route as API Gateway writes it: `POST /webhook/backup`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What lets a request through, by what a header of it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorizer {
    /// A JSON Web Token.
    Token {
        /// The request header, in lower case.
        header: String,
        /// The only `iss`.
        issuer: String,
        /// A token must be for one of these.
        audience: Vec<String>,
    },
    /// Whatever a program of the user's takes.
    Program {
        /// The request header, in lower case.
        header: String,
    },
}

/// Which web origins may call the API, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct Cors {
    /// Origins, as a browser sends them.
    pub allow_origins: Vec<String>,
    /// Methods.
    pub allow_methods: Vec<String>,
    /// Request headers.
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read.
    pub expose_headers: Vec<String>,
    /// For how many seconds a browser may keep the answer to a preflight.
    pub max_age: Option<u64>,
}
