//! DynamoDB and KMS in memory, behind the SDK's own seam for HTTP clients: as much of both as the functions use, thousands of
//! calls a second.

use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};

use aws_sdk_dynamodb::{
    config::{ConfigBag, Credentials, Region, RuntimeComponents, SharedCredentialsProvider},
    primitives::{DateTime, DateTimeFormat},
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
};
use backup_shares::aws::Aws;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

/// Both services.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

/// What they know.
#[derive(Debug, Default)]
struct State {
    rows: Vec<Value>,
    calls: Vec<String>,
}

/// A service's answer, or its refusal's code.
type Answer = Result<Value, &'static str>;

impl Memory {
    /// The clients as the functions make them, on this memory.
    pub fn clients(&self) -> Aws {
        let credentials = Credentials::new("local", "local", None, None, "fuzz");
        let config = Aws::settings()
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone())
            .build();
        Aws { dynamodb: aws_sdk_dynamodb::Client::new(&config), kms: aws_sdk_kms::Client::new(&config) }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.0.lock().unwrap() = State::default();
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.0.lock().unwrap().rows.len()
    }

    /// The operations that were called since this was last asked.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }
}

impl HttpClient for Memory {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    fn validate_final_config(
        &self,
        _: &RuntimeComponents,
        _: &ConfigBag,
    ) -> Result<(), aws_smithy_runtime_api::box_error::BoxError> {
        Ok(())
    }
}

impl HttpConnector for Memory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.rsplit('.').next().unwrap();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (status, answer) = match self.0.lock().unwrap().answer(operation, &body) {
            Ok(answer) => (200, answer),
            Err(code) => (400, json!({ "__type": code })),
        };
        let mut answer = HttpResponse::new(status.try_into().unwrap(), answer.to_string().into());
        answer.headers_mut().insert("date", now());
        HttpConnectorFuture::ready(Ok(answer))
    }
}

impl State {
    fn answer(&mut self, operation: &str, request: &Value) -> Answer {
        self.calls.push(operation.into());
        match operation {
            "ExecuteStatement" => self.insert(request),
            "Query" => Ok(self.query(request)),
            "BatchGetItem" => Ok(self.batch(request)),
            "GenerateDataKey" => Ok(data_key(request)),
            "Decrypt" => decrypt(request),
            other => panic!("{other} is no call that a function makes"),
        }
    }

    /// `INSERT INTO "table" VALUE {'name': ?, …}`.
    fn insert(&mut self, request: &Value) -> Answer {
        let names = request["Statement"].as_str().unwrap().split('\'').skip(1).step_by(2);
        let values = request["Parameters"].as_array().unwrap().iter().cloned();
        let row: Value = names.map(String::from).zip(values).collect();
        if self.rows.iter().any(|kept| (&kept["pk"], &kept["sk"]) == (&row["pk"], &row["sk"])) {
            return Err("DuplicateItemException");
        }
        self.rows.push(row);
        Ok(json!({}))
    }

    /// The rows of keys.
    fn batch(&self, request: &Value) -> Value {
        let (table, asked) = request["RequestItems"].as_object().unwrap().iter().next().unwrap();
        let keys = asked["Keys"].as_array().unwrap();
        let is_asked_for =
            |row: &&Value| keys.iter().any(|key| (&key["pk"], &key["sk"]) == (&row["pk"], &row["sk"]));
        let rows: Vec<&Value> = self.rows.iter().filter(is_asked_for).collect();
        json!({ "Responses": { table: rows } })
    }

    /// The row of a key, or the time rows of a client, newest first, from a start on. There is never more than one of those of one method and pair.
    fn query(&self, request: &Value) -> Value {
        let values = &request["ExpressionAttributeValues"];
        let start = request["ExclusiveStartKey"]["sk"]["S"].as_str();
        let is_asked_for = |row: &&Value| {
            let key = row["sk"]["S"].as_str().unwrap();
            row["pk"] == values[":client"]
                && start.is_none_or(|start| key < start)
                && values[":row"]["S"].as_str().map_or_else(|| key.starts_with("time#"), |asked| key == asked)
                && [(":method", "method"), (":pair", "pair")]
                    .iter()
                    .all(|(value, name)| values[value].is_null() || row[name] == values[value])
        };
        let mut rows: Vec<&Value> = self.rows.iter().filter(is_asked_for).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row["sk"]["S"].as_str().unwrap().to_owned()));
        json!({ "Count": rows.len(), "Items": rows })
    }
}

/// As HTTP writes it.
fn now() -> String {
    DateTime::from(SystemTime::now()).fmt(DateTimeFormat::HttpDate).unwrap()
}

/// One key for all, that opens under the context that it was made for: the context is what it is wrapped as.
fn data_key(request: &Value) -> Value {
    let wrapped = BASE64_STANDARD.encode(request["EncryptionContext"].to_string());
    json!({"KeyId": request["KeyId"], "Plaintext": BASE64_STANDARD.encode([7; 32]), "CiphertextBlob": wrapped})
}

fn decrypt(request: &Value) -> Answer {
    let unwrapped = data_key(request);
    if unwrapped["CiphertextBlob"] == request["CiphertextBlob"] {
        Ok(unwrapped)
    } else {
        Err("InvalidCiphertextException")
    }
}
