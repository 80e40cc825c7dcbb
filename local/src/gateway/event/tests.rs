use axum::http::Request;

use super::*;

fn arrived(request: axum::http::request::Builder, visit: impl FnOnce(&Arrival<'_>) -> Value) -> Value {
    let (head, ()) = request.body(()).unwrap().into_parts();
    let route = Route {
        method: head.method.clone(),
        path: "/clients/{id}".to_owned(),
        function: "f".to_owned(),
        authorizer: None,
    };
    let time = OffsetDateTime::from_unix_timestamp(1_584_039_838).unwrap();
    visit(&Arrival { route: &route, head: &head, peer: [127, 0, 0, 1].into(), request_id: "id=", time })
}

fn event(request: axum::http::request::Builder, body: &[u8]) -> Value {
    arrived(request, |arrival| arrival.for_function(None, body))
}

fn post(content_type: &str, body: &[u8]) -> Value {
    event(Request::post("/clients/c").header("content-type", content_type), body)
}

#[test]
fn a_get_with_query_and_encoded_path() {
    let request = Request::get("/clients/a%2520b?x=1&y=%2B+&x=2")
        .header("host", "127.0.0.1:3000")
        .header("user-agent", "test");
    assert_eq!(
        event(request, b""),
        json!({
            "version": "2.0",
            "routeKey": "GET /clients/{id}",
            "rawPath": "/clients/a%20b",
            "rawQueryString": "x=1&y=%2B+&x=2",
            "headers": {"host": "127.0.0.1:3000", "user-agent": "test"},
            "queryStringParameters": {"x": "1,2", "y": "+ "},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "127.0.0.1",
                "domainPrefix": "127",
                "http": {
                    "method": "GET",
                    "path": "/clients/a%20b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test",
                },
                "requestId": "id=",
                "routeKey": "GET /clients/{id}",
                "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_584_039_838_000_i64,
            },
            "pathParameters": {"id": "a%20b"},
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn json_is_a_text() {
    for content_type in ["application/json", "application/vnd.x+json; charset=utf-8", "text/plain", ""] {
        let event = post(content_type, br#"{"a":1}"#);
        assert_eq!(event["body"], r#"{"a":1}"#, "{content_type}");
        assert_eq!(event["isBase64Encoded"], false);
    }
}

#[test]
fn a_binary_body_is_base64() {
    for (content_type, body) in [("application/octet-stream", &b"ab"[..]), ("text/plain", b"\xff\xfe")] {
        let event = post(content_type, body);
        assert_eq!(event["body"], STANDARD.encode(body), "{content_type}");
        assert_eq!(event["isBase64Encoded"], true);
    }
}

#[test]
fn repeated_headers_are_joined_and_cookies_set_apart() {
    let request = Request::get("/clients/c")
        .header("X-Many", "1")
        .header("x-many", "2")
        .header("cookie", "a=1; b=2")
        .header("cookie", "c=3");
    let event = event(request, b"");
    assert_eq!(event["headers"], json!({"x-many": "1,2"}));
    assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
}

#[test]
fn the_source_address_is_the_peers() {
    let request = Request::get("/clients/c").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(event(request, b"")["requestContext"]["http"]["sourceIp"], "127.0.0.1");
}

#[test]
fn what_the_authorizer_says_is_in_the_context() {
    let said = json!({"jwt": {"claims": {"sub": "u"}, "scopes": null}});
    let event = arrived(Request::get("/clients/c"), |arrival| arrival.for_function(Some(said.clone()), b""));
    assert_eq!(event["requestContext"]["authorizer"], said);
}

#[test]
fn an_authorizer_is_sent_the_request_without_its_body_and_what_to_look_at() {
    let event = arrived(Request::get("/clients/c"), |arrival| arrival.for_authorizer("a secret"));
    assert_eq!(event["type"], "REQUEST");
    assert_eq!(event["identitySource"], json!(["a secret"]));
    let arn = "arn:aws:execute-api:us-east-1:000000000000:local/$default/GET/clients/c";
    assert_eq!(event["routeArn"], arn);
    assert_eq!(event["pathParameters"], json!({"id": "c"}));
    assert!(event.get("body").is_none() && event.get("isBase64Encoded").is_none(), "{event}");
}
