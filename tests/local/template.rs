//! What the desk reads of `template.yaml`, and how it names what it can't.

use std::{collections::BTreeMap, time::Duration};

use lambda_http::http::Method;
use local::{
    services::{Environment, Services},
    template::{Api, Authorizer, Function, Key, Rate, Route, Stack, Table, Template},
};
use serde_json::json;

use crate::local::whole_system::template;

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn arns() -> BTreeMap<String, String> {
    let arn = |id| format!("arn:aws:kms:us-east-1:000000000000:key/{id}");
    map(&[("ClientSharesKey", &arn("mrk-1")), ("CustodianSharesKey", &arn("mrk-2"))])
}

/// The project's stack with these parameters, and a digest.
fn with(parameters: &[(&str, &str)]) -> Result<Stack, String> {
    let mut all = map(&[("WebhookSecretDigests", &"ab".repeat(32))]);
    all.extend(map(parameters));
    template().stack(&all, &arns()).map_err(|error| error.to_string())
}

/// The project's stack as it checks tokens, with these parameters too.
fn with_tokens(parameters: &[(&str, &str)]) -> Stack {
    let login = [
        ("TokenIssuer", "https://issuer.test"),
        ("TokenAudience", "app,web"),
        ("ClientIdClaim", "portal_client_id"),
    ];
    with(&[&login, parameters].concat()).unwrap()
}

/// Resolves a one-function template whose variable `X` is the given YAML, with the parameter `Stage`.
fn variable(yaml: &str) -> Result<String, String> {
    let text = format!(
        "
Parameters:
  Stage: {{Type: String}}
  List: {{Type: String, Default: 'a,b'}}
Conditions:
  Live: !Equals [!Ref Stage, live]
  Test: !Not [!Condition Live]
  Round: !Not [!Condition Round]
Resources:
  Rows:
    Type: AWS::DynamoDB::GlobalTable
    Properties: {{TableName: !Sub 'rows-${{Stage}}'}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties: {{Environment: {{Variables: {{X: {yaml}}}}}}}
"
    );
    let template = Template::parse(&text).map_err(|error| error.to_string())?;
    let stack = template.stack(&map(&[("Stage", "live")]), &BTreeMap::new());
    let mut stack = stack.map_err(|error| error.to_string())?;
    Ok(stack.functions.remove(0).environment.remove("X").unwrap())
}

#[test]
fn each_function_gets_its_own_environment_and_the_globals() {
    let functions = with_tokens(&[]).functions;
    assert_eq!(functions.iter().map(|function| &*function.binary).collect::<Vec<_>>(), template().binaries);
    let environment = |binary: &str| {
        let function = functions.iter().find(|function| function.binary == binary);
        function.unwrap().environment.clone()
    };
    let client = map(&[
        ("CLIENT_AUTHORIZER_ARN", ""),
        ("CLIENT_ID_CLAIM", "portal_client_id"),
        ("SHARES_KEYS", "arn:aws:kms:us-east-1:000000000000:key/mrk-1"),
        ("SHARES_TABLE", "ClientSharesTable"),
    ]);
    let custodian = map(&[
        ("SHARES_KEYS", "arn:aws:kms:us-east-1:000000000000:key/mrk-2"),
        ("SHARES_TABLE", "CustodianSharesTable"),
        ("WEBHOOK_ALLOWED_IPS", "35.203.150.117/32,104.155.171.139/32,35.185.20.23/32"),
        ("WEBHOOK_SECRET_SHA256", &"ab".repeat(32)),
    ]);
    let mut list = client.clone();
    list.remove("SHARES_KEYS");
    assert_eq!(environment("list-backups"), list);
    assert_eq!(environment("store-backup"), client);
    assert_eq!(environment("get-backup"), client);
    assert_eq!(environment("webhook-backup"), custodian);
    assert_eq!(environment("webhook-fetch"), custodian);
    for function in functions {
        assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(10), 512));
    }
}

