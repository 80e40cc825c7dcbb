//! The two APIs: who must prove what on which route, how much a route takes, and what is logged of it.

use std::collections::BTreeMap;

use backup_shares::time_limits::DEADLINE;
use serde_json::{Value, json};

use super::{ACCOUNT, REGION, Stack, Variant};

const APIS: [&str; 2] = ["ClientApi", "WebhookApi"];
const CLIENT_ROUTES: [&str; 3] = [
    "GET /portal/clients/{clientId}/backup",
    "GET /portal/clients/{clientId}/backups",
    "POST /portal/clients/{clientId}/backup",
];
const WEBHOOK_ROUTES: [&str; 2] = ["POST /webhook/backup", "POST /webhook/backup/fetch"];

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
        let (kind, authorizer) = match variant {
            Variant::Authorizer => ("CUSTOM", "OwnAuthorizer"),
            _ => ("JWT", "TokenAuthorizer"),
        };
        let authorizers: Vec<_> = stack.of_type("AWS::ApiGatewayV2::Authorizer").into_keys().collect();
        assert_eq!(authorizers, [authorizer]);
        let client = CLIENT_ROUTES.map(|key| (key, ("ClientApi", kind, json!(authorizer))));
        let webhook = WEBHOOK_ROUTES.map(|key| (key, ("WebhookApi", "NONE", Value::Null)));
        let asked = routes(stack).into_iter().map(|(key, route)| {
            let text = |name: &str| route[name].as_str().unwrap();
            (key, (text("ApiId"), text("AuthorizationType"), route["AuthorizerId"].clone()))
        });
        let expected: BTreeMap<_, _> = client.into_iter().chain(webhook).collect();
        assert_eq!(asked.collect::<BTreeMap<_, _>>(), expected, "{variant:?}");
    }
}

/// An update that left them out would leave the old ones.
#[tokio::test]
async fn client_routes_name_their_scopes_even_if_there_are_none() {
    for (variant, scopes) in
        [(Variant::Everything, json!(["backup", "recover"])), (Variant::Production, json!([]))]
    {
        for (key, route) in routes(variant.expanded().await) {
            let expected = if CLIENT_ROUTES.contains(&key) { &scopes } else { &Value::Null };
            assert_eq!(&route["AuthorizationScopes"], expected, "{key}");
        }
    }
}

/// API Gateway refuses changes of one API that meet.
#[tokio::test]
async fn the_parts_of_an_api_are_made_one_after_the_other() {
    let kinds =
        ["Authorizer", "Integration", "Route", "Stage"].map(|kind| format!("AWS::ApiGatewayV2::{kind}"));
    for variant in Variant::ALL {
        let stack = variant.expanded().await;
        for api in APIS {
            let of_kind = kinds.iter().flat_map(|kind| stack.of_type(kind));
            let mut left: BTreeMap<_, _> =
                of_kind.filter(|(_, part)| part["Properties"]["ApiId"] == api).collect();
            while !left.is_empty() {
                let waits = |id: &str| left.keys().any(|other| stack.made_before(id).contains(other));
                let ready: Vec<&str> = left.keys().copied().filter(|id| !waits(id)).collect();
                let [one] = ready[..] else { panic!("{api}: {ready:?} are made at once") };
                left.remove(one);
            }
        }
    }
}

#[tokio::test]
async fn tokens_are_verified_for_the_issuer_and_audience_that_were_given() {
    let authorizer = Variant::Production.expanded().await.properties("TokenAuthorizer");
    assert_eq!(authorizer["AuthorizerType"], "JWT");
    let configuration = json!({"Issuer": "https://identity.example", "Audience": ["backups"]});
    assert_eq!(authorizer["JwtConfiguration"], configuration);
    assert_eq!(authorizer["AuthorizerUri"], Value::Null);
}

#[tokio::test]
async fn an_own_authorizers_answer_is_never_reused_for_another_request() {
    let authorizer = Variant::Authorizer.expanded().await.properties("OwnAuthorizer");
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
            let api = route["ApiId"].as_str().unwrap();
            assert_eq!(integration["ApiId"], api, "{key}");
            let source = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/{path}");
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
        assert_eq!(expected.len(), 5);
    }
}

