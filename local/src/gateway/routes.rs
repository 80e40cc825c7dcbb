//! Which route answers a request (API Gateway Developer Guide, "Create routes for HTTP APIs").

use std::collections::BTreeMap;
use std::iter::once;

use axum::http::Method;
use percent_encoding::percent_decode_str;

use crate::template::Route;

/// What a segment of a route's path stands for.
enum Segment<'a> {
    Literal(&'a str),
    Parameter(&'a str),
    Rest(&'a str),
}

impl<'a> Segment<'a> {
    fn parse(segment: &'a str) -> Self {
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            None => Self::Literal(segment),
            Some(name) => match name.strip_suffix('+') {
                None => Self::Parameter(name),
                Some(name) => Self::Rest(name),
            },
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Parameter(_) => 1,
            Self::Rest(_) => 2,
        }
    }
}

/// The most specific route, with the decoded values of its path parameters. An HTTP API knows no 405: a path with
/// another method is a route that it doesn't have.
pub(super) fn find<'r>(
    routes: &'r [Route],
    method: &Method,
    path: &str,
) -> Option<(&'r Route, BTreeMap<String, String>)> {
    let takes = |route: &Route| route.method.as_ref().is_none_or(|wanted| wanted == method);
    routes
        .iter()
        .filter(|route| takes(route))
        .filter_map(|route| Some((route, parameters(&route.path, path)?)))
        .min_by_key(|(route, _)| (ranks(&route.path), route.method.is_none()))
}

/// Whether one of the routes answers the path, by whatever method.
pub(super) fn has(routes: &[Route], path: &str) -> bool {
    routes.iter().any(|route| parameters(&route.path, path).is_some())
}

/// Compared from the left: a literal segment comes before a parameter, that before the rest, and `$default` is last.
fn ranks(pattern: &str) -> Vec<u8> {
    match pattern {
        "$default" => vec![u8::MAX],
        _ => pattern.split('/').map(|segment| Segment::parse(segment).rank()).collect(),
    }
}

fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    if pattern == "$default" {
        return Some(found);
    }
    let mut given = path.split('/');
    for wanted in pattern.split('/') {
        let segment = given.next()?;
        match Segment::parse(wanted) {
            Segment::Literal(literal) if decode(segment) == literal => {}
            Segment::Parameter(name) if !segment.is_empty() => {
                found.insert(name.to_owned(), decode(segment));
            }
            Segment::Rest(name) if !segment.is_empty() => {
                let rest: Vec<_> = once(segment).chain(given).collect();
                found.insert(name.to_owned(), decode(&rest.join("/")));
                return Some(found);
            }
            _ => return None,
        }
    }
    given.next().is_none().then_some(found)
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The route key and parameters found among the examples of API Gateway's documentation.
    fn found(method: &Method, path: &str) -> Option<(String, String)> {
        let keys = [
            "GET /pets/dog/1",
            "GET /pets/dog/{id}",
            "GET /pets/{proxy+}",
            "ANY /pets/dog/{id}",
            "POST /users/{id}/backup",
        ];
        let routes = keys.map(|key| {
            let (method, path) = key.split_once(' ').unwrap();
            Route {
                method: (method != "ANY").then(|| method.parse().unwrap()),
                path: path.to_owned(),
                function: "f".to_owned(),
                authorizer: None,
                scopes: Vec::new(),
            }
        });
        let (route, parameters) = find(&routes, method, path)?;
        let parameters: Vec<_> = parameters.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        Some((route.key(), parameters.join(",")))
    }

    fn check(method: &Method, path: &str, key: &str, parameters: &str) {
        assert_eq!(found(method, path), Some((key.to_owned(), parameters.to_owned())), "{path}");
    }

    #[test]
    fn the_most_specific_route_wins() {
        check(&Method::GET, "/pets/dog/1", "GET /pets/dog/1", "");
        check(&Method::GET, "/pets/dog/2", "GET /pets/dog/{id}", "id=2");
        check(&Method::GET, "/pets/cat/1", "GET /pets/{proxy+}", "proxy=cat/1");
        check(&Method::PUT, "/pets/dog/1", "ANY /pets/dog/{id}", "id=1");
    }

    #[test]
    fn parameters_are_decoded_once() {
        check(&Method::POST, "/users/a%2520b/backup", "POST /users/{id}/backup", "id=a%20b");
        check(&Method::POST, "/users/a%2Fb/backup", "POST /users/{id}/backup", "id=a/b");
    }

    #[test]
    fn other_paths_and_methods_have_no_route() {
        for (method, path) in [
            (Method::GET, "/users/1/backup"),
            (Method::POST, "/users/1/backup/"),
            (Method::POST, "/users//backup"),
            (Method::POST, "/users/1"),
            (Method::GET, "/pets/"),
            (Method::GET, "/"),
        ] {
            assert_eq!(found(&method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn default_takes_what_no_other_route_does() {
        let route = |path: &str| Route {
            method: None,
            path: path.to_owned(),
            function: "f".to_owned(),
            authorizer: None,
            scopes: Vec::new(),
        };
        let routes = [route("$default"), route("/{proxy+}")];
        assert_eq!(find(&routes, &Method::GET, "/a").unwrap().0.key(), "ANY /{proxy+}");
        assert_eq!(find(&routes, &Method::GET, "/").unwrap().0.key(), "$default");
    }
}