#[test]
fn each_route_leads_to_its_function() {
    let route = |method, path: &str, function: &str, authorizer: Option<&str>| Route {
        method,
        path: path.to_owned(),
        function: function.to_owned(),
        authorizer: authorizer.map(str::to_owned),
    };
    let client = "/portal/clients/{clientId}/backup";
    let routes: Vec<_> = with_tokens(&[]).apis.into_iter().map(|api| api.routes).collect();
    assert_eq!(
        routes,
        [
            vec![
                route(Method::GET, client, "get-backup", Some("TokenAuthorizer")),
                route(Method::GET, &format!("{client}s"), "list-backups", Some("TokenAuthorizer")),
                route(Method::POST, client, "store-backup", Some("TokenAuthorizer")),
            ],
            vec![
                route(Method::POST, "/webhook/backup", "webhook-backup", None),
                route(Method::POST, "/webhook/backup/fetch", "webhook-fetch", None),
            ]
        ]
    );
}

#[test]
fn the_login_is_tokens_or_a_program_of_the_users() {
    let authorizers = |stack: Stack| -> Vec<_> {
        stack.apis.into_iter().map(|api| api.authorizers.into_iter().collect::<Vec<_>>()).collect()
    };
    let tokens = Authorizer::Token {
        header: "authorization".to_owned(),
        issuer: "https://issuer.test".to_owned(),
        audience: vec!["app".to_owned(), "web".to_owned()],
    };
    assert_eq!(authorizers(with_tokens(&[])), [vec![("TokenAuthorizer".to_owned(), tokens)], vec![]]);
    let program = Authorizer::Program { header: "authorization".to_owned() };
    let own =
        with(&[("ClientAuthorizerArn", "arn:aws:lambda:us-east-1:000000000000:function:mine")]).unwrap();
    assert_eq!(own.apis[0].routes[0].authorizer.as_deref(), Some("OwnAuthorizer"));
    assert_eq!(authorizers(own), [vec![("OwnAuthorizer".to_owned(), program)], vec![]]);
}

#[test]
fn cors_is_the_client_apis_alone() {
    let cors = |parameters: &[(&str, &str)]| -> Vec<_> {
        with_tokens(parameters).apis.into_iter().map(|api| api.cors).collect()
    };
    let with_web_apps = cors(&[("AllowedOrigins", "https://a.test,https://b.test:8443")]);
    let [Some(client), None] = &with_web_apps[..] else { panic!("{with_web_apps:?}") };
    assert_eq!(client.allow_origins, ["https://a.test", "https://b.test:8443"]);
    assert_eq!(client.allow_methods, ["GET", "POST"]);
    assert_eq!(client.expose_headers, ["retry-after"]);
    assert!(client.allow_headers.iter().any(|header| header == "x-portal-trace-id"));
    assert_eq!(client.max_age, Some(600));
    assert_eq!(cors(&[])[0].as_ref().unwrap().allow_origins, ["https://nobody.invalid"]);
}

