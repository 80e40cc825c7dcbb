//! The API: who must prove what on which route, and how much a route takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ACCOUNT, REGION, Stack, Variant};

const AUTHORIZER: &str = "UserAuthorizer";
const CLIENT_ROUTES: [&str; 2] =
    ["GET /portal/clients/{clientId}/backup", "POST /portal/clients/{clientId}/backup"];

/// The properties of the routes, by their keys.
fn routes(stack: &Stack) -> BTreeMap<&str, &Value> {
    let routes = stack.of_type("AWS::ApiGatewayV2::Route");
    routes
        .values()
        .map(|route| (route["Properties"]["RouteKey"].as_str().unwrap(), &route["Properties"]))
        .collect()
}

#[tokio::test]
async fn a_client_route_always_asks_for_proof_and_a_webhook_route_leaves_it_to_the_function() {
    for variant in Variant::ALL {
        let stack = variant.expanded().await;
        let kind = if variant == Variant::Authorizer { "CUSTOM" } else { "JWT" };
        assert_eq!(
            stack.of_type("AWS::ApiGatewayV2::Authorizer").into_keys().collect::<Vec<_>>(),
            [AUTHORIZER]
        );
        let webhook = if variant == Variant::Everything { "portal/unguessable" } else { "webhook" };
        let webhooks = [format!("POST /{webhook}/backup"), format!("POST /{webhook}/backup/fetch")];
        let mut expected: BTreeMap<&str, _> =
            CLIENT_ROUTES.map(|key| (key, (kind, json!(AUTHORIZER)))).into();
        expected.extend(webhooks.iter().map(|key| (key.as_str(), ("NONE", Value::Null))));
        let asked = routes(stack).into_iter().map(|(key, route)| {
            (key, (route["AuthorizationType"].as_str().unwrap(), route["AuthorizerId"].clone()))
        });
        assert_eq!(asked.collect::<BTreeMap<_, _>>(), expected, "{variant:?}");
    }
}

#[tokio::test]
async fn scopes_are_asked_for_on_client_routes_alone_if_any_are_named() {
    for (variant, scopes) in
        [(Variant::Everything, json!(["backup", "recover"])), (Variant::Production, Value::Null)]
    {
        for (key, route) in routes(variant.expanded().await) {
            let expected = if CLIENT_ROUTES.contains(&key) { &scopes } else { &Value::Null };
            assert_eq!(&route["AuthorizationScopes"], expected, "{key}");
        }
    }
}

#[tokio::test]
async fn tokens_are_verified_for_the_issuer_and_audience_that_were_given() {
    let authorizer = Variant::Production.expanded().await.properties(AUTHORIZER);
    assert_eq!(authorizer["AuthorizerType"], "JWT");
    let configuration = json!({"Issuer": "https://identity.example", "Audience": ["backups"]});
    assert_eq!(authorizer["JwtConfiguration"], configuration);
    assert_eq!(authorizer["AuthorizerUri"], Value::Null);
}

#[tokio::test]
async fn an_own_authorizers_answer_is_never_reused_for_another_request() {
    let authorizer = Variant::Authorizer.expanded().await.properties(AUTHORIZER);
    assert_eq!(authorizer["AuthorizerType"], "REQUEST");
    assert_eq!(authorizer["AuthorizerResultTtlInSeconds"], 0);
    assert_eq!(authorizer["JwtConfiguration"], Value::Null);
    assert_eq!(authorizer["IdentitySource"], json!(["$request.header.Authorization"]));
}

/// A function may be invoked by this API, on its own route, and by nobody else that the template knows.
#[tokio::test]
async fn each_route_leads_to_a_function_that_lets_in_that_route_alone() {
    for variant in Variant::ALL {
        let stack = variant.expanded().await;
        let mut expected = BTreeMap::new();
        for (key, route) in routes(stack) {
            let integration =
                stack.properties(route["Target"].as_str().unwrap().strip_prefix("integrations/").unwrap());
            assert_eq!(integration["PayloadFormatVersion"], "2.0", "{key}");
            let function = integration["IntegrationUri"].as_str().unwrap().rsplit(':').next().unwrap();
            let path = key.replace(' ', "").replace("{clientId}", "*");
            let source = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:Api/*/{path}");
            expected.insert(function, source);
        }
        let permissions =
            stack.of_type("AWS::Lambda::Permission").into_values().map(|body| &body["Properties"]);
        let permissions = permissions.inspect(|permission| {
            assert_eq!(permission["Action"], "lambda:InvokeFunction");
            assert_eq!(permission["Principal"], "apigateway.amazonaws.com");
        });
        let ours = permissions
            .filter(|permission| !permission["FunctionName"].as_str().unwrap().starts_with("arn:"));
        let ours = ours.map(|permission| {
            (
                permission["FunctionName"].as_str().unwrap(),
                permission["SourceArn"].as_str().unwrap().to_owned(),
            )
        });
        assert_eq!(ours.collect::<BTreeMap<_, _>>(), expected, "{variant:?}");
        assert_eq!(expected.len(), 4);
    }
}

#[tokio::test]
async fn client_routes_have_a_rate_of_their_own_and_the_webhooks_the_default() {
    let stage = Variant::Everything.expanded().await.properties("ApiStage");
    let rate = |rate: &str| json!({"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": rate});
    assert_eq!(stage["DefaultRouteSettings"], rate("30"));
    let own: BTreeMap<_, _> = CLIENT_ROUTES.map(|key| (key, rate("40"))).into();
    assert_eq!(stage["RouteSettings"], json!(own));
}

#[tokio::test]
async fn web_origins_are_let_in_only_if_they_are_named() {
    let cors = |stack: &Stack| stack.properties("Api")["CorsConfiguration"].clone();
    assert_eq!(cors(Variant::Production.expanded().await), Value::Null);
    let named = cors(Variant::Everything.expanded().await);
    assert_eq!(named["AllowOrigins"], json!(["https://app.example", "http://localhost:3000"]));
    assert_eq!(named["AllowCredentials"], Value::Null);
}

#[tokio::test]
async fn a_stack_with_a_domain_answers_under_no_other_name() {
    let off = |stack: &Stack| stack.properties("Api")["DisableExecuteApiEndpoint"].clone();
    let stack = Variant::Everything.expanded().await;
    assert_eq!((off(stack), off(Variant::Production.expanded().await)), (json!(true), json!(false)));
    assert_eq!(stack.properties("ApiDomainMapping")["Stage"], "ApiStage");
    assert_eq!(stack.output("ApiUrl"), "https://backups.example.com");
    assert_eq!(stack.output("WebhookUrl"), "https://backups.example.com/portal/unguessable");
}
