//! A served API whose requests and answers pass through somebody's hands.

use std::sync::Arc;

use faults::message;
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::client::{Reply, send};

/// What is asked for.
pub struct Asked {
    pub method: String,
    /// With its query.
    pub path: String,
    pub headers: Vec<String>,
    pub body: Value,
}

/// What becomes of a request: an answer instead of the API's, or `None`, and then what becomes of the API's.
pub trait Hands: Fn(&Asked, Option<&mut Reply>) -> Option<Reply> + Send + Sync + 'static {}
impl<F: Fn(&Asked, Option<&mut Reply>) -> Option<Reply> + Send + Sync + 'static> Hands for F {}

/// The API behind those hands, until it is dropped.
pub struct Doctored {
    pub url: String,
    _serving: JoinSet<()>,
}

impl Doctored {
    /// Serves on a free port of 127.0.0.1 what is at that base URL.
    pub async fn start(api: &str, hands: impl Hands) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (api, hands) = (Arc::<str>::from(api), Arc::new(hands));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&api), Arc::clone(&hands)));
            }
        });
        Self { url, _serving: serving }
    }
}

/// An answer in JSON.
pub fn reply(status: u16, body: Value) -> Reply {
    Reply { status, head: String::new(), body }
}

async fn serve(mut stream: TcpStream, api: Arc<str>, hands: Arc<impl Hands>) {
    while let Some((head, body)) = message(&mut stream).await {
        let asked = asked(&head, &body);
        let reply = match hands(&asked, None) {
            Some(instead) => instead,
            None => passed_on(&asked, &api, &*hands).await,
        };
        let json = reply.body.to_string();
        let head = format!("HTTP/1.1 {} \r\ncontent-length: {}\r\n\r\n", reply.status, json.len());
        // A client that was killed takes no answer.
        if stream.write_all(format!("{head}{json}").as_bytes()).await.is_err() {
            break;
        }
    }
}

fn asked(head: &str, body: &[u8]) -> Asked {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ').map(str::to_owned);
    let ours =
        |line: &&str| !["host:", "content-length:"].iter().any(|name| line.to_lowercase().starts_with(name));
    Asked {
        method: words.next().unwrap(),
        path: words.next().unwrap(),
        headers: lines.filter(|line| !line.is_empty()).filter(ours).map(str::to_owned).collect(),
        body: serde_json::from_slice(body).unwrap_or(json!(null)),
    }
}

async fn passed_on(asked: &Asked, api: &str, hands: &impl Hands) -> Reply {
    let headers: Vec<&str> = asked.headers.iter().map(String::as_str).collect();
    let body = if asked.body.is_null() { String::new() } else { asked.body.to_string() };
    let mut reply = send(&asked.method, &format!("{api}{}", asked.path), &headers, &body).await;
    hands(asked, Some(&mut reply));
    reply
}
