//! An HTTP server in this process: started on a listener, asked to stop, and waited for, but not for long.

use std::{net::SocketAddr, pin::Pin, time::Duration};

use anyhow::{Context, Result};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

/// Requests that take longer than this when the server stops are cut off.
const GRACE: Duration = Duration::from_millis(500);

/// Completes when the server has to stop.
pub type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Runs `serve` on a listener until it is asked to stop.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start<F>(listener: TcpListener, serve: impl FnOnce(TcpListener, Shutdown) -> F) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().context("a listener without an address")?;
        let (stop, stopped) = oneshot::channel::<()>();
        // Dropping the sender says the same as sending.
        let shutdown = Box::pin(async move { drop(stopped.await) });
        Ok(Self { address, stop, task: tokio::spawn(serve(listener, shutdown)) })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it, and waits until it has.
    pub async fn stop(mut self) {
        drop(self.stop);
        if timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
            // Cancelled, as was asked for.
            drop(self.task.await);
        }
    }
}
