//! The template's HTTP APIs: their routes with their integrations and authorizers, and CORS.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::functions::Function;
use super::intrinsics::Scope;
use super::resources::{Resource, http_apis};
use super::{Result, TemplateError};
use crate::account::function_arn;

const ROUTE: &str = "AWS::ApiGatewayV2::Route";
pub(super) const INTEGRATION: &str = "AWS::ApiGatewayV2::Integration";
pub(super) const AUTHORIZER: &str = "AWS::ApiGatewayV2::Authorizer";
const PARTS: [&str; 3] = [ROUTE, INTEGRATION, AUTHORIZER];

/// An HTTP API in front of some of the functions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Api {
    /// Which function answers what.
    pub routes: Vec<Route>,
    /// Which web origins may call; none: the API knows nothing of CORS.
    pub cors: Option<Cors>,
    /// By logical id.
    pub authorizers: BTreeMap<String, JwtAuthorizer>,
}

/// A method and path, and the function that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// None: any method.
    pub method: Option<Method>,
    /// With parameters in braces: `/portal/clients/{clientId}/backup`, `/{proxy+}`; or `$default`.
    pub path: String,
    /// The binary of the function.
    pub function: String,
    /// The name of an authorizer in [`Api::authorizers`].
    pub authorizer: Option<String>,
    /// A token must have one of these; empty: any token does.
    pub scopes: Vec<String>,
}

impl Route {
    /// The route as API Gateway writes it: `POST /webhook/backup`, `ANY /{proxy+}`, `$default`.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.method {
            None if self.path == "$default" => self.path.clone(),
            None => format!("ANY {}", self.path),
            Some(method) => format!("{method} {}", self.path),
        }
    }
}

/// An authorizer that verifies JSON Web Tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtAuthorizer {
    /// The request header that holds the token, in lower case.
    pub header: String,
    /// The only `iss` that it accepts.
    pub issuer: String,
    /// A token must be for one of these.
    pub audience: Vec<String>,
}

/// Which web origins may call the API, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct Cors {
    /// Origins; `*` is any, `https://*` any of that scheme.
    pub allow_origins: Vec<String>,
    /// Methods, `*` for any.
    pub allow_methods: Vec<String>,
    /// Request headers, `*` for any.
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read.
    pub expose_headers: Vec<String>,
    /// Whether a browser may send cookies along.
    pub allow_credentials: bool,
    /// For how many seconds a browser may keep the answer to a preflight.
    pub max_age: Option<u64>,
}

/// The one value of a property that can be served here; another is named by serde.
#[derive(Deserialize)]
enum Protocol {
    #[serde(rename = "HTTP")]
    Http,
}

#[derive(Deserialize)]
enum AuthorizerType {
    #[serde(rename = "JWT")]
    Jwt,
}

#[derive(Deserialize)]
enum IntegrationType {
    #[serde(rename = "AWS_PROXY")]
    Function,
}

