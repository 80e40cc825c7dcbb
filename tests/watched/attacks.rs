//! Attacks and accidents, as lines of the real functions: which alarm comes, and after how many lines.

use std::collections::BTreeMap;

use super::{
    alarm::Alarm,
    lines::{self, line},
    metrics::Filter,
    timeline::{Happening, Timeline},
};
use crate::stack::template::Variant;

const SECOND: f64 = 1.0;
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;

/// More than any alarm needs. What has rung none by then rings none.
const MANY: usize = 1100;

/// Which alarms ring while this happens over and over, so many times with so many seconds between them, and at which of
/// them each does.
pub async fn rings(happenings: &[Happening], times: usize, every: f64) -> BTreeMap<String, usize> {
    let stack = Variant::Production.expanded().await;
    let mut timeline = Timeline::of(Filter::all(stack));
    let mut silent: Vec<_> = Alarm::all(stack).into_iter().filter(|alarm| !alarm.is_learnt()).collect();
    let mut rung = BTreeMap::new();
    let mut at = 0.0;
    for (number, happening) in happenings.iter().cycle().take(times).enumerate() {
        timeline.add(at, happening);
        silent.retain(|alarm| {
            let rings = alarm.rings(&timeline, at);
            if rings {
                rung.insert(alarm.name.clone(), number + 1);
            }
            !rings
        });
        at += every;
    }
    rung
}

/// In words: `FloodAlarm` after 100.
pub fn told(rung: &BTreeMap<String, usize>) -> String {
    let mut rung: Vec<_> = rung.iter().collect();
    rung.sort_by_key(|(_, after)| **after);
    let words: Vec<_> = rung.iter().map(|(name, after)| format!("`{name}Alarm` after {after}")).collect();
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

/// What somebody does or what befalls a stack, its lines, and the seconds between two of them.
struct Attack {
    what: &'static str,
    happens: Vec<Happening>,
    every: f64,
    first: Option<(&'static str, usize)>,
}

async fn attack(
    what: &'static str,
    kind: &'static str,
    of: &'static str,
    every: f64,
    first: Option<(&'static str, usize)>,
) -> Attack {
    Attack { what, happens: vec![Happening::Line(line(kind, of).await.clone())], every, first }
}

async fn burying() -> Attack {
    let buried = Happening::Line(line(lines::LEFT_OUT, "webhook-fetch").await.clone());
    let mut burying = attack("", lines::USUAL, "webhook-backup", SECOND, Some(("SharesLeftOut", 130))).await;
    burying.what = "a wallet's custodian shares are buried under 129 fakes, and Portal fetches them";
    burying.happens = vec![burying.happens.remove(0); 129];
    burying.happens.push(buried);
    burying
}

/// The first alarm that should come with each, and after how many lines.
async fn all() -> Vec<Attack> {
    vec![
        attack(
            "somebody guesses the webhook secret, once a second",
            lines::WRONG_SECRET,
            "webhook-fetch",
            SECOND,
            Some(("SecretsRefused", 3)),
        )
        .await,
        attack("the same, once an hour", lines::WRONG_SECRET, "webhook-fetch", HOUR, None).await,
        attack(
            "somebody has the webhook secret and fetches wallet after wallet, one a second",
            lines::TWO,
            "webhook-fetch",
            SECOND,
            Some(("SharesOpened", 501)),
        )
        .await,
        attack("the same, one a minute", lines::TWO, "webhook-fetch", MINUTE, None).await,
        burying().await,
        attack(
            "a user's shares are buried under fakes by somebody with the login, one a second",
            lines::USUAL,
            "store-backup",
            SECOND,
            Some(("SharesStored", 1001)),
        )
        .await,
        attack("a flood at the client API", lines::FLOOD, "client-api", 0.01, Some(("Flood", 100))).await,
        attack(
            "a row was edited, and Portal fetches it",
            lines::EDITED,
            "webhook-fetch",
            MINUTE,
            Some(("RowsThatWillNotOpen", 1)),
        )
        .await,
        attack(
            "a row was edited, and its user asks for it",
            lines::EDITED,
            "get-backup",
            MINUTE,
            Some(("RowsThatWillNotOpen", 1)),
        )
        .await,
        attack(
            "an operator has frozen a wallet, and Portal fetches it",
            lines::FROZEN,
            "webhook-fetch",
            MINUTE,
            Some(("HeldBack", 1)),
        )
        .await,
        attack("a row was removed", lines::REMOVED, "get-backup", MINUTE, None).await,
        attack("a host's clock is wrong", lines::CLOCK, "webhook-backup", MINUTE, Some(("ClocksOff", 1)))
            .await,
        attack("somebody has a user's login, and takes the share", lines::USUAL, "get-backup", MINUTE, None)
            .await,
        attack(
            "Portal's address is another one",
            lines::ADDRESS,
            "webhook-backup",
            MINUTE,
            Some(("AddressesRefused", 3)),
        )
        .await,
        attack(
            "two secrets are good for ever, and Portal calls once an hour",
            lines::FIRST,
            "webhook-backup",
            HOUR,
            Some(("TwoSecrets", 121)),
        )
        .await,
        Attack {
            what: "the webhook answers, but takes 6 s, every ten seconds",
            happens: vec![Happening::Line(line(lines::USUAL, "webhook-fetch").await.with("ms", 6000))],
            every: 10.0 * SECOND,
            first: Some(("WebhookSlow", 31)),
        },
        attack("a function panics", lines::PANIC, "store-backup", MINUTE, Some(("Panics", 1))).await,
        Attack {
            what: "a function does not start",
            happens: vec![Happening::Crash("webhook-fetch")],
            every: MINUTE,
            first: Some(("FunctionFails", 1)),
        },
        Attack {
            what: "Lambda has no instance left",
            happens: vec![Happening::Throttle("webhook-fetch")],
            every: SECOND,
            first: Some(("WebhookErrors", 2)),
        },
    ]
}

#[tokio::test]
async fn in_every_attack_the_alarm_comes_that_should_or_none_and_that_is_said() {
    for attack in all().await {
        let rung = rings(&attack.happens, MANY, attack.every).await;
        let first = rung.iter().min_by_key(|(_, after)| **after).map(|(name, after)| (name.as_str(), *after));
        assert_eq!(first, attack.first, "{}: {rung:?}", attack.what);
    }
}

/// The table of docs/alarms.md.
pub async fn table() -> String {
    let mut rows = vec!["| what happens | alarms, after how many lines |\n|---|---|\n".to_owned()];
    for attack in all().await {
        rows.push(format!(
            "| {} | {} |\n",
            attack.what,
            told(&rings(&attack.happens, MANY, attack.every).await)
        ));
    }
    rows.concat()
}
