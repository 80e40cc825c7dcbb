//! A user's app sees which of its shares there are.

use backup_shares::{log, serve::serve};
use lambda_http::Error;
use list_backups::ListBackups;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::start()?;
    let function = ListBackups::from_env().await?;
    serve(|request| function.handle(request)).await
}
