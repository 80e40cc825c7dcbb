//! The drill by TLS, as to a deployed stack.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::program::Drill;
use crate::local::whole_system::start;

/// TLS in front of a port: its arguments are that port, a certificate and its key. Prints its own port.
const IN_FRONT: &str = r#"
import asyncio, ssl, sys

async def pipe(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def serve(reader, writer):
    there = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer), return_exceptions=True)

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// A certificate of 127.0.0.1 that has signed itself.
const CERTIFICATE: &str = r"
cat > config <<END
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = drill
[extensions]
subjectAltName = IP:127.0.0.1
basicConstraints = critical, CA:FALSE
END
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -config config -keyout key.pem -out certificate.pem
";

async fn certified(folder: &TempDir) {
    let mut bash = Command::new("bash");
    bash.args(["-euc", CERTIFICATE]).current_dir(folder).stderr(Stdio::null());
    assert!(bash.status().await.unwrap().success());
}

async fn in_front(port: &str, folder: &TempDir) -> (Child, String) {
    let mut python = Command::new("python3");
    python.args(["-c", IN_FRONT, port, "certificate.pem", "key.pem"]).current_dir(folder);
    let mut child = python.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().expect("it serves");
    (child, format!("https://127.0.0.1:{port}"))
}

#[tokio::test]
async fn a_drill_goes_by_tls_and_trusts_what_this_computer_trusts_alone() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder).await;
    let files = TempDir::new().unwrap();
    certified(&files).await;
    let (_serving, url) = in_front(running.url.rsplit_once(':').unwrap().1, &files).await;
    let drill = Drill::at(&running, "drill").moved_to(&url);
    let said = drill.ends().await;
    assert_eq!(said.code, Some(4), "{}", said.all());
    assert!(said.err.contains("certificate") && said.err.lines().count() == 1, "{}", said.all());
    let certificate = files.path().join("certificate.pem");
    let said = drill.setting("SSL_CERT_FILE", certificate.to_str().unwrap()).ends().await;
    assert_eq!(said.code, Some(0), "{}", said.all());
    running.stop().await.unwrap();
}
