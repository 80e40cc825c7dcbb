use std::{
    io::ErrorKind,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use axum::{Router, routing::post};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

const REQUEST: &[u8] =
    b"POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: X_1.PutItem\r\ncontent-length: 2\r\n\r\n{}";

/// A service that counts its calls, and a proxy in front of it.
struct Scene {
    proxy: Proxy,
    served: Arc<AtomicUsize>,
    _service: JoinSet<()>,
}

async fn scene(fate: impl Fn(usize, &Seen) -> Fate + Send + Sync + 'static) -> Scene {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let serve = || async move {
        count.fetch_add(1, Ordering::SeqCst);
        "answered"
    };
    let mut service = JoinSet::new();
    service.spawn(async move { axum::serve(listener, Router::new().route("/", post(serve))).await.unwrap() });
    Scene { proxy: Proxy::start(&url, fate).await.unwrap(), served, _service: service }
}

impl Scene {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.proxy.url.replace("http://", "")).await.unwrap()
    }

    /// One call on a connection of its own: all that comes back, and how the connection ended.
    async fn call(&self) -> (String, Option<ErrorKind>) {
        let mut stream = self.connect().await;
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        let mut byte = [0];
        loop {
            match stream.read(&mut byte).await {
                Ok(0) => return (String::from_utf8(answer).unwrap(), None),
                Ok(_) => answer.push(byte[0]),
                Err(error) => return (String::from_utf8(answer).unwrap(), Some(error.kind())),
            }
            if answer.ends_with(b"answered") || answer.ends_with(b"}") {
                return (String::from_utf8(answer).unwrap(), None);
            }
        }
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn each_call_is_seen_in_order_with_its_connection_and_number_and_asks_for_its_fate() {
    let fate = |number, call: &Seen| {
        assert_eq!((number, call.nth), (call.nth, number));
        if number == 1 { Fate::Before(Fault::Answer(r#"{"mine":1}"#.into())) } else { Fate::Pass }
    };
    let scene = scene(fate).await;
    for answer in ["answered", r#"{"mine":1}"#, "answered"] {
        assert!(scene.call().await.0.ends_with(answer));
    }
    let seen = scene.proxy.seen();
    let seen: Vec<_> =
        seen.iter().map(|call| (call.connection, &*call.operation, call.signed, &*call.body)).collect();
    assert_eq!(seen, [(0, "PutItem", false, "{}"), (1, "PutItem", false, "{}"), (2, "PutItem", false, "{}")]);
    assert_eq!(scene.served(), 2);
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_close_is_none_before_and_after_the_service_has_served() {
    for (fate, served, end) in [
        ((|| Fate::Before(Fault::Reset)) as fn() -> Fate, 0, Some(ErrorKind::ConnectionReset)),
        (|| Fate::After(Fault::Reset), 1, Some(ErrorKind::ConnectionReset)),
        (|| Fate::Before(Fault::Close), 0, None),
        (|| Fate::After(Fault::Close), 1, None),
    ] {
        let scene = scene(move |_, _| fate()).await;
        assert_eq!(scene.call().await, (String::new(), end));
        assert_eq!(scene.served(), served);
    }
}

#[tokio::test]
async fn a_refusal_has_the_status_and_the_code_of_the_service() {
    for (refusal, status) in [(Exception::DYNAMODB_FAILS, "500"), (Exception::THROTTLES, "400")] {
        let scene = scene(move |_, _| Fate::After(Fault::Refuse(refusal))).await;
        let (answer, _) = scene.call().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(&format!(r#""__type":"{}""#, refusal.code)), "{answer}");
        assert_eq!(scene.served(), 1);
    }
}

#[tokio::test]
async fn an_answer_bears_the_date_that_it_is_given_or_none_and_nothing_else_changes() {
    let year = 365 * 86_400;
    let scene = scene(move |number, _| Fate::Dated(if number == 0 { Some(year) } else { None })).await;
    let (next_year, undated) = (scene.call().await.0, scene.call().await.0);
    let now = time::OffsetDateTime::now_utc() + time::Duration::seconds(year);
    let date = next_year.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    assert!(date.ends_with(" GMT") && date.contains(&format!(" {} ", now.year())), "{date}");
    assert!(!undated.to_ascii_lowercase().contains("date: "), "{undated}");
    assert!(next_year.ends_with("answered") && undated.ends_with("answered"));
}

#[tokio::test]
async fn a_truncated_answer_promises_more_than_it_has() {
    let scene = scene(|_, _| Fate::Truncate).await;
    let (answer, end) = scene.call().await;
    assert!(answer.contains("content-length: 8\r\n") && answer.ends_with("\r\n\r\nansw"), "{answer}");
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_slow_a_late_and_a_trickled_answer_come_whole_and_not_at_once() {
    let (time, pause) = (Duration::from_millis(80), Duration::from_millis(10));
    for fate in [
        (|time, _| Fate::Late(time)) as fn(_, _) -> _,
        |time, _| Fate::Slow(time),
        |time, _| Fate::At(Instant::now() + time),
        |_, pause| Fate::Trickle(pause),
    ] {
        let scene = scene(move |_, _| fate(time, pause)).await;
        let start = Instant::now();
        assert!(scene.call().await.0.ends_with("answered"));
        assert!(start.elapsed() >= time, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_late_call_is_served_though_its_caller_has_gone() {
    let scene =
        scene(|number, _| if number == 0 { Fate::Late(Duration::from_millis(50)) } else { Fate::Pass }).await;
    let mut stream = scene.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    drop(stream);
    let served = async {
        while scene.served() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), served).await.unwrap();
}

#[tokio::test]
async fn what_a_fault_runs_has_happened_when_the_connection_ends() {
    for (fate, served) in [(Fate::Before as fn(Fault) -> Fate, 0), (Fate::After, 1)] {
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let scene = scene(move |_, _| {
            let count = Arc::clone(&count);
            fate(Fault::Run(Box::new(move || {
                let _before = count.fetch_add(1, Ordering::SeqCst);
            })))
        })
        .await;
        assert_eq!(scene.call().await.1, Some(ErrorKind::ConnectionReset));
        assert_eq!((done.load(Ordering::SeqCst), scene.served()), (1, served));
    }
}

#[tokio::test]
async fn a_proxy_that_moves_sends_the_next_call_of_the_same_connection_to_the_new_service() {
    let (scene, other) = (scene(|_, _| Fate::Pass).await, scene(|_, _| Fate::Pass).await);
    let mut stream = scene.connect().await;
    for _ in 0..2 {
        stream.write_all(REQUEST).await.unwrap();
        message(&mut stream).await.unwrap();
        scene.proxy.move_to(&other.proxy.url);
    }
    assert_eq!((scene.served(), other.served()), (1, 1));
}
