//! What stands in for AWS, and the environments that point there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{account::REGION, template::Function};

/// Variables by name.
pub type Environment = BTreeMap<String, String>;

/// What stands in for AWS.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Services {
    /// Base URL of the embedded DynamoDB.
    pub dynamodb: String,
    /// Base URL of the embedded KMS.
    pub kms: String,
    /// Port of cargo-lambda on 127.0.0.1.
    pub lambda: u16,
}

/// Both halves of the credentials that the emulators take, as they take any.
const CREDENTIAL: &str = "local";

impl Services {
    /// The environment of that function's instances: what the template gives it, what Lambda adds, and nothing of the
    /// user's.
    ///
    /// The names that Lambda sets are in AWS's Lambda Developer Guide, "Defined runtime environment variables".
    #[must_use]
    pub fn environment(&self, function: &Function) -> Environment {
        let name = function.binary.as_str();
        let mut environment = self.for_tools();
        let lambda = [
            ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{}/.rt/{name}", self.lambda)),
            ("TZ", ":UTC".to_owned()),
        ];
        environment.extend(lambda.map(|(name, value)| (name.to_owned(), value)));
        environment.extend(function.environment.clone());
        environment
    }

    /// The variables that point the AWS SDKs and any AWS tool at the emulators.
    #[must_use]
    pub fn for_tools(&self) -> Environment {
        let variables = [
            ("AWS_ACCESS_KEY_ID", CREDENTIAL),
            ("AWS_SECRET_ACCESS_KEY", CREDENTIAL),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_KMS", &self.kms),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }
}
