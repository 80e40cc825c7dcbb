//! The account and the Region that everything here is in.

/// The account's number.
pub const ACCOUNT: &str = "000000000000";
/// The Region; SDKs sign for it.
pub const REGION: &str = "us-east-1";

/// The ARN of a service's resource, such as `table/Shares`.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// The ARN of the function that runs a binary.
pub fn function_arn(binary: &str) -> String {
    arn("lambda", &format!("function:{binary}"))
}
