//! Portal hands over a custodian share.

use backup_shares::{log, serve::serve};
use lambda_http::Error;
use webhook_backup::WebhookBackup;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::start()?;
    let function = WebhookBackup::from_env().await?;
    serve(|request| function.handle(request)).await
}
