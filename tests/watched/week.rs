//! A week in which nothing is wrong, made of the real functions' lines: no alarm comes.

use fastrand::Rng;
use tokio::sync::OnceCell;

use super::{
    alarm::Alarm,
    lines::{self, Line, line},
    metrics::Filter,
    timeline::{Happening, Timeline},
};
use crate::stack::template::Variant;

pub const HOUR: f64 = 3600.0;
pub const DAY: f64 = 24.0 * HOUR;

/// One request of so many fails, and is repeated: DynamoDB promises 99.99 of a hundred.
const FAILURES: usize = 10_000;
/// One of so many meets a new instance.
const COLD_STARTS: usize = 40;

/// What happens, and when, in the order of time.
pub type Week = Vec<(f64, Happening)>;

/// The lines of a usual week.
struct Usual {
    backup: Line,
    fetch: Line,
    store: Line,
    again: Line,
    get: Line,
    list: Line,
}

/// The week of a product with so many backups a day.
pub async fn normal(backups_a_day: f64) -> Week {
    let usual = |of: &'static str| async move { line(lines::USUAL, of).await.clone() };
    let usual = Usual {
        backup: usual("webhook-backup").await,
        fetch: line(lines::TWO, "webhook-fetch").await.clone(),
        store: usual("store-backup").await,
        again: line(lines::AGAIN, "webhook-backup").await.clone(),
        get: usual("get-backup").await,
        list: usual("list-backups").await,
    };
    let mut rng = Rng::with_seed(1);
    let mut week = Vec::new();
    for minute in 0..7 * 24 * 60 {
        let at = f64::from(minute) * 60.0;
        // Ten tries a minute, so that several may come in one.
        for _ in 0..10 {
            if rng.f64() < backups_a_day * busy(at) / 14_400.0 {
                wallet(&usual, at + 60.0 * rng.f64(), &mut rng, &mut week).await;
            }
        }
    }
    by_hand(&mut week).await;
    week.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    week
}

/// Of the day's mean: three in the morning is the quietest hour, and three in the afternoon the busiest.
fn busy(at: f64) -> f64 {
    1.0 - 0.8 * (std::f64::consts::TAU * (at / DAY + 0.125)).sin()
}

/// A backup of both curves, which Portal fetches to see; sometimes a share that is sent again; of ten a recovery.
async fn wallet(usual: &Usual, at: f64, rng: &mut Rng, week: &mut Week) {
    let Usual { backup, fetch, store, again, get, list } = usual;
    let mut requests = vec![backup, backup, fetch, fetch, store];
    if rng.usize(..50) == 0 {
        requests.push(again);
    }
    if rng.usize(..10) == 0 {
        requests.extend([list, get, fetch, fetch]);
    }
    for (number, request) in (0_u32..).zip(requests) {
        let at = at + 2.0 * f64::from(number);
        let cold = rng.usize(..COLD_STARTS) == 0;
        let slow = if cold { 900.0 } else { 30.0 };
        let ms = (slow + 300.0 * rng.f64().powi(4)).round();
        let request = rotating(request, at).with("ms", ms).with("cold", cold);
        if rng.usize(..FAILURES) == 0 {
            let failed = line(lines::THROTTLED, request.of).await.with("ms", 2500.0);
            week.push((at, Happening::Line(failed)));
        }
        week.push((at + 1.0, Happening::Line(request)));
    }
}

/// From Monday at ten to Thursday at ten two secrets are good; Portal has the new one from Monday at noon.
fn rotating(request: &Line, at: f64) -> Line {
    let [begun, switched, ended] = [10.0 * HOUR, 12.0 * HOUR, 3.0 * DAY + 10.0 * HOUR];
    if !request.of.starts_with("webhook") || at < begun || at > ended {
        return request.clone();
    }
    let which = if at < switched { 2 } else { 1 };
    request.with("webhook_secrets", 2).with("webhook_secret", which)
}

/// An operator tries the webhook as the README says, from an address that is not Portal's, and once with an old secret;
/// an app repeats requests too fast; some are malformed.
async fn by_hand(week: &mut Week) {
    for (day, hour, kind, of, times) in [
        (0, 10.5, lines::ADDRESS, "webhook-fetch", 2),
        (1, 11.0, lines::WRONG_SECRET, "webhook-fetch", 1),
        (2, 9.0, lines::MALFORMED, "store-backup", 3),
        (4, 15.0, lines::FLOOD, "client-api", 12),
        (5, 15.0, lines::REMOVED, "get-backup", 4),
        (6, 20.0, lines::ANOTHERS, "get-backup", 2),
    ] {
        let at = f64::from(day) * DAY + hour * HOUR;
        let line = line(kind, of).await;
        week.extend((0..times).map(|number| (at + f64::from(number), Happening::Line(line.clone()))));
    }
}

/// The week of a product with 1,500 backups a day, on a timeline.
pub async fn recorded() -> &'static Timeline {
    static RECORDED: OnceCell<Timeline> = OnceCell::const_new();
    RECORDED
        .get_or_init(|| async {
            let mut timeline = Timeline::of(Filter::all(Variant::Production.expanded().await));
            for (at, happening) in normal(1500.0).await {
                timeline.add(at, &happening);
            }
            timeline
        })
        .await
}

/// The alarms that ring in a week, and when each does first.
async fn rung(week: Week) -> Vec<(String, f64)> {
    let stack = Variant::Production.expanded().await;
    let mut timeline = Timeline::of(Filter::all(stack));
    let alarms: Vec<_> = Alarm::all(stack).into_iter().filter(|alarm| !alarm.is_learnt()).collect();
    let mut rung = Vec::new();
    let mut looked = vec![0.0; alarms.len()];
    for (at, happening) in week {
        timeline.add(at, &happening);
        for (alarm, looked) in alarms.iter().zip(&mut looked) {
            // CloudWatch looks once a minute, and at long periods more seldom.
            if at - *looked >= (alarm.period() / 24.0).max(60.0) {
                *looked = at;
                if alarm.rings(&timeline, at) {
                    rung.push((alarm.name.clone(), at / HOUR));
                }
            }
        }
    }
    rung
}

#[tokio::test]
async fn in_a_normal_week_of_a_small_product_no_alarm_comes() {
    assert_eq!(rung(normal(30.0).await).await, []);
}

#[tokio::test]
async fn in_a_normal_week_of_a_large_product_no_alarm_comes() {
    let week = normal(1500.0).await;
    assert!(week.len() > 50_000, "{}", week.len());
    assert_eq!(rung(week).await, []);
}