#[derive(Deserialize)]
enum PayloadFormat {
    #[serde(rename = "2.0")]
    Second,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ApiProperties {
    #[serde(rename = "ProtocolType")]
    _protocol_type: Protocol,
    cors_configuration: Option<Cors>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AuthorizerProperties {
    #[serde(rename = "AuthorizerType")]
    _authorizer_type: AuthorizerType,
    identity_source: [String; 1],
    jwt_configuration: JwtConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct JwtConfiguration {
    issuer: String,
    audience: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IntegrationProperties {
    #[serde(rename = "IntegrationType")]
    _integration_type: IntegrationType,
    #[serde(rename = "PayloadFormatVersion")]
    _payload_format_version: PayloadFormat,
    integration_uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteProperties {
    route_key: String,
    target: String,
    #[serde(default)]
    authorization_type: Authorization,
    authorizer_id: Option<String>,
    #[serde(default)]
    authorization_scopes: Vec<String>,
}

#[derive(Deserialize, Default)]
enum Authorization {
    #[default]
    #[serde(rename = "NONE")]
    Nobody,
    #[serde(rename = "JWT")]
    Token,
}

/// The APIs, each with its routes to the functions.
pub(super) fn read(
    resources: &[Resource<'_>],
    functions: &[Function],
    scope: &Scope<'_>,
) -> Result<Vec<Api>> {
    let mut parts = BTreeMap::<String, Vec<&Resource<'_>>>::new();
    for resource in resources.iter().filter(|resource| PARTS.contains(&resource.kind)) {
        let api = scope.text(&resource.body["Properties"]["ApiId"], &resource.place("Properties.ApiId"))?;
        parts.entry(api).or_default().push(resource);
    }
    let apis = http_apis(resources)?.into_iter();
    apis.map(|api| one(api, &parts.remove(api.logical_id).unwrap_or_default(), functions, scope)).collect()
}

/// An API that is made of these parts.
fn one(
    api: &Resource<'_>,
    parts: &[&Resource<'_>],
    functions: &[Function],
    scope: &Scope<'_>,
) -> Result<Api> {
    let elsewhere = ["Name", "Description", "Tags", "DisableExecuteApiEndpoint"];
    let ApiProperties { cors_configuration: cors, .. } = properties(api, &elsewhere, scope)?;
    let authorizers = of_kind(parts, AUTHORIZER, |resource| authorizer(resource, scope))?;
    let integrations = of_kind(parts, INTEGRATION, |resource| integration(resource, functions, scope))?;
    let routes = of_kind(parts, ROUTE, |resource| route(resource, &integrations, &authorizers, scope))?;
    Ok(Api { routes: routes.into_values().collect(), cors, authorizers })
}

fn of_kind<T>(
    parts: &[&Resource<'_>],
    kind: &str,
    read: impl Fn(&Resource<'_>) -> Result<T>,
) -> Result<BTreeMap<String, T>> {
    let parts = parts.iter().filter(|resource| resource.kind == kind);
    parts.map(|resource| Ok((resource.logical_id.to_owned(), read(resource)?))).collect()
}

/// A resource's properties but for those that change nothing on one computer. Whatever else one says could change
/// what callers get: a name that `T` doesn't know is an error.
fn properties<T: DeserializeOwned>(
    resource: &Resource<'_>,
    without_effect: &[&str],
    scope: &Scope<'_>,
) -> Result<T> {
    let mut properties = resource.body["Properties"].clone();
    if let Value::Object(properties) = &mut properties {
        properties.retain(|name, _| !without_effect.contains(&name.as_str()));
    }
    scope.read(&properties, &resource.place("Properties"))
}

fn authorizer(resource: &Resource<'_>, scope: &Scope<'_>) -> Result<JwtAuthorizer> {
    let read: AuthorizerProperties = properties(resource, &["ApiId", "Name"], scope)?;
    let [source] = &read.identity_source;
    let header = source.strip_prefix("$request.header.").ok_or_else(|| {
        let at = resource.place("Properties.IdentitySource");
        TemplateError::at(&at, format!("{source}: a $request.header belongs here"))
    })?;
    Ok(JwtAuthorizer {
        header: header.to_ascii_lowercase(),
        issuer: read.jwt_configuration.issuer,
        audience: read.jwt_configuration.audience,
    })
}

/// The binary of the function that an integration invokes.
fn integration(resource: &Resource<'_>, functions: &[Function], scope: &Scope<'_>) -> Result<String> {
    let IntegrationProperties { integration_uri, .. } = properties(resource, &["ApiId"], scope)?;
    let invoked = functions.iter().find(|function| function_arn(&function.binary) == integration_uri);
    let invoked = invoked.ok_or_else(|| {
        let at = resource.place("Properties.IntegrationUri");
        TemplateError::at(&at, format!("{integration_uri} is no function of the template"))
    })?;
    Ok(invoked.binary.clone())
}

fn route(
    resource: &Resource<'_>,
    integrations: &BTreeMap<String, String>,
    authorizers: &BTreeMap<String, JwtAuthorizer>,
    scope: &Scope<'_>,
) -> Result<Route> {
    let read: RouteProperties = properties(resource, &["ApiId"], scope)?;
    let named = |property: &str, problem: String| TemplateError::at(&resource.place(property), problem);
    let (method, path) = parse_key(&read.route_key)
        .ok_or_else(|| named("Properties.RouteKey", format!("{:?} is no route key", read.route_key)))?;
    let target = read.target.strip_prefix("integrations/").and_then(|id| integrations.get(id));
    let function = target
        .ok_or_else(|| named("Properties.Target", format!("{} is no integration of the API", read.target)))?;
    let authorizer = match (read.authorization_type, read.authorizer_id) {
        (Authorization::Nobody, _) => None,
        (Authorization::Token, Some(id)) if authorizers.contains_key(&id) => Some(id),
        (Authorization::Token, id) => {
            let problem = format!("{id:?} is no authorizer of the API");
            return Err(named("Properties.AuthorizerId", problem));
        }
    };
    Ok(Route { method, path, function: function.clone(), authorizer, scopes: read.authorization_scopes })
}

/// `GET /path`, `ANY /path` or `$default`.
fn parse_key(key: &str) -> Option<(Option<Method>, String)> {
    match key.split_once(' ') {
        None => (key == "$default").then(|| (None, key.to_owned())),
        Some(("ANY", path)) => Some((None, path.to_owned())),
        Some((method, path)) => Some((Some(method.parse().ok()?), path.to_owned())),
    }
}
