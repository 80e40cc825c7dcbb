//! Reads the template's HTTP APIs. What one of their parts says beyond what is read here could change what callers get: it
//! is an error.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    api::{Api, Authorizer, Rate, Route, Stage},
    error::{Result, TemplateError},
    evaluate::Scope,
    function::Function,
    resource::{Resource, of_kind},
};
use crate::account::function_arn;

const API: &str = "AWS::ApiGatewayV2::Api";
/// They make routes of their own, which nobody would serve here.
const SAM_APIS: [&str; 2] = ["AWS::Serverless::Api", "AWS::Serverless::HttpApi"];
/// Properties that change nothing on one computer.
const WITHOUT_EFFECT: [&str; 5] =
    ["AuthorizerUri", "AutoDeploy", "DisableExecuteApiEndpoint", "Name", "StageName"];

/// The APIs, each with its routes to the functions.
pub(super) fn apis(
    resources: &[Resource<'_>],
    functions: &[Function],
    scope: &Scope<'_>,
) -> Result<Vec<Api>> {
    if let Some(other) = resources.iter().find(|resource| SAM_APIS.contains(&resource.kind)) {
        let problem = format!("{} can't be served here; declare an {API}", other.kind);
        return Err(TemplateError::at(&format!("Resources.{}", other.logical_id), problem));
    }
    let reader = Reader { resources, functions, scope };
    of_kind(resources, API).map(|api| reader.api(&api)).collect()
}

struct Reader<'r, 'a> {
    resources: &'r [Resource<'a>],
    functions: &'r [Function],
    scope: &'r Scope<'r>,
}

/// A part of an API, and where its properties stand.
struct Part<'r, 'a> {
    resource: Resource<'a>,
    scope: &'r Scope<'r>,
}

impl Reader<'_, '_> {
    fn api(&self, api: &Resource<'_>) -> Result<Api> {
        let part = Part { resource: *api, scope: self.scope };
        part.has_no_more_than(&["ProtocolType", "CorsConfiguration"])?;
        part.only("ProtocolType", &json!("HTTP"))?;
        let authorizers = self.parts(api, "Authorizer", authorizer)?;
        let integrations = self.parts(api, "Integration", |part| integration(part, self.functions))?;
        let routes = self.parts(api, "Route", |part| route(part, &integrations, &authorizers))?;
        let stages = self.parts(api, "Stage", stage)?;
        Ok(Api {
            logical_id: api.logical_id.to_owned(),
            routes: routes.into_values().collect(),
            cors: part.get("CorsConfiguration")?,
            authorizers,
            stage: stages.into_values().next().unwrap_or_default(),
        })
    }

    /// What is read of the parts of that kind that say that they are the API's.
    fn parts<T>(
        &self,
        api: &Resource<'_>,
        kind: &str,
        read: impl Fn(&Part<'_, '_>) -> Result<T>,
    ) -> Result<BTreeMap<String, T>> {
        let mut parts = BTreeMap::new();
        for resource in of_kind(self.resources, &format!("AWS::ApiGatewayV2::{kind}")) {
            let part = Part { resource, scope: self.scope };
            if part.get::<String>("ApiId")? == api.logical_id {
                parts.insert(resource.logical_id.to_owned(), read(&part)?);
            }
        }
        Ok(parts)
    }
}

impl Part<'_, '_> {
    fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let (value, at) = self.resource.property(name);
        self.scope.read(value, &at)
    }

    /// Of a property that has one value here.
    fn only(&self, name: &str, wanted: &Value) -> Result<()> {
        let found: Value = self.get(name)?;
        if found == *wanted {
            return Ok(());
        }
        Err(self.unserved(name, &found.to_string(), &wanted.to_string()))
    }

    fn has_no_more_than(&self, known: &[&str]) -> Result<()> {
        let mut names = self.resource.properties().as_object().into_iter().flat_map(|map| map.keys());
        let is_known =
            |name: &str| name == "ApiId" || known.contains(&name) || WITHOUT_EFFECT.contains(&name);
        match names.find(|name| !is_known(name)) {
            Some(name) => {
                let at = self.resource.place(&format!("Properties.{name}"));
                Err(TemplateError::at(&at, "not understood here"))
            }
            None => Ok(()),
        }
    }

    fn unserved(&self, property: &str, found: &str, wanted: &str) -> TemplateError {
        let at = self.resource.place(&format!("Properties.{property}"));
        TemplateError::at(&at, format!("{found}: only {wanted} can be served here"))
    }
}

