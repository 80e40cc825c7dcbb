//! The time that the webhook secret's check takes tells nothing of where a wrong one differs (after Reparaz, Balasch and
//! Verbauwhede, "Dude, is my code constant time?").

use std::{hint::black_box, time::Instant};

use aws_lc_rs::digest::{SHA256, digest};
use backup_shares::{auth::Portal, webhook_policy::WebhookPolicy};
use lambda_http::{Request, request};

use crate::support::event::{Event, WEBHOOK_SECRET};

/// Measurements of both classes together.
const SAMPLES: usize = 1_000_000;

/// Welch's t beyond which two means differ for certain, as that paper has it.
const BOUND: f64 = 4.5;

/// Times of the two classes, in nanoseconds.
struct Times([Vec<f64>; 2]);

impl Times {
    /// Times a check of one wrong secret. In class 0 its digest differs from the configured one in the first byte, in class 1 in
    /// the last. Classes take turns at random, and each time has a policy of its own, somewhere else in memory.
    fn measure(check: impl Fn(&Request, &WebhookPolicy) -> bool) -> Self {
        let request = request::from_str(&Event::of("webhook-fetch").0.to_string()).unwrap();
        let presented = digest(&SHA256, WEBHOOK_SECRET.as_bytes());
        let mut times = Self(Default::default());
        for _ in 0..SAMPLES {
            let class = fastrand::usize(..2);
            let mut wrong = presented.as_ref().to_vec();
            wrong[class * 31] ^= 1;
            let policy = WebhookPolicy::parse(&hex::encode(wrong), "127.0.0.1/32").unwrap();
            let start = Instant::now();
            let taken = black_box(check(black_box(&request), black_box(&policy)));
            let time = start.elapsed();
            assert!(!taken);
            times.0[class].push(f64::from(u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)));
        }
        times
    }

    /// Leaves out the slowest tenth of all: interruptions, which are long and of either class.
    fn cropped(self) -> Self {
        let mut all: Vec<f64> = self.0.iter().flatten().copied().collect();
        all.sort_by(f64::total_cmp);
        let longest = all[all.len() * 9 / 10];
        Self(self.0.map(|class| class.into_iter().filter(|time| *time <= longest).collect()))
    }

    /// Welch's t of the two classes' means.
    fn t(&self) -> f64 {
        let [(first, first_error), (second, second_error)] =
            [0, 1].map(|class| mean_and_error(&self.0[class]));
        (first - second) / (first_error + second_error).sqrt()
    }
}

/// A mean, and the square of its standard error.
#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 samples")]
fn mean_and_error(times: &[f64]) -> (f64, f64) {
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}

/// What a naive check does: it stops at the first difference.
fn naive(request: &Request, policy: &WebhookPolicy) -> bool {
    let secret = request.headers().get("x-webhook-secret").unwrap();
    let presented = digest(&SHA256, secret.as_bytes());
    for (one, other) in presented.as_ref().iter().zip(policy.secret_digests()[0]) {
        if *black_box(one) != other {
            return false;
        }
    }
    true
}

#[test]
#[ignore = "a minute on a quiet machine"]
#[expect(clippy::print_stdout, reason = "t is a figure of docs/assurance.md")]
fn long_constant_time_of_the_webhook_secret() {
    let ours = Times::measure(|request, policy| Portal::authenticate(request, policy).is_ok()).cropped().t();
    let naive = Times::measure(naive).cropped().t();
    println!(
        "t = {ours:.2}, of a comparison that stops at the first difference {naive:.2}, {SAMPLES} samples each"
    );
    assert!(naive.abs() > BOUND, "this harness sees nothing");
    assert!(ours.abs() < BOUND, "the time tells where the digest differs");
}
