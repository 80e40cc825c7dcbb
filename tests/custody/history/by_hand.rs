//! Histories written by hand: good ones pass, and each bad one breaks its rule.

use super::{
    operation::{Action, Half, Kept, Operation, Outcome},
    rules::{Rule, violations},
    shrink::shrink,
};

const A: &str = "alice";
const B: &str = "bob";

fn operation(client: &str, at: [u64; 2], half: Half, action: Action, outcome: Outcome) -> Operation {
    Operation { client: client.into(), half, action, start: at[0], end: at[1], outcome }
}

fn kept(method: &str, share: &str) -> Kept {
    Kept { method: method.into(), pair: None, share: share.into() }
}

/// Portal hands over a share of Alice's.
fn stored(at: [u64; 2], share: &str) -> Operation {
    operation(A, at, Half::Custodian, Action::Store(vec![kept("M", share)]), Outcome::Stored)
}

/// The same, and nobody knows whether it is stored.
fn unknown(at: [u64; 2], share: &str) -> Operation {
    Operation { outcome: Outcome::Unknown, ..stored(at, share) }
}

/// Portal is given these shares of Alice's.
fn fetched(at: [u64; 2], shares: &[&str]) -> Operation {
    let shares = shares.iter().map(|&share| share.into()).collect();
    operation(A, at, Half::Custodian, Action::Fetch, Outcome::Shares(shares))
}

fn fetched_none(at: [u64; 2]) -> Operation {
    Operation { outcome: Outcome::Missing, ..fetched(at, &[]) }
}

/// Alice's app hands over her share.
fn saved(at: [u64; 2], method: &str, share: &str) -> Operation {
    operation(A, at, Half::Client, Action::Store(vec![kept(method, share)]), Outcome::Stored)
}

/// Alice's app takes her share back.
fn got(at: [u64; 2], method: Option<&str>, share: &str) -> Operation {
    let action = Action::Get { method: method.map(Into::into), pair: None };
    operation(A, at, Half::Client, action, Outcome::Shares(vec![share.into()]))
}

/// The rules that a history breaks.
fn broken(history: &[Operation]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = violations(history).iter().map(|violation| violation.rule).collect();
    rules.dedup();
    rules
}

fn of_bob(operation: Operation) -> Operation {
    Operation { client: B.into(), ..operation }
}

/// So many shares, stored one after the other, and a fetch of all of them but one, newest first.
fn full(count: u64, left_out: u64) -> Vec<Operation> {
    let name = |number: u64| format!("s{number}");
    let mut history: Vec<_> =
        (0..count).map(|number| stored([2 * number, 2 * number + 1], &name(number))).collect();
    let given: Vec<_> = (0..count).rev().filter(|number| *number != left_out).map(name).collect();
    history.push(fetched([1000, 1001], &given.iter().map(String::as_str).collect::<Vec<_>>()));
    history
}

/// 64 shares of that size, stored one after the other; 60 of the largest; and a fetch that gives so many of the newest, and
/// these of the first.
fn beside_large(bytes: usize, newest: u64, first: impl DoubleEndedIterator<Item = u64>) -> Vec<Operation> {
    let share = |number: u64| {
        let bytes = if number < 64 { bytes } else { 128 * 1024 };
        format!("s{number} {}", "x".repeat(bytes - 10))
    };
    let mut history: Vec<_> =
        (0..124).map(|number| stored([2 * number, 2 * number + 1], &share(number))).collect();
    let given: Vec<_> = (124 - newest..124).rev().chain(first.rev()).map(share).collect();
    history.push(fetched([1000, 1001], &given.iter().map(String::as_str).collect::<Vec<_>>()));
    history
}

