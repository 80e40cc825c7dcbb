//! A client that an operator holds back: nobody gets a share of it.

use hyper::StatusCode;

use crate::{Story, failure::Result, http::Request, portal::SECRET_HEADER, strangers::Refusal};

const FROZEN: Refusal = Refusal::By(StatusCode::LOCKED, "frozen");

impl Story<'_> {
    /// The app and Portal are refused, each with its own proof, by every route that reads. Portal is not asked where it
    /// has stored nothing in this story.
    ///
    /// # Errors
    /// [`Failure::LetIn`](crate::Failure::LetIn) for the first who gets something.
    pub async fn is_frozen(&self) -> Result<()> {
        for behind in ["", "s"] {
            let request = Request::get(self.client_url(&self.cast.client, behind));
            self.refuses("the app of a frozen client", request.bearing(&self.cast.token), FROZEN).await?;
        }
        if self.portal.stored().is_empty() {
            return Ok(());
        }
        let request = self.webhook_fetch().proven(SECRET_HEADER, &self.cast.webhook_secret);
        self.refuses("Portal, of a frozen client", request, FROZEN).await
    }
}
