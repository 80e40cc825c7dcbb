//! The AWS clients that the functions use.

use std::env;

use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, SharedCredentialsProvider,
    retry::{RetryConfig, RetryPartition, TokenBucket},
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    auth::AuthSchemeId,
    http::{HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn},
};
use aws_types::{
    SdkConfig,
    region::Region,
    sdk_config::Builder,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};
use futures_util::future::{join, join_all};

use crate::{
    environment::{ConfigError, variable},
    time_limits::{ATTEMPT, ATTEMPTS, CONNECT, PAUSES},
};

/// The two AWS clients.
#[derive(Clone, Debug)]
pub struct Aws {
    /// Keeps the rows.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Keeps the keys.
    pub kms: aws_sdk_kms::Client,
}

impl Aws {
    /// Clients for the function's own credentials and Region, with so many connections to each service.
    ///
    /// # Errors
    /// Names the variable of Lambda's that is missing.
    pub async fn from_env(connections: usize) -> Result<Self, ConfigError> {
        let config = config_from_env()?;
        let aws = Self::new((&config).into(), (&config).into());
        aws.connect(connections).await;
        Ok(aws)
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
    pub fn settings() -> Builder {
        let [first, longest] = PAUSES;
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(first)
            .with_max_backoff(longest);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build())
            .retry_config(retries)
            .http_client(http_client())
    }

    /// Opens the TLS connections while Lambda still starts, when there is CPU to spare, by calls to each service at the
    /// same time. The calls are unsigned: they need no right, AWS refuses them, and whatever it answers does not matter.
    /// If a connection can't be had now, the first request will ask for it.
    pub async fn connect(&self, connections: usize) {
        let describe = || {
            let kms = aws_sdk_kms::Config::builder().allow_no_auth().auth_scheme_preference(unsigned());
            let kms = kms.retry_config(RetryConfig::disabled());
            self.kms.describe_key().key_id("none").customize().config_override(kms).send()
        };
        let _answers = join(
            join_all((0..connections).map(|_| connect(&self.dynamodb))),
            join_all((0..connections).map(|_| describe())),
        )
        .await;
    }
}

/// A connected client of DynamoDB alone, for a function that opens nothing.
///
/// # Errors
/// Names the variable of Lambda's that is missing.
pub async fn dynamodb_from_env() -> Result<aws_sdk_dynamodb::Client, ConfigError> {
    let client = client((&config_from_env()?).into());
    // The stops are read beside the first rows.
    join(connect(&client), connect(&client)).await;
    Ok(client)
}

/// Region and credentials stand in Lambda's environment and nowhere else, so nothing else is asked for them. They are
/// good for as long as the instance lives: AWS's Lambda Developer Guide, "Defined runtime environment variables".
fn config_from_env() -> Result<SdkConfig, ConfigError> {
    let lambdas = |name| variable(name, "is not set: Lambda sets it, and so does `cargo local`");
    let credentials = Credentials::new(
        lambdas("AWS_ACCESS_KEY_ID")?,
        lambdas("AWS_SECRET_ACCESS_KEY")?,
        env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let config = Aws::settings()
        .region(Region::new(lambdas("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .service_config(Environment);
    Ok(config.build())
}

/// Endpoints by the names that every AWS SDK reads, such as `AWS_ENDPOINT_URL_KMS`, or else `AWS_ENDPOINT_URL`: AWS SDKs
/// and Tools Reference Guide, "Service-specific endpoints".
#[derive(Debug)]
struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let of_the_service = format!("{}_{}", key.env(), key.service_id().to_uppercase());
        env::var(of_the_service).or_else(|_| env::var(key.env())).ok()
    }
}

/// One for both services, made once. The SDK's own reads the roots that it trusts, and makes a configuration of TLS from
/// them, once for each client that is made and once more for its first call.
fn http_client() -> SharedHttpClient {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
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
