//! A user's app hands over its encrypted share.

use backup_shares::{log, serve::serve};
use lambda_http::Error;
use store_backup::StoreBackup;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::start()?;
    let function = StoreBackup::from_env().await?;
    serve(|request| function.handle(request)).await
}
