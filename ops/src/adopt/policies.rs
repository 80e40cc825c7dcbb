//! The policies of a table and of an older key, once a new stack has adopted them.

use serde_json::{Value, json};

/// A table's policy as `template.yaml` has it. A test holds the two to each other.
const OF_A_TABLE: &str = include_str!("table_policy.json");

/// The ARN of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleArn(String);

impl RoleArn {
    /// Reads a role's ARN. With anything else in a policy, nobody could store or open.
    ///
    /// # Errors
    /// What such an ARN looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let is_role = match parts[..] {
            ["arn", partition, "iam", "", account, role] => {
                partition.starts_with("aws")
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && role.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.contains(' '))
            }
            _ => false,
        };
        if is_role { Ok(Self(text.into())) } else { Err("is not arn:aws:iam::ACCOUNT:role/NAME".into()) }
    }

    /// The partition and the account.
    fn place(&self) -> [&str; 2] {
        let mut parts = self.0.split(':').skip(1);
        [parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default()]
    }
}

/// The policy of an adopted table: rows are inserted, by these roles, and nothing else.
pub fn of_table(stores: &RoleArn, operators: Option<&RoleArn>) -> Value {
    let [partition, account] = stores.place();
    let text =
        OF_A_TABLE.replace("PARTITION", partition).replace("ACCOUNT", account).replace("STORES", &stores.0);
    let operators_arn = operators.map_or("OPERATORS", |role| &role.0);
    let mut policy: Value =
        serde_json::from_str(&text.replace("OPERATORS", operators_arn)).unwrap_or_default();
    if operators.is_none() {
        if let Some(statements) = policy["Statement"].as_array_mut() {
            statements.retain(|statement| statement["Sid"] != "StopsAndNothingElse");
        }
        policy["Statement"][1]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"] = json!(stores.0);
    }
    policy
}

/// The policy of an older key, which lets another role open besides those that are alive. KMS refuses a policy that
/// names a role which is gone, as an id (`AROA…`): those go, and a statement that is for nobody else goes with them.
///
/// # Errors
/// When it is no policy that `template.yaml` made.
pub fn of_older_key(before: &Value, opens: &RoleArn) -> Result<Value, String> {
    let mut after = before.clone();
    let statements = after["Statement"].as_array_mut().ok_or("it has no statements")?;
    let mut may_open = false;
    for statement in statements.iter_mut() {
        let mut alive = principals(statement);
        alive.retain(|principal| !principal.starts_with("AROA"));
        if statement["Sid"] == "Open" {
            may_open = true;
            if !alive.contains(&opens.0) {
                alive.push(opens.0.clone());
            }
        }
        if statement["Principal"]["AWS"] != Value::Null {
            statement["Principal"]["AWS"] = match &alive[..] {
                [one] => json!(one),
                several => json!(several),
            };
        }
    }
    statements.retain(|statement| statement["Principal"]["AWS"] != json!([]));
    if may_open { Ok(after) } else { Err("it has no statement Open: template.yaml did not make it".into()) }
}

fn principals(statement: &Value) -> Vec<String> {
    match &statement["Principal"]["AWS"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

    use super::*;

    fn role(name: &str) -> RoleArn {
        RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{name}")).unwrap()
    }

    #[test]
    fn a_tables_policy_names_who_stores_and_who_stops() {
        let policy = of_table(&role("stores"), Some(&role("operators"))).to_string();
        assert!(policy.contains("role/stores") && policy.contains("role/operators"));
        for left in ["STORES", "OPERATORS", "PARTITION", "ACCOUNT"] {
            assert!(!policy.contains(left), "{left}: {policy}");
        }
        let alone = of_table(&role("stores"), None);
        assert_eq!(alone["Statement"].as_array().unwrap().len(), 3);
        assert!(!alone.to_string().contains("OPERATORS"), "{alone}");
    }

    #[test]
    fn a_key_opens_for_the_new_role_and_for_those_that_are_alive() {
        let statement = |sid: &str, principal: Value| json!({"Sid": sid, "Principal": {"AWS": principal}});
        let root = json!("arn:aws:iam::111122223333:root");
        let before = json!({"Statement": [
            statement("Administer", root.clone()),
            statement("Seal", json!("AROADEAD")),
            statement("Open", json!(["AROADEAD", "arn:aws:iam::111122223333:role/alive"])),
        ]});
        let after = of_older_key(&before, &role("new")).unwrap();
        let open = json!(["arn:aws:iam::111122223333:role/alive", "arn:aws:iam::111122223333:role/new"]);
        assert_eq!(after, json!({"Statement": [statement("Administer", root), statement("Open", open)]}));
        // Once more changes nothing.
        assert_eq!(of_older_key(&after, &role("new")).unwrap(), after);
    }

    #[test]
    fn what_is_no_policy_of_a_key_of_ours_is_refused() {
        for policy in [json!({}), json!({"Statement": []}), json!({"Statement": [{"Sid": "Another"}]})] {
            assert!(of_older_key(&policy, &role("new")).is_err(), "{policy}");
        }
    }

    #[test]
    fn what_is_no_role_is_refused() {
        for text in [
            "",
            "None",
            "new",
            "arn:aws:iam::111122223333:user/ada",
            "arn:aws:iam::1:role/x",
            "arn:aws:iam::111122223333:role/",
        ] {
            assert!(RoleArn::parse(text).is_err(), "{text}");
        }
    }
}
