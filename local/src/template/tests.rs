use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;

use super::{Cors, JwtAuthorizer, Key, Route, Stack, Table, Template};

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn given() -> BTreeMap<String, String> {
    map(&[
        ("TokenIssuer", "https://issuer.test"),
        ("TokenAudience", "app, web"),
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
    template().stack(&given(), &arns()).unwrap()
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
    assert_eq!(functions.len(), 4);
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
fn the_routes_are_the_functions_events() {
    let route = |method, path: &str, function: &str, authorizer: Option<&str>| Route {
        method: Some(method),
        path: path.to_owned(),
        function: function.to_owned(),
        authorizer: authorizer.map(str::to_owned),
        scopes: Vec::new(),
    };
    let client = "/portal/clients/{clientId}/backup";
    let mut routes = stack().api.routes;
    routes.sort_by(|a, b| a.function.cmp(&b.function));
    assert_eq!(
        routes,
        [
            route(Method::GET, client, "get-backup", Some("UserToken")),
            route(Method::POST, client, "store-backup", Some("UserToken")),
            route(Method::POST, "/webhook/backup", "webhook-backup", None),
            route(Method::POST, "/webhook/backup/fetch", "webhook-fetch", None),
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
    assert_eq!(stack().api.authorizers, BTreeMap::from([("UserToken".to_owned(), authorizer)]));
}

#[test]
fn cors_is_the_apis() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let cors = Cors {
        allow_origins: texts(&["https://localhost"]),
        allow_methods: texts(&["GET", "POST"]),
        allow_headers: texts(&["authorization", "content-type"]),
        max_age: Some(600),
        ..Cors::default()
    };
    assert_eq!(stack().api.cors, Some(cors));
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
    parameters.remove("ClientIdClaim");
    let error = template().stack(&parameters, &arns()).unwrap_err().to_string();
    assert_eq!(error, "Parameters.ClientIdClaim: has no default: give a value");
}

#[test]
fn a_parameter_keeps_to_its_constraints() {
    for (name, value, rule) in [
        ("TokenIssuer", "http://issuer.test", "does not match https://.+"),
        ("ClientIdClaim", "", "is shorter than MinLength 1"),
        ("LogLevel", "trace", "is not one of"),
        ("Nonsense", "1", "declares no such parameter"),
    ] {
        let mut parameters = given();
        parameters.insert(name.to_owned(), value.to_owned());
        let error = template().stack(&parameters, &arns()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("Parameters.{name}: ")), "{error}");
        assert!(error.contains(rule), "{error}");
    }
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

#[test]
fn an_event_or_setting_that_can_not_be_served_is_named() {
    for (events, problem) in [
        ("{E: {Type: Schedule, Properties: {}}}", "Schedule"),
        ("{E: {Type: HttpApi, Properties: {PayloadFormatVersion: '1.0'}}}", "PayloadFormatVersion"),
        ("{E: {Type: HttpApi, Properties: {Path: /, Auth: {Authorizer: Nobody}}}}", "Nobody"),
    ] {
        let text = format!(
            "
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties: {{Events: {events}}}
"
        );
        let template = Template::parse(&text).unwrap();
        let error = template.stack(&BTreeMap::new(), &BTreeMap::new()).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn a_property_of_the_api_is_served_or_without_effect_here_or_named() {
    let stack = |property: &str| {
        let text = format!(
            "{{Resources: {{Api: {{Type: 'AWS::Serverless::HttpApi', Properties: {{{property}}}}}}}}}"
        );
        let template = Template::parse(&text).unwrap();
        template.stack(&BTreeMap::new(), &BTreeMap::new()).map_err(|error| error.to_string())
    };
    for property in
        ["Domain: {DomainName: d}", "DefaultRouteSettings: {ThrottlingRateLimit: 9}", "Tags: {a: b}"]
    {
        assert!(stack(property).is_ok(), "{property}");
    }
    for name in ["StageName", "StageVariables", "DefinitionBody"] {
        let error = stack(&format!("{name}: x")).unwrap_err();
        let place = format!("Resources.Api.Properties.{name}: ");
        assert!(error.starts_with(&place), "{error}");
    }
}
