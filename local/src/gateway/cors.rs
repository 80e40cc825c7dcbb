//! Cross-origin requests (API Gateway Developer Guide, "Configure CORS for HTTP APIs").

use axum::{
    body::Body,
    extract::Request,
    http::{
        Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
            HeaderName, HeaderValue, ORIGIN,
        },
    },
    response::Response,
};

use crate::template::Cors;

/// Whether a browser asks before it sends the real request; the API answers that itself, on any path.
pub(super) fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The empty answer to a preflight, whether the origin is allowed or not: its headers tell.
pub(super) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The headers for the answer to a request; none, unless it comes from an allowed origin.
pub(super) fn headers(cors: &Cors, request: &Request) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let Some(origin) = origin.filter(|origin| cors.allow_origins.iter().any(|allowed| allowed == origin))
    else {
        return headers;
    };
    let mut set = |name: HeaderName, value: String| {
        // Text that no header can hold is none that a browser would compare with.
        if let Some(value) = HeaderValue::from_str(&value).ok().filter(|value| !value.is_empty()) {
            headers.insert(name, value);
        }
    };
    set(ACCESS_CONTROL_ALLOW_ORIGIN, origin.to_owned());
    if is_preflight(request) {
        set(ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.join(","));
        set(ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.join(","));
        set(ACCESS_CONTROL_MAX_AGE, cors.max_age.map(|age| age.to_string()).unwrap_or_default());
    } else {
        set(ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose_headers.join(","));
    }
    headers
}

/// Puts the API's CORS headers in the place of a function's own, which an API with CORS ignores.
pub(super) fn replace(headers: &mut HeaderMap, ours: HeaderMap) {
    let theirs: Vec<_> = headers.keys().cloned().collect();
    for name in theirs.iter().filter(|name| name.as_str().starts_with("access-control-")) {
        headers.remove(name);
    }
    headers.extend(ours);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Cors {
            allow_origins: texts(origins),
            allow_methods: texts(&["GET", "POST"]),
            allow_headers: texts(&["authorization"]),
            expose_headers: texts(&["date"]),
            max_age: Some(600),
        }
    }

    fn preflight_from(origin: &str) -> Request {
        let request = Request::builder().method("OPTIONS").header("origin", origin);
        request.header("access-control-request-method", "GET").body(Body::empty()).unwrap()
    }

    #[test]
    fn a_preflight_tells_what_is_allowed() {
        let headers = headers(&cors(&["https://app.test"]), &preflight_from("https://app.test"));
        assert_eq!(headers["access-control-allow-origin"], "https://app.test");
        assert_eq!(headers["access-control-allow-methods"], "GET,POST");
        assert_eq!(headers["access-control-allow-headers"], "authorization");
        assert_eq!(headers["access-control-max-age"], "600");
        assert_eq!(headers.len(), 4);
    }

    #[test]
    fn another_origin_is_told_nothing() {
        for origin in ["https://app.test.evil", "http://app.test", "null"] {
            assert!(headers(&cors(&["https://app.test"]), &preflight_from(origin)).is_empty());
        }
    }

    #[test]
    fn an_answer_exposes_headers_and_drops_the_functions_own_cors() {
        let request = Request::builder().header("origin", "https://app.test");
        let request = request.body(Body::empty()).unwrap();
        let mut answer = HeaderMap::new();
        answer.insert("access-control-allow-origin", HeaderValue::from_static("*"));
        answer.insert("access-control-allow-methods", HeaderValue::from_static("*"));
        replace(&mut answer, headers(&cors(&["https://app.test"]), &request));
        assert_eq!(answer["access-control-allow-origin"], "https://app.test");
        assert_eq!(answer["access-control-expose-headers"], "date");
        assert_eq!(answer.len(), 2);
    }
}