#[test]
fn good_histories_pass() {
    for (name, history) in [
        ("store, then fetch", vec![stored([0, 1], "a"), fetched([2, 3], &["a"])]),
        (
            "a store under way is seen, or not",
            vec![stored([0, 9], "a"), fetched([1, 3], &["a"]), fetched_none([2, 4])],
        ),
        (
            "an unknown store shows late",
            vec![unknown([0, 1], "a"), fetched_none([2, 3]), fetched([4, 5], &["a"])],
        ),
        (
            "an unknown store shows late, and as the older one that it is",
            vec![
                unknown([0, 1], "a"),
                stored([2, 3], "b"),
                fetched([4, 5], &["b"]),
                fetched([6, 7], &["b", "a"]),
            ],
        ),
        (
            "stores at once are in either order, always the same",
            vec![
                stored([0, 9], "a"),
                stored([1, 8], "b"),
                fetched([10, 11], &["a", "b"]),
                fetched([12, 13], &["a", "b"]),
            ],
        ),
        (
            "a repeated request changes nothing",
            vec![stored([0, 1], "a"), stored([2, 3], "b"), stored([4, 5], "a"), fetched([6, 7], &["b", "a"])],
        ),
        (
            "a share is old as its first store that may have happened",
            vec![
                unknown([0, 1], "a"),
                stored([2, 3], "b"),
                stored([4, 5], "a"),
                fetched([6, 7], &["a", "b"]),
            ],
        ),
        (
            "the newest of a method, else the newest of an old version",
            vec![
                saved([0, 1], "M", "a"),
                saved([2, 3], "UNKNOWN", "b"),
                got([4, 5], Some("M"), "a"),
                got([6, 7], Some("N"), "b"),
                got([8, 9], None, "b"),
            ],
        ),
        ("the newest 64 and the oldest 64", full(129, 64)),
        ("the first 64 of 32 KB beside more than there is room for", beside_large(32_000, 22, 0..64)),
        ("those of the first that fit into half of an answer", beside_large(70_000, 19, 0..35)),
    ] {
        assert_eq!(violations(&history), [], "{name}");
    }
}

/// Each of these histories breaks that rule and no other.
fn assert_break<const N: usize>(rule: Rule, histories: [(&str, Vec<Operation>); N]) {
    for (name, history) in histories {
        assert_eq!(broken(&history), [rule], "{name}: {:?}", violations(&history));
    }
}

#[test]
fn what_was_acknowledged_or_read_is_in_every_later_read() {
    let none = |at| Operation { outcome: Outcome::Missing, ..got(at, Some("M"), "") };
    let (a, b) = (stored([0, 1], "a"), stored([2, 7], "b"));
    assert_break(
        Rule::NothingIsLost,
        [
            ("an acknowledged share is lost", vec![a.clone(), fetched_none([2, 3])]),
            ("an acknowledged share is left out", vec![a.clone(), b.clone(), fetched([8, 9], &["b"])]),
            (
                "a share that was read is lost",
                vec![unknown([0, 1], "a"), fetched([2, 3], &["a"]), fetched_none([4, 5])],
            ),
            ("delete, then create: the old one is gone meanwhile", vec![a, b, fetched_none([3, 4])]),
            ("a client share is lost", vec![saved([0, 1], "M", "a"), none([2, 3])]),
        ],
    );
}

#[test]
fn what_is_read_was_stored_for_that_client_before() {
    assert_break(
        Rule::NothingIsInvented,
        [
            ("nobody stored it", vec![fetched([0, 1], &["a"])]),
            ("it is given before it is stored", vec![fetched([0, 1], &["a"]), stored([2, 3], "a")]),
        ],
    );
    let of_another = vec![of_bob(stored([0, 1], "b")), fetched([2, 3], &["b"])];
    assert_break(Rule::ClientsStayApart, [("another's share", of_another)]);
}

#[test]
fn garbage_and_answers_of_another_kind_are_broken_rules() {
    let undefined = saved([0, 1], "M", "undefined");
    let refused = Operation { outcome: Outcome::Refused, ..undefined.clone() };
    assert_break(
        Rule::GarbageIsRefused,
        [
            ("the text `undefined` is acknowledged", vec![undefined]),
            ("the text `undefined` is given", vec![refused, got([2, 3], None, "undefined")]),
        ],
    );
    assert_break(
        Rule::EachShareOnce,
        [
            ("a share twice in one answer", vec![stored([0, 1], "a"), fetched([2, 3], &["a", "a"])]),
            ("more than 128", full(129, 999)),
        ],
    );
    assert_break(
        Rule::OnlyKnownAnswers,
        [
            ("a good share is refused", vec![Operation { outcome: Outcome::Refused, ..stored([0, 1], "a") }]),
            ("a read fails", vec![Operation { outcome: Outcome::Wrong(500), ..fetched([0, 1], &[]) }]),
        ],
    );
}

#[test]
fn a_get_gives_the_method_that_it_asks_for() {
    assert_break(
        Rule::TheOneAskedFor,
        [
            ("another method's", vec![saved([0, 1], "M", "a"), got([2, 3], Some("N"), "a")]),
            (
                "an old version's in place of the method's",
                vec![saved([0, 1], "M", "a"), saved([2, 3], "UNKNOWN", "b"), got([4, 5], Some("M"), "b")],
            ),
        ],
    );
}