fn authorizer(part: &Part<'_, '_>) -> Result<Authorizer> {
    let [source]: [String; 1] = part.get("IdentitySource")?;
    let header = source
        .strip_prefix("$request.header.")
        .ok_or_else(|| part.unserved("IdentitySource", &source, "a $request.header"))?
        .to_ascii_lowercase();
    match part.get::<String>("AuthorizerType")?.as_str() {
        "JWT" => {
            part.has_no_more_than(&["AuthorizerType", "IdentitySource", "JwtConfiguration"])?;
            let Jwt { issuer, audience } = part.get("JwtConfiguration")?;
            Ok(Authorizer::Token { header, issuer, audience })
        }
        "REQUEST" => {
            let [format, simple, kept] =
                ["AuthorizerPayloadFormatVersion", "EnableSimpleResponses", "AuthorizerResultTtlInSeconds"];
            part.has_no_more_than(&["AuthorizerType", "IdentitySource", format, simple, kept])?;
            part.only(format, &json!("2.0"))?;
            part.only(simple, &json!(true))?;
            part.only(kept, &json!(0))?;
            Ok(Authorizer::Program { header })
        }
        other => Err(part.unserved("AuthorizerType", other, "JWT or REQUEST")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Jwt {
    issuer: String,
    audience: Vec<String>,
}

/// The binary of the function that an integration invokes.
fn integration(part: &Part<'_, '_>, functions: &[Function]) -> Result<String> {
    part.has_no_more_than(&["IntegrationType", "PayloadFormatVersion", "IntegrationUri"])?;
    part.only("IntegrationType", &json!("AWS_PROXY"))?;
    part.only("PayloadFormatVersion", &json!("2.0"))?;
    let uri: String = part.get("IntegrationUri")?;
    let invoked = functions.iter().find(|function| function_arn(&function.binary) == uri);
    let invoked = invoked.ok_or_else(|| part.unserved("IntegrationUri", &uri, "a function's ARN"))?;
    Ok(invoked.binary.clone())
}

fn route(
    part: &Part<'_, '_>,
    integrations: &BTreeMap<String, String>,
    authorizers: &BTreeMap<String, Authorizer>,
) -> Result<Route> {
    let of_login = ["AuthorizationType", "AuthorizerId", "AuthorizationScopes"];
    part.has_no_more_than(&[&["RouteKey", "Target"], &of_login[..]].concat())?;
    let (key, target): (String, String) = (part.get("RouteKey")?, part.get("Target")?);
    let (method, path) =
        parse_key(&key).ok_or_else(|| part.unserved("RouteKey", &key, "one method and a path"))?;
    let function = target.strip_prefix("integrations/").and_then(|id| integrations.get(id));
    let function =
        function.ok_or_else(|| part.unserved("Target", &target, "an integration of the API"))?.clone();
    let known = part.get::<Option<String>>("AuthorizerId")?.filter(|id| authorizers.contains_key(id));
    let authorizer = match (part.get::<String>("AuthorizationType")?.as_str(), known) {
        ("NONE", _) => None,
        ("JWT" | "CUSTOM", Some(id)) => Some(id),
        (kind, _) => return Err(part.unserved("AuthorizerId", kind, "an authorizer of the API")),
    };
    // A desk's tokens have none.
    if !part.resource.property("AuthorizationScopes").0.is_null() {
        part.only("AuthorizationScopes", &json!([]))?;
    }
    Ok(Route { method, path, function, authorizer })
}

fn stage(part: &Part<'_, '_>) -> Result<Stage> {
    part.has_no_more_than(&["DefaultRouteSettings", "AccessLogSettings"])?;
    let (log, at) = part.resource.property("AccessLogSettings");
    let log_format = log.is_object().then(|| part.scope.text(&log["Format"], &at)).transpose()?;
    Ok(Stage { rate: part.get::<Option<Rate>>("DefaultRouteSettings")?, log_format })
}

/// The method and the path of a key such as `GET /path`. Not served: `ANY`, `$default`, and `{proxy+}`.
fn parse_key(key: &str) -> Option<(Method, String)> {
    let (method, path) = key.split_once(' ')?;
    let is_plain = |text: &str| !text.contains(['{', '}', '+', '*']);
    let is_segment = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => !name.is_empty() && is_plain(name),
        None => is_plain(segment),
    };
    let served = method != "ANY" && path.starts_with('/') && path.split('/').all(is_segment);
    Some((method.parse().ok().filter(|_| served)?, path.to_owned()))
}