#[tokio::test]
async fn each_api_has_a_rate_of_its_own_for_each_of_its_routes() {
    let stack = Variant::Everything.expanded().await;
    for (stage, rate) in [("ClientApiStage", "40"), ("WebhookApiStage", "30")] {
        let stage = stack.properties(stage);
        let rate = json!({"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": rate});
        assert_eq!((&stage["DefaultRouteSettings"], &stage["RouteSettings"]), (&rate, &Value::Null));
    }
}

/// An update that left CORS out would leave the old origins.
#[tokio::test]
async fn web_origins_are_let_in_only_if_they_are_named_and_nobody_otherwise() {
    let cors = |stack: &Stack, api: &str| stack.properties(api)["CorsConfiguration"].clone();
    for (variant, origins) in [
        (Variant::Production, json!(["https://nobody.invalid"])),
        (Variant::Everything, json!(["https://app.example", "http://localhost:3000"])),
    ] {
        let stack = variant.expanded().await;
        let client = cors(stack, "ClientApi");
        assert_eq!(client["AllowOrigins"], origins);
        assert_eq!(client["ExposeHeaders"], json!(["retry-after"]));
        assert_eq!(client["AllowCredentials"], Value::Null);
        assert_eq!(cors(stack, "WebhookApi"), Value::Null);
    }
}

#[tokio::test]
async fn an_api_with_a_domain_answers_under_no_other_name() {
    let off = |stack: &Stack| APIS.map(|api| stack.properties(api)["DisableExecuteApiEndpoint"].clone());
    let stack = Variant::Everything.expanded().await;
    assert_eq!(off(stack), [true, true]);
    assert_eq!(off(Variant::Production.expanded().await), [false, false]);
    for (mapping, api) in [("ClientDomainMapping", "ClientApi"), ("WebhookDomainMapping", "WebhookApi")] {
        let mapping = stack.properties(mapping);
        assert_eq!((&mapping["ApiId"], &mapping["Stage"]), (&json!(api), &json!(format!("{api}Stage"))));
    }
    assert_eq!(stack.output("ApiUrl"), "https://backups.example.com");
    assert_eq!(stack.output("WebhookUrl"), "https://hook-5e1f.example.net/webhook");
}

/// With the address, a line of the API and one of the function would say together where a wallet's owner is.
#[tokio::test]
async fn the_client_apis_log_tells_nobodys_address_or_path() {
    let stack = Variant::Production.expanded().await;
    for (stage, address) in [("ClientApiStage", false), ("WebhookApiStage", true)] {
        let format = stack.properties(stage)["AccessLogSettings"]["Format"].as_str().unwrap();
        assert_eq!(format.contains("sourceIp"), address, "{stage}");
        assert!(!format.contains("$context.path"), "{stage}");
        serde_json::from_str::<Value>(format).unwrap();
    }
}

/// Outside this prefix, each group takes a statement of the one policy that an account has for API Gateway's logs.
#[tokio::test]
async fn access_logs_stand_under_the_prefix_that_has_room_for_many_and_go_with_the_stack() {
    let stack = Variant::Production.expanded().await;
    let groups = stack.of_type("AWS::Logs::LogGroup");
    for (id, name) in [("ClientApiLogs", "client-api"), ("WebhookApiLogs", "webhook-api")] {
        assert_eq!(groups[id]["Properties"]["LogGroupName"], format!("/aws/vendedlogs/backups/{name}"));
        assert_eq!(groups[id]["DeletionPolicy"], "Delete", "a name that is fixed can't be made twice");
    }
}

/// Portal gives up after 10 s, and an answer of ours must be there before Lambda stops the function.
#[tokio::test]
async fn a_request_is_given_up_before_its_function_is_stopped_and_that_before_portal_gives_up() {
    const PORTAL: u64 = 10;
    for (id, function) in Variant::Production.expanded().await.of_type("AWS::Lambda::Function") {
        let timeout = function["Properties"]["Timeout"].as_u64().unwrap();
        assert!(DEADLINE.as_secs() < timeout && timeout <= PORTAL, "{id}");
    }
}
