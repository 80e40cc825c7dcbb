//! One connection of a caller, and the one to the service that goes with it.

use std::{sync::Mutex, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{sleep, sleep_until},
};

use super::{
    Exception, Fate, Fault, Plan, Seen,
    batch::{halved, unfinished},
    lock,
    message::{answer, dated, header, message},
};

type Stream = BufReader<TcpStream>;

/// An HTTP message: its head with the empty line, and its body.
pub(super) type Message = (String, Vec<u8>);

/// Serves the calls of a connection. `None` once it has ended, by whichever side.
pub(super) async fn serve<F>(stream: TcpStream, number: usize, plan: &Plan<F>) -> Option<()>
where
    F: Fn(usize, &Seen) -> Fate,
{
    let mut caller = BufReader::new(stream);
    let mut service = Service { address: &plan.shared.service, stream: None };
    loop {
        let request = message(&mut caller).await?;
        let (order, call) = plan.shared.note(call(number, &request));
        match (plan.fate)(order, &call) {
            Fate::Pass => pass(&service.ask(&request).await?, &mut caller).await?,
            Fate::Late(time) => {
                sleep(time).await;
                pass(&service.ask(&request).await?, &mut caller).await?;
            }
            Fate::Slow(time) => {
                let answer = service.ask(&request).await?;
                sleep(time).await;
                pass(&answer, &mut caller).await?;
            }
            Fate::At(moment) => {
                let answer = service.ask(&request).await?;
                sleep_until(moment.into()).await;
                pass(&answer, &mut caller).await?;
            }
            Fate::Dated(seconds) => {
                let (head, body) = service.ask(&request).await?;
                pass(&(dated(&head, seconds), body), &mut caller).await?;
            }
            Fate::Trickle(pause) => trickle(&service.ask(&request).await?, pause, &mut caller).await?,
            Fate::Halve => match halved(&request) {
                Some((first, left)) => {
                    let answer = service.ask(&first).await?;
                    pass(&unfinished(&answer, left), &mut caller).await?;
                }
                None => pass(&service.ask(&request).await?, &mut caller).await?,
            },
            Fate::Truncate => {
                let (head, body) = service.ask(&request).await?;
                return pass(&(head, body[..body.len() / 2].to_vec()), &mut caller).await;
            }
            Fate::Before(fault) => caller = strike(fault, caller).await?,
            Fate::During(fault) => {
                service.send(&request).await?;
                let struck = strike(fault, caller).await;
                service.receive().await?;
                caller = struck?;
            }
            Fate::After(fault) => {
                service.ask(&request).await?;
                caller = strike(fault, caller).await?;
            }
        }
    }
}

fn call(connection: usize, (head, body): &Message) -> Seen {
    let target = header(head, "x-amz-target").and_then(|target| target.split_once('.'));
    Seen {
        connection,
        operation: target.map_or("", |(_, operation)| operation).to_owned(),
        nth: 0,
        signed: header(head, "authorization").is_some(),
        body: String::from_utf8_lossy(body).into_owned(),
    }
}

/// The service, connected to when it is first asked, and again when it has moved.
struct Service<'a> {
    address: &'a Mutex<String>,
    stream: Option<(String, Stream)>,
}

impl Service<'_> {
    async fn ask(&mut self, request: &Message) -> Option<Message> {
        self.send(request).await?;
        self.receive().await
    }

    async fn send(&mut self, (head, body): &Message) -> Option<()> {
        let address = lock(self.address).clone();
        let connected = self.stream.take_if(|(connected, _)| *connected == address);
        let connected = if let Some(connected) = connected {
            connected
        } else {
            let stream = TcpStream::connect(&address).await.ok()?;
            (address, BufReader::new(stream))
        };
        let (_, stream) = self.stream.insert(connected);
        stream.write_all(&[head.as_bytes(), body].concat()).await.ok()
    }

    async fn receive(&mut self) -> Option<Message> {
        message(&mut self.stream.as_mut()?.1).await
    }
}

async fn pass((head, body): &Message, caller: &mut Stream) -> Option<()> {
    caller.write_all(&[head.as_bytes(), body].concat()).await.ok()
}

async fn trickle((head, body): &Message, pause: Duration, caller: &mut Stream) -> Option<()> {
    caller.write_all(head.as_bytes()).await.ok()?;
    for byte in body {
        sleep(pause).await;
        caller.write_all(&[*byte]).await.ok()?;
    }
    Some(())
}

/// Gives the connection back, unless it has ended by the fault.
async fn strike(fault: Fault, mut caller: Stream) -> Option<Stream> {
    let instead = match fault {
        Fault::Answer(json) => answer(200, &json),
        Fault::Refuse(Exception { status, code }) => {
            answer(status, &json!({"__type": code, "message": "a test asked for this failure"}).to_string())
        }
        Fault::Close => return None,
        Fault::Reset => return reset(&caller),
        Fault::Run(work) => {
            work();
            return reset(&caller);
        }
        // Ends when the caller gives up and closes the connection.
        Fault::Hang => return caller.read_u8().await.ok().and(None),
    };
    caller.write_all(&instead).await.ok()?;
    Some(caller)
}

/// Makes the end of the connection a reset: what was sent and not read is lost for the other side.
fn reset(caller: &Stream) -> Option<Stream> {
    caller.get_ref().set_zero_linger().ok().and(None)
}
