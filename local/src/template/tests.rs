use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;

use super::{JwtAuthorizer, Key, Route, Stack, Table, Template};

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn given() -> BTreeMap<String, String> {
    map(&[
        ("TokenIssuer", "https://issuer.test"),
        ("TokenAudience", "app,web"),
        ("ClientIdClaim", "portal_client_id"),
        ("WebhookSecretDigests", &"ab".repeat(32)),
    ])
}

fn arns() -> BTreeMap<String, String> {
    let arn = |id| format!("arn:aws:kms:us-east-1:000000000000:key/{id}");
    map(&[("ClientSharesKey", &arn("mrk-1")), ("CustodianSharesKey", &arn("mrk-2"))])
}

fn template() -> Template {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    Template::read(&path).unwrap()
}

fn stack() -> Stack {
    with(&[]).unwrap()
}

/// The project's stack with these parameters too.
fn with(parameters: &[(&str, &str)]) -> Result<Stack, String> {
    let mut all = given();
    all.extend(map(parameters));
    template().stack(&all, &arns()).map_err(|error| error.to_string())
}

/// Resolves a one-function template whose variable `X` is the given YAML, with the parameter `Stage`.
fn variable(yaml: &str, stage: &str) -> Result<Option<String>, String> {
    let text = format!(
        r#"
Parameters:
  Stage: {{Type: String}}
  List: {{Type: CommaDelimitedList, Default: "a, b"}}
Conditions:
  Live: !Equals [!Ref Stage, live]
  Test: !Not [!Condition Live]
  Either: !Or [!Condition Live, !Condition Test]
  Both: {{"Fn::And": [{{Condition: Live}}, {{Condition: Test}}]}}
  Round: !Not [!Condition Round]
Resources:
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub rows-${{Stage}}
      AttributeDefinitions: [{{AttributeName: pk, AttributeType: S}}]
      KeySchema: [{{AttributeName: pk, KeyType: HASH}}]
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties:
      Environment:
        Variables:
          X: {yaml}
"#
    );
    let template = Template::parse(&text).map_err(|e| e.to_string())?;
    let stack = template.stack(&map(&[("Stage", stage)]), &BTreeMap::new());
    let mut stack = stack.map_err(|e| e.to_string())?;
    Ok(stack.functions.remove(0).environment.remove("X"))
}

fn resolved(yaml: &str) -> String {
    variable(yaml, "live").unwrap().unwrap()
}

fn refused(yaml: &str) -> String {
    variable(yaml, "live").unwrap_err()
}

#[test]
fn each_function_gets_its_own_environment() {
    let functions = stack().functions;
    let environment = |binary: &str| {
        let function = functions.iter().find(|function| function.binary == binary);
        function.unwrap().environment.clone()
    };
    let client = map(&[
        ("CLIENT_AUTHORIZER_ARN", ""),
        ("CLIENT_ID_CLAIM", "portal_client_id"),
        ("LOG_LEVEL", "info"),
        ("SHARES_KEYS", "arn:aws:kms:us-east-1:000000000000:key/mrk-1"),
        ("SHARES_TABLE", "ClientSharesTable"),
    ]);
    let custodian = map(&[
        ("LOG_LEVEL", "info"),
        ("SHARES_KEYS", "arn:aws:kms:us-east-1:000000000000:key/mrk-2"),
        ("SHARES_TABLE", "CustodianSharesTable"),
        ("WEBHOOK_ALLOWED_IPS", "35.203.150.117/32,104.155.171.139/32,35.185.20.23/32"),
        ("WEBHOOK_SECRET_SHA256", &"ab".repeat(32)),
    ]);
    assert_eq!(functions.len(), 5);
    let mut list = client.clone();
    list.remove("SHARES_KEYS");
    assert_eq!(environment("list-backups"), list);
    assert_eq!(environment("store-backup"), client);
    assert_eq!(environment("get-backup"), client);
    assert_eq!(environment("webhook-backup"), custodian);
    assert_eq!(environment("webhook-fetch"), custodian);
}

#[test]
fn globals_reach_every_function() {
    for function in stack().functions {
        assert_eq!(function.timeout, Duration::from_secs(10));
        assert_eq!(function.memory_mb, 512);
    }
}