#[test]
fn each_stage_has_its_rate_and_its_access_log() {
    let [client, webhook] = &with_tokens(&[("ClientRate", "7")]).apis[..] else { panic!("two APIs") };
    assert_eq!(client.stage.rate, Some(Rate { per_second: 7.0, burst: 7.0 }));
    assert_eq!(webhook.stage.rate, Some(Rate { per_second: 50.0, burst: 50.0 }));
    let format = |api: &Api| api.stage.log_format.clone().unwrap();
    assert!(format(client).starts_with(r#"{"request_id":"$context.requestId","#));
    assert!(!format(client).contains("sourceIp") && format(webhook).contains("$context.identity.sourceIp"));
}

#[test]
fn tables_and_keys_are_those_declared() {
    let table = |id: &str| Table {
        logical_id: id.to_owned(),
        name: id.to_owned(),
        attribute_definitions: json!([
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ]),
        key_schema: json!([
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]),
    };
    let key = |id: &str| Key { logical_id: id.to_owned(), multi_region: true };
    assert_eq!(with_tokens(&[]).tables, [table("ClientSharesTable"), table("CustodianSharesTable")]);
    assert_eq!(template().keys, [key("ClientSharesKey"), key("CustodianSharesKey")]);
}

#[test]
fn a_parameter_is_declared_and_has_a_value() {
    let error = with(&[("Nonsense", "1")]).unwrap_err();
    assert_eq!(error, "Parameters.Nonsense: given, but the template declares no such parameter");
    let error = template().stack(&BTreeMap::new(), &arns()).unwrap_err().to_string();
    assert_eq!(error, "Parameters.WebhookSecretDigests: has no default: give a value");
}

#[test]
fn a_key_without_an_arn_is_named_where_it_is_used() {
    let parameters = map(&[("WebhookSecretDigests", "")]);
    let error = template().stack(&parameters, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.starts_with("Resources.GetBackupFunction.Properties.Environment.Variables.SHARES_KEYS: \"ClientSharesKey.Arn\""), "{error}");
}

#[test]
fn intrinsics_resolve_in_short_and_long_form() {
    for (yaml, value) in [
        ("!Ref Stage", "live"),
        ("{Ref: Stage}", "live"),
        ("!Ref Rows", "rows-live"),
        (r#"{"Fn::GetAtt": [F, Arn]}"#, "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("!Sub 'a ${Stage} ${Rows}!'", "a live rows-live!"),
        ("!If [Live, yes-live, no]", "yes-live"),
        ("!If [Test, a, b]", "b"),
        ("7", "7"),
        ("true", "true"),
    ] {
        assert_eq!(variable(yaml).unwrap(), value, "{yaml}");
    }
}

#[test]
fn what_is_not_understood_is_named_with_its_place() {
    for (yaml, problem) in [
        ("!ImportValue x", "Fn::ImportValue is not understood here"),
        ("!Ref Nothing", "\"Nothing\" is no parameter"),
        ("!Ref AWS::Region", "\"AWS::Region\" is no parameter"),
        ("!GetAtt Rows.Arn", "\"Rows.Arn\" is no parameter"),
        ("!Sub '${Nothing}'", "\"Nothing\" is no parameter"),
        ("!Sub '${Stage'", "is not closed"),
        ("!Split [',', !Ref List]", "a text belongs here"),
        ("!If [Nothing, a, b]", "no condition \"Nothing\""),
        ("!Split [a]", "Fn::Split takes a list of 2"),
    ] {
        let error = variable(yaml).unwrap_err();
        assert!(error.starts_with("Resources.F.Properties.Environment.Variables.X: "), "{error}");
        assert!(error.contains(problem), "{error}");
    }
    assert!(variable("!If [Round, a, b]").unwrap_err().contains("circle"));
}

/// The error of a template with one function `F`, its integration `I`, and more resources.
fn refused_api(resources: &str) -> String {
    let text = format!(
        "
Resources:
  F: {{Type: 'AWS::Serverless::Function', Metadata: {{BuildProperties: {{Binary: f}}}}}}
  Api: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{ProtocolType: HTTP}}}}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, PayloadFormatVersion: '2.0', IntegrationUri: !GetAtt F.Arn}}
  {resources}
"
    );
    let template = Template::parse(&text).unwrap();
    template.stack(&BTreeMap::new(), &BTreeMap::new()).unwrap_err().to_string()
}

