//! The AWS clients that the functions use.

use aws_config::{BehaviorVersion, ConfigLoader, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use futures_util::future::join;

use crate::time_limits::{ATTEMPT, ATTEMPTS, CONNECT, PAUSES};

/// The two AWS clients.
#[derive(Clone, Debug)]
pub struct Aws {
    /// Keeps the rows.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Keeps the keys.
    pub kms: aws_sdk_kms::Client,
}

impl Aws {
    /// Clients for the function's own credentials and Region, connected.
    pub async fn from_env() -> Self {
        let config = Self::settings().load().await;
        let aws = Self::new((&config).into(), (&config).into());
        aws.connect().await;
        aws
    }

    /// Clients of which every call has its retries. The SDK's own quota is of a process: what earlier requests have
    /// retried in vain would take the second look from a later one, whose answer is lost.
    pub fn new(dynamodb: aws_sdk_dynamodb::config::Builder, kms: aws_sdk_kms::config::Builder) -> Self {
        Self {
            dynamodb: client(dynamodb),
            kms: aws_sdk_kms::Client::from_conf(kms.retry_partition(retries()).build()),
        }
    }

    /// How the clients call, within [`crate::time_limits`].
    pub fn settings() -> ConfigLoader {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let [first, longest] = PAUSES;
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(first)
            .with_max_backoff(longest);
        aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).retry_config(retries)
    }

    /// Opens the TLS connections while Lambda still starts, when there is CPU to spare, by one call to each service.
    /// The calls are unsigned: they need no right, AWS refuses them, and whatever it answers does not matter. If a
    /// connection can't be had now, the first request will ask for it.
    pub async fn connect(&self) {
        let kms = aws_sdk_kms::Config::builder().allow_no_auth().auth_scheme_preference(unsigned());
        let kms = kms.retry_config(RetryConfig::disabled());
        let _answers = join(
            connect(&self.dynamodb),
            self.kms.describe_key().key_id("none").customize().config_override(kms).send(),
        )
        .await;
    }
}

/// A connected client of DynamoDB alone, for a function that opens nothing.
pub async fn dynamodb_from_env() -> aws_sdk_dynamodb::Client {
    let client = client((&Aws::settings().load().await).into());
    connect(&client).await;
    client
}

fn client(dynamodb: aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(dynamodb.retry_partition(retries()).build())
}

async fn connect(dynamodb: &aws_sdk_dynamodb::Client) {
    let config = aws_sdk_dynamodb::Config::builder().allow_no_auth().auth_scheme_preference(unsigned());
    let config = config.retry_config(RetryConfig::disabled());
    let _answer = dynamodb.describe_limits().customize().config_override(config).send().await;
}

fn retries() -> RetryPartition {
    RetryPartition::custom("every call").token_bucket(TokenBucket::unlimited()).build()
}

fn unsigned() -> [AuthSchemeId; 1] {
    [AuthSchemeId::from("noAuth")]
}