#[test]
fn one_order_of_sealing_explains_all_answers() {
    let at_once = [saved([0, 9], "M", "a"), saved([1, 8], "M", "b")];
    let both = [stored([0, 9], "a"), stored([1, 8], "b")];
    let repeated =
        vec![stored([0, 1], "a"), stored([2, 3], "b"), stored([4, 5], "a"), fetched([6, 7], &["a", "b"])];
    let circle =
        [fetched([3, 6], &["a", "b"]), fetched([4, 5], &["b", "c"]), fetched([10, 11], &["c", "a", "b"])];
    assert_break(
        Rule::NewestFirst,
        [
            (
                "the newest goes back",
                [&at_once[..], &[got([10, 11], Some("M"), "b"), got([12, 13], Some("M"), "a")]].concat(),
            ),
            (
                "the older is given for the newer",
                vec![saved([0, 1], "M", "a"), saved([2, 3], "M", "b"), got([4, 5], None, "a")],
            ),
            (
                "two fetches disagree",
                [&both[..], &[fetched([10, 11], &["a", "b"]), fetched([12, 13], &["b", "a"])]].concat(),
            ),
            ("a repeated request makes the old one newest", repeated),
            (
                "three answers that only together can't be",
                [&both[..], &[stored([2, 7], "c")], &circle].concat(),
            ),
            ("a full answer leaves the newest out", full(129, 128)),
        ],
    );
}

#[test]
fn no_number_of_later_stores_hides_one_of_the_first() {
    let mut twice = full(129, 0);
    let elsewhere = Action::Store(vec![kept("another method", "s0")]);
    twice.push(operation(A, [500, 501], Half::Custodian, elsewhere, Outcome::Stored));
    assert_break(
        Rule::TheFirstStay,
        [
            ("a full answer leaves the oldest out", full(129, 0)),
            ("a full answer leaves the last of the first 64 out", full(129, 63)),
            ("a full answer leaves one out that stands in two slots", twice),
            ("larger shares leave no room for the first", beside_large(32_000, 22, 1..64)),
            ("larger shares leave no room for the last of the first", beside_large(32_000, 22, 0..63)),
            ("larger shares take more than their half", beside_large(70_000, 22, 0..34)),
        ],
    );
}

#[test]
fn a_freeze_holds_until_it_is_lifted() {
    let stop = |at, action| operation(A, at, Half::Custodian, action, Outcome::Done);
    let frozen = |at| Operation { outcome: Outcome::Frozen, ..fetched_none(at) };
    let begin = || vec![stored([0, 1], "s"), stop([2, 5], Action::Freeze)];
    let with = |more: Vec<Operation>| begin().into_iter().chain(more).collect::<Vec<_>>();
    for (what, history) in [
        ("frozen", with(vec![frozen([6, 7])])),
        ("a read beside the freeze", with(vec![fetched([3, 9], &["s"]), frozen([4, 8])])),
        ("thawed", with(vec![stop([6, 7], Action::Thaw), fetched([8, 9], &["s"])])),
        (
            "a read beside the thaw",
            with(vec![stop([6, 9], Action::Thaw), fetched([7, 8], &["s"]), frozen([7, 10])]),
        ),
        (
            "a thaw beside the freeze",
            with(vec![stop([3, 4], Action::Thaw), frozen([6, 7]), fetched([8, 9], &["s"])]),
        ),
    ] {
        assert_eq!(broken(&history), [], "{what}");
    }
    assert_break(
        Rule::AFreezeHolds,
        [
            ("a share is given while frozen", with(vec![fetched([6, 7], &["s"])])),
            (
                "frozen before anybody froze",
                vec![stored([0, 1], "s"), frozen([2, 3]), stop([4, 5], Action::Freeze)],
            ),
            ("frozen after the thaw", with(vec![stop([6, 7], Action::Thaw), frozen([8, 9])])),
            (
                "a thaw before the freeze lifts nothing",
                vec![
                    stored([0, 1], "s"),
                    stop([2, 3], Action::Thaw),
                    stop([4, 5], Action::Freeze),
                    fetched([6, 7], &["s"]),
                ],
            ),
            (
                "a store is refused",
                vec![
                    Operation { outcome: Outcome::Frozen, ..stored([6, 7], "t") },
                    stop([2, 5], Action::Freeze),
                ],
            ),
        ],
    );
}

#[test]
fn a_bad_history_is_cut_down_to_what_breaks_the_rule() {
    let mut history = full(60, 30);
    history.extend(
        (0..60).map(|number| saved([200 + 2 * number, 201 + 2 * number], "M", &format!("m{number}"))),
    );
    let first = &violations(&history)[0];
    let [store, fetch] = &shrink(&history, first)[..] else { panic!("{:?}", shrink(&history, first)) };
    assert_eq!((store.stores()[0].share.as_str(), &fetch.outcome), ("s30", &Outcome::Missing));
}