#[test]
fn what_can_not_be_served_of_an_api_is_named_with_its_place() {
    let part = |kind: &str, properties: &str| {
        format!("X: {{Type: 'AWS::ApiGatewayV2::{kind}', Properties: {{ApiId: !Ref Api, {properties}}}}}")
    };
    let route = |key: &str, properties: &str| {
        part(
            "Route",
            &format!("RouteKey: {key}, AuthorizationType: NONE, Target: integrations/I{properties}"),
        )
    };
    let authorizer = "AuthorizerType: REQUEST, AuthorizerPayloadFormatVersion: '2.0', \
                      EnableSimpleResponses: true, AuthorizerResultTtlInSeconds: 0, IdentitySource";
    let sam = |kind: &str| format!("X: {{Type: 'AWS::Serverless::{kind}'}}");
    for (resources, place, problem) in [
        (
            route("GET /", "").replace("/I", "/J"),
            "X.Properties.Target",
            "integrations/J: only an integration",
        ),
        (
            route("GET /", ", ModelSelectionExpression: x"),
            "X.Properties.ModelSelectionExpression",
            "not understood here",
        ),
        (route("GET /", "").replace("NONE", "AWS_IAM"), "X.Properties.AuthorizerId", "AWS_IAM: only"),
        (
            route("GET /", ", AuthorizerId: A").replace("NONE", "JWT"),
            "X.Properties.AuthorizerId",
            "JWT: only",
        ),
        (route("GET /", ", AuthorizationScopes: [a]"), "X.Properties.AuthorizationScopes", "only [] can"),
        (route("ANY /", ""), "X.Properties.RouteKey", "ANY /: only one method"),
        (route("$default", ""), "X.Properties.RouteKey", "only one method"),
        (route("'GET /{proxy+}'", ""), "X.Properties.RouteKey", "only one method"),
        (route("'GET /a{b'", ""), "X.Properties.RouteKey", "only one method"),
        (
            part("Integration", "IntegrationType: AWS_PROXY, PayloadFormatVersion: '1.0', IntegrationUri: x"),
            "X.Properties.PayloadFormatVersion",
            "\"1.0\": only \"2.0\"",
        ),
        (
            part("Integration", "IntegrationType: AWS_PROXY, PayloadFormatVersion: '2.0', IntegrationUri: x"),
            "X.Properties.IntegrationUri",
            "x: only a function's ARN",
        ),
        (
            part("Authorizer", &format!("{authorizer}: [$context.path]")),
            "X.Properties.IdentitySource",
            "$context.path: only a $request.header",
        ),
        (
            part("Authorizer", &format!("{authorizer}: [$request.header.A]").replace(": 0", ": 9")),
            "X.Properties.AuthorizerResultTtlInSeconds",
            "9: only 0",
        ),
        (
            part("Authorizer", "AuthorizerType: JWT, IdentitySource: [$request.header.A]"),
            "X.Properties.JwtConfiguration",
            "invalid type: null",
        ),
        (
            part("Stage", "DefaultRouteSettings: {ThrottlingRateLimit: much, ThrottlingBurstLimit: 1}"),
            "X.Properties.DefaultRouteSettings",
            "\"much\" is no number",
        ),
        (part("Integration", "").replace("Api,", "Nowhere,"), "X.Properties.ApiId", "\"Nowhere\" is no"),
        (sam("Api"), "X", "AWS::Serverless::Api can't be served here"),
        (sam("HttpApi"), "X", "AWS::Serverless::HttpApi can't be served here"),
    ] {
        let error = refused_api(&resources);
        assert!(error.starts_with(&format!("Resources.{place}: ")), "{resources}: {error}");
        assert!(error.contains(problem), "{resources}: {error}");
    }
}

#[test]
fn an_instance_gets_its_functions_variables_and_those_of_lambda() {
    let services =
        Services { dynamodb: "http://127.0.0.1:1".into(), kms: "http://127.0.0.1:2".into(), lambda: 3 };
    let function = Function {
        logical_id: "GetBackupFunction".into(),
        binary: "get-backup".into(),
        environment: Environment::from([("SHARES_TABLE".into(), "T".into())]),
        timeout: Duration::from_secs(10),
        memory_mb: 512,
    };
    let environment = services.environment(&function);
    assert_eq!(environment["SHARES_TABLE"], "T");
    assert_eq!(environment["AWS_LAMBDA_RUNTIME_API"], "http://127.0.0.1:3/.rt/get-backup");
    assert_eq!(environment["AWS_ENDPOINT_URL_KMS"], "http://127.0.0.1:2");
    assert!(!environment.contains_key("PATH"));
}