#[test]
fn each_route_leads_to_its_function() {
    let route = |method, path: &str, function: &str, authorizer: Option<&str>| Route {
        method: Some(method),
        path: path.to_owned(),
        function: function.to_owned(),
        authorizer: authorizer.map(str::to_owned),
        scopes: Vec::new(),
    };
    let client = "/portal/clients/{clientId}/backup";
    let routes: Vec<_> = stack().apis.into_iter().map(|api| api.routes).collect();
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
fn the_authorizer_takes_issuer_and_audiences_from_parameters() {
    let authorizer = JwtAuthorizer {
        header: "authorization".to_owned(),
        issuer: "https://issuer.test".to_owned(),
        audience: vec!["app".to_owned(), "web".to_owned()],
    };
    let authorizers: Vec<_> = stack().apis.into_iter().map(|api| api.authorizers).collect();
    assert_eq!(authorizers, [BTreeMap::from([("TokenAuthorizer".to_owned(), authorizer)]), BTreeMap::new()]);
}

#[test]
fn cors_is_the_client_apis_alone() {
    let cors = |parameters: &[(&str, &str)]| -> Vec<_> {
        with(parameters).unwrap().apis.into_iter().map(|api| api.cors).collect()
    };
    let with_web_apps = cors(&[("AllowedOrigins", "https://a.test,https://b.test:8443")]);
    let [Some(client), None] = &with_web_apps[..] else { panic!("{with_web_apps:?}") };
    assert_eq!(client.allow_origins, ["https://a.test", "https://b.test:8443"]);
    assert_eq!(client.allow_methods, ["GET", "POST"]);
    assert_eq!(client.expose_headers, ["retry-after"]);
    assert!(client.allow_headers.iter().any(|header| header == "x-portal-trace-id"));
    assert_eq!((client.allow_credentials, client.max_age), (false, Some(600)));
    let without = cors(&[]);
    assert_eq!(without[0].as_ref().unwrap().allow_origins, ["https://nobody.invalid"]);
}

#[test]
fn tables_and_keys_are_those_declared() {
    let table = |id: &str| Table {
        logical_id: id.to_owned(),
        name: id.to_owned(),
        partition_key: "pk".to_owned(),
        sort_key: Some("sk".to_owned()),
    };
    let key = |id: &str| Key { logical_id: id.to_owned(), multi_region: true };
    assert_eq!(stack().tables, [table("ClientSharesTable"), table("CustodianSharesTable")]);
    assert_eq!(template().keys(), [key("ClientSharesKey"), key("CustodianSharesKey")]);
}

#[test]
fn a_parameter_without_value_or_default_is_named() {
    let mut parameters = given();
    parameters.remove("WebhookSecretDigests");
    let error = template().stack(&parameters, &arns()).unwrap_err().to_string();
    assert_eq!(error, "Parameters.WebhookSecretDigests: has no default: give a value");
}

#[test]
fn a_parameter_is_declared_and_of_its_type() {
    for (name, value, rule) in
        [("MemorySize", "much", "is no number"), ("Nonsense", "1", "declares no such parameter")]
    {
        let error = with(&[(name, value)]).unwrap_err();
        assert!(error.starts_with(&format!("Parameters.{name}: ")), "{error}");
        assert!(error.contains(rule), "{error}");
    }
}

#[test]
fn an_adopted_table_is_not_made_and_an_older_key_is_named_second() {
    let older = "arn:aws:kms:us-east-1:000000000000:key/mrk-0";
    let stack = with(&[("ClientTableName", "restored"), ("ClientOlderKeyArns", older)]).unwrap();
    assert_eq!(stack.tables.iter().map(|table| &*table.name).collect::<Vec<_>>(), ["CustodianSharesTable"]);
    let function = stack.functions.iter().find(|function| function.binary == "get-backup").unwrap();
    assert_eq!(function.environment["SHARES_TABLE"], "restored");
    assert_eq!(function.environment["SHARES_KEYS"], format!("{},{older}", arns()["ClientSharesKey"]));
}

#[test]
fn a_key_without_an_arn_is_named_where_it_is_used() {
    let error = template().stack(&given(), &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.starts_with("Resources.GetBackupFunction.Properties.Environment.Variables.SHARES_KEYS: \"ClientSharesKey.Arn\""), "{error}");
}

#[test]
fn intrinsics_resolve_in_short_and_long_form() {
    for (yaml, value) in [
        ("!Ref Stage", "live"),
        ("{Ref: Stage}", "live"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Rows", "rows-live"),
        ("!GetAtt Rows.Arn", "arn:aws:dynamodb:us-east-1:000000000000:table/rows-live"),
        (r#"{"Fn::GetAtt": [F, Arn]}"#, "arn:aws:lambda:us-east-1:000000000000:function:f"),
        (
            "!Sub 'a ${Stage} ${!Stage} ${Rows.Arn}'",
            "a live ${Stage} arn:aws:dynamodb:us-east-1:000000000000:table/rows-live",
        ),
        ("!Sub ['${A}/${Stage}', {A: !Ref AWS::AccountId}]", "000000000000/live"),
        ("!Join ['+', !Ref List]", "a+b"),
        ("!Select [1, !Split [':', 'x:y']]", "y"),
        ("!If [Live, yes-live, no]", "yes-live"),
        ("!If [Test, a, b]", "b"),
        ("!If [Either, a, b]", "a"),
        ("!If [Both, a, b]", "b"),
        ("7", "7"),
        ("true", "true"),
    ] {
        assert_eq!(resolved(yaml), value, "{yaml}");
    }
}

#[test]
fn no_value_leaves_the_property_out() {
    assert_eq!(variable("!If [Live, x, !Ref AWS::NoValue]", "test").unwrap(), None);
}

#[test]
fn what_is_not_understood_is_named_with_its_place() {
    for (yaml, problem) in [
        ("!ImportValue x", "Fn::ImportValue is not understood here"),
        ("!Ref Nothing", "\"Nothing\" is no parameter"),
        ("!GetAtt Rows.StreamArn", "\"Rows.StreamArn\" is no parameter"),
        ("!Sub '${Nothing}'", "\"Nothing\" is no parameter"),
        ("!Sub '${Stage'", "is not closed"),
        ("!Ref List", "a text belongs here"),
        ("!Select [2, !Ref List]", "no item 2"),
        ("!If [Nothing, a, b]", "no condition \"Nothing\""),
        ("!Join [a]", "Fn::Join takes a list of 2"),
    ] {
        let error = refused(yaml);
        assert!(error.starts_with("Resources.F.Properties.Environment.Variables.X: "), "{error}");
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn conditions_in_a_circle_are_an_error() {
    assert!(refused("!If [Round, a, b]").contains("circle"));
}

#[test]
fn a_resource_whose_condition_fails_is_left_out() {
    let text = "
Parameters: {On: {Type: String}}
Conditions: {Wanted: !Equals [!Ref On, 'yes']}
Resources:
  F:
    Type: AWS::Serverless::Function
    Condition: Wanted
    Metadata: {BuildProperties: {Binary: f}}
";
    let template = Template::parse(text).unwrap();
    let count = |on| template.stack(&map(&[("On", on)]), &BTreeMap::new()).unwrap().functions.len();
    assert_eq!((count("yes"), count("no")), (1, 0));
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
    let route = |properties: &str| {
        format!(
            "R: {{Type: 'AWS::ApiGatewayV2::Route', Properties: {{ApiId: !Ref Api, RouteKey: GET /, {properties}}}}}"
        )
    };
    let api = |kind: &str| format!("Other: {{Type: 'AWS::{kind}'}}");
    for (resources, place, problem) in [
        (route("Target: elsewhere"), "R.Properties.Target", "elsewhere is no integration"),
        (route("Target: integrations/J"), "R.Properties.Target", "integrations/J is no integration"),
        (route("Target: integrations/I, ModelSelectionExpression: x"), "R.Properties", "unknown field"),
        (
            route("Target: integrations/I, AuthorizationType: CUSTOM"),
            "R.Properties",
            "unknown variant `CUSTOM`",
        ),
        (
            route("Target: integrations/I, AuthorizationType: JWT, AuthorizerId: A"),
            "R.Properties.AuthorizerId",
            "\"A\") is no authorizer",
        ),
        (route("Target: integrations/I").replace("GET /", "here"), "R.Properties.RouteKey", "no route key"),
        (
            "J: {Type: 'AWS::ApiGatewayV2::Integration', Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, \
             PayloadFormatVersion: '1.0', IntegrationUri: x}}"
                .into(),
            "J.Properties",
            "unknown variant `1.0`",
        ),
        (
            "A: {Type: 'AWS::ApiGatewayV2::Authorizer', Properties: {ApiId: !Ref Api, AuthorizerType: REQUEST}}".into(),
            "A.Properties",
            "unknown variant `REQUEST`",
        ),
        (api("Serverless::Api"), "Other", "AWS::Serverless::Api can't be served here"),
        (api("Serverless::HttpApi"), "Other", "AWS::Serverless::HttpApi can't be served here"),
        (
            "I2: {Type: 'AWS::ApiGatewayV2::Integration', Properties: {ApiId: !Ref Nowhere}}".into(),
            "I2.Properties.ApiId",
            "\"Nowhere\" is no parameter",
        ),
    ] {
        let error = refused_api(&resources);
        assert!(error.starts_with(&format!("Resources.{place}: ")), "{resources}: {error}");
        assert!(error.contains(problem), "{resources}: {error}");
    }
}

#[test]
fn an_event_of_sam_is_refused_where_it_stands() {
    let function = "G: {Type: 'AWS::Serverless::Function', Metadata: {BuildProperties: {Binary: g}}, \
                    Properties: {Events: {E: {Type: HttpApi}}}}";
    let error = refused_api(function);
    assert!(error.starts_with("Resources.G.Properties.Events: not understood here"), "{error}");
}
