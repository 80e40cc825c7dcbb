//! Whether IAM allows a request. The crate `iam-rs` decides about one set of policies; how a caller's own policies and
//! a resource's policy come together is below.

use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId,
};
use serde_json::Value;

/// Who asks: a role, with the policies that are attached to it.
#[derive(Clone, Debug)]
pub struct Caller {
    pub arn: String,
    pub policies: Vec<Value>,
}

/// The one condition key that has several values.
pub const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub action: &'static str,
    pub resource: String,
    /// The values of condition keys.
    pub context: Vec<(&'static str, String)>,
}

impl Request {
    /// What the policies decide if this is who asks.
    fn decide(&self, policies: &[Value], principal: &str) -> Decision {
        let policies =
            policies.iter().map(|policy| serde_json::from_value::<IAMPolicy>(policy.clone()).unwrap());
        let (leading, single): (Vec<_>, Vec<_>) =
            self.context.iter().partition(|(key, _)| *key == LEADING_KEYS);
        let mut context =
            single.iter().fold(Context::new(), |all, (key, value)| all.with_string(*key, value));
        if !leading.is_empty() {
            let keys = leading.iter().map(|(_, value)| value.clone()).collect();
            context.insert(LEADING_KEYS.into(), ContextValue::StringList(keys));
        }
        let principal = Principal::Aws(PrincipalId::String(principal.to_owned()));
        let resource = Arn::parse(&self.resource).unwrap();
        let request = IAMRequest::new_with_context(principal, self.action, resource, context);
        PolicyEvaluator::with_policies(policies.collect()).evaluate(&request).unwrap().decision
    }
}

/// An ARN's account.
fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap()
}

/// Whether the request is allowed, with the resource's policy if it has one.
///
/// By "Policy evaluation logic" in AWS's IAM User Guide, a Deny anywhere decides. Within one account either policy may
/// allow; across accounts both must. A resource's policy that allows the caller's account, as `…:root`, leaves it to
/// that account's own policies. By "Determining access to AWS KMS keys" in the KMS Developer Guide, a key differs in
/// one thing: where its policy doesn't leave it to them, an account's own policies count for nothing.
pub fn allows(caller: &Caller, request: &Request, resource_policy: Option<&Value>) -> bool {
    let own = request.decide(&caller.policies, &caller.arn);
    let root = format!("arn:aws:iam::{}:root", account(&caller.arn));
    let [named, delegated] = [&caller.arn, &root].map(|principal| {
        resource_policy
            .map_or(Decision::NotApplicable, |policy| request.decide(std::slice::from_ref(policy), principal))
    });
    if [own, named, delegated].contains(&Decision::Deny) {
        return false;
    }
    let [own, named, delegated] = [own, named, delegated].map(|decision| decision == Decision::Allow);
    if account(&caller.arn) != account(&request.resource) {
        return own && (named || delegated);
    }
    let own_counts = delegated || !request.action.starts_with("kms:");
    named || own && own_counts
}

mod tests {
    use serde_json::json;

    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/One";
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";
    const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/t";

    fn caller(arn: &str, effect: Option<&str>) -> Caller {
        let statement = |effect| json!({"Effect": effect, "Action": "*", "Resource": "*"});
        let policy = |effect| json!({"Version": "2012-10-17", "Statement": [statement(effect)]});
        Caller { arn: arn.into(), policies: effect.into_iter().map(policy).collect() }
    }

    fn policy(effect: &str, principal: &Value) -> Value {
        let statement = json!({"Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement]})
    }

    fn asked(caller: &Caller, resource: &str, policy: Option<&Value>) -> bool {
        let action = if resource == KEY { "kms:Decrypt" } else { "dynamodb:Query" };
        let request = Request { action, resource: resource.into(), context: vec![] };
        allows(caller, &request, policy)
    }

    #[test]
    fn a_deny_anywhere_decides() {
        let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
        for principal in [json!("*"), json!({"AWS": ROLE}), root] {
            let denied = policy("Deny", &principal);
            assert!(!asked(&caller(ROLE, Some("Allow")), TABLE, Some(&denied)), "{principal}");
        }
        let allowed = policy("Allow", &json!({"AWS": ROLE}));
        for resource in [TABLE, KEY] {
            assert!(!asked(&caller(ROLE, Some("Deny")), resource, Some(&allowed)), "{resource}");
        }
    }

    #[test]
    fn in_one_account_either_policy_allows_a_table() {
        let named = policy("Allow", &json!({"AWS": ROLE}));
        assert!(asked(&caller(ROLE, Some("Allow")), TABLE, None));
        assert!(asked(&caller(ROLE, None), TABLE, Some(&named)));
        assert!(!asked(&caller(ROLE, None), TABLE, None));
    }

    #[test]
    fn a_key_is_allowed_by_its_own_policy_or_where_that_leaves_it_to_the_account() {
        let named = policy("Allow", &json!({"AWS": ROLE}));
        let root = policy("Allow", &json!({"AWS": "arn:aws:iam::111122223333:root"}));
        let another = policy("Allow", &json!({"AWS": "arn:aws:iam::111122223333:role/Another"}));
        assert!(asked(&caller(ROLE, None), KEY, Some(&named)));
        assert!(asked(&caller(ROLE, Some("Allow")), KEY, Some(&root)));
        assert!(!asked(&caller(ROLE, None), KEY, Some(&root)));
        assert!(!asked(&caller(ROLE, Some("Allow")), KEY, Some(&another)));
    }

    #[test]
    fn across_accounts_both_must_allow() {
        let elsewhere = "arn:aws:iam::444455556666:role/One";
        for principal in [elsewhere, "arn:aws:iam::444455556666:root"] {
            let allowed = policy("Allow", &json!({"AWS": principal}));
            for resource in [TABLE, KEY] {
                assert!(asked(&caller(elsewhere, Some("Allow")), resource, Some(&allowed)));
                assert!(!asked(&caller(elsewhere, None), resource, Some(&allowed)));
                assert!(!asked(&caller(elsewhere, Some("Allow")), resource, None));
            }
        }
    }
}
