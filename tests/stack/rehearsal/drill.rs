//! The story that `custodian drill` plays, at a stage.

use anyhow::{Context, Result};
use pairs::{Random, Wallet};
use story::{Address, Cast, Http, Story, Told};

use super::{account::Account, stage::Stage, users::DRILL};

impl Stage<'_> {
    /// A wallet goes through every act, and whoever must be refused is.
    pub async fn drill(&self) -> Result<()> {
        let cast = self.cast()?;
        let (http, wallet) = (Http::new()?, Wallet::random(&mut Random::system()?));
        let story = Story::new(&cast, &http, &wallet, &|_: &Told<'_>| ())?;
        story.play().await?;
        story.refuses_strangers_at_the_client_api().await?;
        story.refuses_a_wrong_secret().await?;
        story.refuses_a_short_secret().await?;
        story.takes_no_garbage_from_the_app().await?;
        story.takes_no_garbage_from_portal().await?;
        Ok(story.keeps_everything().await?)
    }

    fn cast(&self) -> Result<Cast> {
        Ok(Cast {
            client_api: self.account.address(&self.outputs["ApiUrl"])?,
            webhook: self.account.address(&self.outputs["WebhookUrl"])?,
            client: DRILL.into(),
            token: self.users.token(DRILL).parse()?,
            webhook_secret: self.secret.parse()?,
        })
    }
}

impl Account {
    /// Where an API is that has this address on AWS.
    fn address(&self, url: &str) -> Result<Address> {
        let stand_in = self.variables.get("AWS_ENDPOINT_URL").and_then(|url| url.to_str());
        let Some(stand_in) = stand_in else { return Ok(url.parse()?) };
        let host = url.strip_prefix("https://").context("an API's address is https")?;
        let (id, rest) = host.split_once('.').context("an API has a host")?;
        let path = rest.split_once('/').map_or_else(String::new, |(_, path)| format!("/{path}"));
        Ok(format!("{stand_in}/_aws/execute-api/{id}{path}").parse()?)
    }
}
