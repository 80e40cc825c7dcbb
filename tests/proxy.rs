//! A proxy in front of an emulator that sees each call and breaks those that it is told to.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What becomes of a call.
pub enum Fate {
    /// It goes through.
    Pass,
    /// The connection is closed once the service has done what was asked, before it is answered.
    CutAfter,
    /// Nothing happens, ever.
    Hang,
    /// This JSON is the answer, with 200.
    Answer(String),
}

/// A call as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which connection it came on, 0 for the first.
    pub connection: usize,
    /// Such as `PutItem`.
    pub operation: String,
    /// Whether the call was signed.
    pub signed: bool,
    /// The request's JSON.
    pub body: String,
}

/// A running proxy.
pub struct Proxy {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Proxy {
    /// Starts in front of a service. `fate` is asked for each call, in the order of arrival from 0.
    pub async fn start(service: &str, fate: impl Fn(usize, &Seen) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, fate, service) = (Arc::default(), Arc::new(fate), service.replace("http://", ""));
        let proxy = Self { url, seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, fate, service) = (Arc::clone(&seen), Arc::clone(&fate), service.clone());
                tokio::spawn(async move { serve(stream, connection, &service, &seen, &*fate).await });
            }
        });
        proxy
    }

    /// The calls so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// `None` once the connection is closed, by whichever side.
async fn serve(
    mut stream: TcpStream,
    connection: usize,
    service: &str,
    seen: &Mutex<Vec<Seen>>,
    fate: &(impl Fn(usize, &Seen) -> Fate + Sync),
) -> Option<()> {
    loop {
        let (head, body) = message(&mut stream).await?;
        let call = call(connection, &head, &body);
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(call.clone());
            seen.len() - 1
        };
        let answer = match fate(number, &call) {
            Fate::Pass => forward(service, &head, &body).await?,
            Fate::Hang => std::future::pending().await,
            Fate::Answer(json) => ok(&json),
            Fate::CutAfter => {
                forward(service, &head, &body).await?;
                return None;
            }
        };
        stream.write_all(&answer).await.ok()?;
    }
}

fn call(connection: usize, head: &str, body: &[u8]) -> Seen {
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    };
    let target = header("x-amz-target").and_then(|target| target.split_once('.'));
    Seen {
        connection,
        operation: target.map_or("", |(_, operation)| operation).to_owned(),
        signed: header("authorization").is_some(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn forward(service: &str, head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut upstream = TcpStream::connect(service).await.ok()?;
    upstream.write_all(head.as_bytes()).await.ok()?;
    upstream.write_all(body).await.ok()?;
    let (head, body) = message(&mut upstream).await?;
    Some([head.as_bytes(), &body].concat())
}

fn ok(json: &str) -> Vec<u8> {
    let length = json.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\n\r\n{json}")
        .into_bytes()
}

/// Reads one HTTP message: its head with the empty line, and its body of the length that the head gives.
pub async fn message(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = |line: &str| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
    let mut body = vec![0; head.lines().find_map(length).unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}
