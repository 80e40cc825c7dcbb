//! A user's app takes back its encrypted share.

use backup_shares::{log, serve::serve};
use get_backup::GetBackup;
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::start()?;
    let function = GetBackup::from_env().await?;
    serve(|request| function.handle(request)).await
}
