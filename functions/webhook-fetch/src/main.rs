//! Portal asks for a client's custodian shares.

use backup_shares::{log, serve::serve};
use lambda_http::Error;
use webhook_fetch::WebhookFetch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::start()?;
    let function = WebhookFetch::from_env().await?;
    serve(|request| function.handle(request)).await
}
