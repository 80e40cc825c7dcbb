//! The template's HTTP API: its routes (the functions' events), authorizers and CORS.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::functions::Function;
use super::intrinsics::Scope;
use super::resources::{Resource, http_api};
use super::{Result, TemplateError};

/// The properties of an API that are served here.
const SERVED: [&str; 2] = ["Auth", "CorsConfiguration"];
/// Those that change nothing on one computer: names, rates, logs, and where on the internet the API is.
const WITHOUT_EFFECT: [&str; 10] = [
    "AccessLogSettings",
    "DefaultRouteSettings",
    "Description",
    "DisableExecuteApiEndpoint",
    "Domain",
    "FailOnWarnings",
    "Name",
    "PropagateTags",
    "RouteSettings",
    "Tags",
];

/// The HTTP API in front of the functions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Api {
    /// Which function answers what.
    pub routes: Vec<Route>,
    /// Which web origins may call; none: the API knows nothing of CORS.
    pub cors: Option<Cors>,
    /// By name.
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

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
struct ApiAuth {
    default_authorizer: Option<String>,
    authorizers: BTreeMap<String, Authorizer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Authorizer {
    identity_source: String,
    jwt_configuration: JwtConfiguration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JwtConfiguration {
    issuer: String,
    audience: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "Type", content = "Properties", deny_unknown_fields)]
enum Event {
    HttpApi(HttpApiEvent),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HttpApiEvent {
    #[serde(rename = "ApiId")]
    _api_id: Option<String>,
    method: Option<String>,
    path: Option<String>,
    #[serde(default)]
    auth: EventAuth,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
struct EventAuth {
    authorizer: Option<String>,
    authorization_scopes: Vec<String>,
}

/// The API with the routes of all functions.
pub(super) fn read(
    resources: &[Resource<'_>],
    functions: &[(Function, Value)],
    scope: &Scope<'_>,
) -> Result<Api> {
    let (mut api, default_authorizer) = match http_api(resources)? {
        Some(resource) => settings(resource, scope)?,
        None => (Api::default(), None),
    };
    for (function, events) in functions {
        for (name, event) in events.as_object().into_iter().flatten() {
            let at = format!("Resources.{}.Properties.Events.{name}", function.logical_id);
            let Event::HttpApi(event) = scope.read(event, &at)?;
            api.routes.push(route(event, function, default_authorizer.as_ref(), &at)?);
        }
    }
    for route in &api.routes {
        if let Some(name) = &route.authorizer
            && !api.authorizers.contains_key(name)
        {
            let problem = format!("the authorizer {name:?} is not declared");
            return Err(TemplateError::at(&route.key(), problem));
        }
    }
    Ok(api)
}

/// Whatever else a property says could change what callers get.
fn check_names(properties: &Value, resource: &Resource<'_>) -> Result<()> {
    let known = |name: &str| SERVED.contains(&name) || WITHOUT_EFFECT.contains(&name);
    let mut names = properties.as_object().into_iter().flatten().map(|(name, _)| name);
    match names.find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => {
            let at = resource.place(&format!("Properties.{name}"));
            Err(TemplateError::at(&at, "a property that the local run doesn't understand"))
        }
    }
}

fn settings(resource: &Resource<'_>, scope: &Scope<'_>) -> Result<(Api, Option<String>)> {
    let properties = &resource.body["Properties"];
    check_names(properties, resource)?;
    let cors =
        scope.read(&properties["CorsConfiguration"], &resource.place("Properties.CorsConfiguration"))?;
    let at = resource.place("Properties.Auth");
    let auth: Option<ApiAuth> = scope.read(&properties["Auth"], &at)?;
    let auth = auth.unwrap_or_default();
    let authorizers = auth.authorizers.into_iter().map(|(name, declared)| {
        let authorizer = authorizer(declared, &format!("{at}.Authorizers.{name}"))?;
        Ok((name, authorizer))
    });
    let authorizers = authorizers.collect::<Result<_>>()?;
    Ok((Api { routes: Vec::new(), cors, authorizers }, auth.default_authorizer))
}

fn authorizer(declared: Authorizer, at: &str) -> Result<JwtAuthorizer> {
    let source = &declared.identity_source;
    let header = source.strip_prefix("$request.header.").ok_or_else(|| {
        TemplateError::at(at, format!("IdentitySource {source}: a $request.header belongs here"))
    })?;
    Ok(JwtAuthorizer {
        header: header.to_ascii_lowercase(),
        issuer: declared.jwt_configuration.issuer,
        audience: declared.jwt_configuration.audience,
    })
}

fn route(
    event: HttpApiEvent,
    function: &Function,
    default_authorizer: Option<&String>,
    at: &str,
) -> Result<Route> {
    let authorizer = event.auth.authorizer.or_else(|| default_authorizer.cloned());
    Ok(Route {
        method: event.method.map_or(Ok(None), |method| parse_method(&method, at))?,
        path: event.path.unwrap_or_else(|| "$default".to_owned()),
        function: function.binary.clone(),
        authorizer: authorizer.filter(|name| name != "NONE"),
        scopes: event.auth.authorization_scopes,
    })
}

/// SAM takes methods in any case, and `ANY` for all of them.
fn parse_method(method: &str, at: &str) -> Result<Option<Method>> {
    match method.to_ascii_uppercase().as_str() {
        "ANY" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => Ok(None),
        method => {
            method.parse().map(Some).map_err(|_| TemplateError::at(at, format!("{method:?} is no method")))
        }
    }
}
