//! How each shell block of the documents is known to work.

/// A block, by its page and a part that no other block there has.
pub struct Row {
    pub page: &'static str,
    pub part: &'static str,
    pub how: How,
}

/// What stands behind a block.
pub enum How {
    /// The rehearsal types it at a stand-in for AWS, without these lines.
    Rehearsed { except: &'static [Untyped] },
    /// This test types it, or does what it does.
    Tested(&'static str),
    /// No test does.
    Untyped(Untyped),
}

/// A command that no test types.
pub struct Untyped {
    /// What it says, or begins with.
    pub part: &'static str,
    pub why: &'static str,
    /// What settles it on a machine or in an account of the reader's.
    pub settled_by: &'static str,
}

/// All blocks of all pages.
pub const BLOCKS: &[Row] = &[
    tested(
        "tests/fixtures/README.md",
        "REWRITE=1 cargo test -p tests fixtures",
        "the_fixtures_are_what_their_seed_makes",
    ),
    tested(
        "tools/open-row/README.md",
        "pip install --no-deps",
        "an_operator_opens_a_row_without_any_of_this_code",
    ),
    tested("README.md", "cargo local  ", STORY),
    tested("README.md", "cargo lambda invoke", DESK),
    tested("README.md", "cargo custodian drill", DESK),
    tested("README.md", "TOKEN=$(cargo -q local token alice)", DESK),
    tested("README.md", "# hands over its encrypted share", DESK),
    tested("README.md", "# hands over a custodian share", DESK),
    Row {
        page: "README.md",
        part: "SECRET=$(openssl rand -hex 32)",
        how: How::Rehearsed { except: INSTALLED },
    },
    rehearsed("README.md", "sam build --config-env development && "),
    rehearsed("README.md", "curl -i -H \"X-Webhook-Secret: $SECRET\""),
    rehearsed("docs/login.md", "python3 -c 'import base64,sys;"),
    rehearsed("docs/operating.md", "output() {"),
    rehearsed("docs/operating.md", "sam build --config-env \"$STAGE\" && "),
    rehearsed("docs/operating.md", "cargo custodian drill"),
    untyped(
        "docs/operating.md",
        Untyped {
            part: "aws cloudwatch set-alarm-state",
            why: "the stand-in's alarms send no message",
            settled_by: "the mail that comes",
        },
    ),
    untyped(
        "docs/operating.md",
        Untyped {
            part: "--template-file events-us-east-1.yaml",
            why: "the stand-in is one Region, and passes no events between two",
            settled_by: "`aws iam tag-role` of one of the roles, which `aws events` counts in `TriggeredRules` of both rules",
        },
    ),
    rehearsed("docs/operating.md", "sha256sum .aws-sam/comparison/"),
    rehearsed("docs/operating.md", "aws dynamodb delete-resource-policy"),
    untyped(
        "docs/operating.md",
        Untyped {
            part: "aws sts assume-role",
            why: "it asks for the code of a second factor",
            settled_by: "`aws sts get-caller-identity`, after it",
        },
    ),
    rehearsed("docs/operating.md", "cat > custodian.env"),
    tested("docs/operating.md", "cargo custodian freeze", "an_operators_commands_work_on_a_desk"),
    rehearsed("docs/operating.md", "aws dynamodb get-item"),
    rehearsed("docs/operating.md", "aws kms decrypt"),
    rehearsed("docs/operating.md", "aws dynamodb restore-table-to-point-in-time"),
    rehearsed("docs/operating.md", "cargo custodian adopt"),
    untyped(
        "docs/operating.md",
        Untyped {
            part: "aws kms replicate-key",
            why: "the stand-in has no replicas of a key",
            settled_by: "`aws kms describe-key --region B --key-id KEY_IN_A`, which says `ReplicaKeys`",
        },
    ),
    rehearsed("docs/operating.md", "aws cloudformation describe-stack-events"),
    rehearsed("docs/operating.md", "aws cloudformation update-termination-protection"),
    untyped(
        "docs/performance.md",
        Untyped {
            part: "cargo run --profile soak --package bench",
            why: "minutes, and the figures are those of a machine. `.ci/weight` counts what no machine changes",
            settled_by: "its tables",
        },
    ),
    untyped(
        "docs/runbook.md",
        Untyped {
            part: "aws logs start-query",
            why: "the stand-in runs no query of Logs Insights",
            settled_by: "`asks 'fields @timestamp, route, status | limit 5'`, after a try of the webhook",
        },
    ),
    tested("docs/runbook.md", "ispresent(row)", QUERIES),
    tested("docs/runbook.md", "stored > 0 and route", QUERIES),
    tested("docs/runbook.md", "code = \"frozen\"", QUERIES),
    tested("docs/runbook.md", "status >= 500", QUERIES),
    tested("docs/runbook.md", "ms > 3000", QUERIES),
    tested("docs/runbook.md", "code = \"unauthorized\"", QUERIES),
    tested("docs/runbook.md", "code = \"forbidden\"", QUERIES),
    tested("docs/runbook.md", "opened > 0", QUERIES),
    tested("docs/runbook.md", "filter stored > 0 | stats sum(stored) as shares by client, route", QUERIES),
    tested("docs/runbook.md", "reason like /panicked/", QUERIES),
    tested("docs/runbook.md", "reason like /clock/", QUERIES),
    tested("docs/runbook.md", "webhook_secrets = 2", QUERIES),
    untyped(
        "docs/runbook.md",
        Untyped {
            part: "aws logs filter-log-events",
            why: "the stand-in's APIs write no access logs",
            settled_by: "the same with `200` for `429`, after a try of the webhook",
        },
    ),
    tested(
        "tests/stack/rehearsal/README.md",
        "rehearsal:: -- --ignored",
        "long_both_stages_live_through_a_day",
    ),
    untyped(
        "fuzz/README.md",
        Untyped {
            part: "cargo +nightly fuzz run event",
            why: "runs until it is stopped, on the nightly toolchain. `cargo test` replays what it has found",
            settled_by: "`cargo +nightly fuzz run event -- -runs=1000`, in `fuzz/`",
        },
    ),
    untyped(
        "tests/custody/frozen/README.md",
        Untyped {
            part: "FREEZE=v2 cargo test",
            why: "writes a release's folder, which is then never changed",
            settled_by: "`git status`, after it",
        },
    ),
];

const STORY: &str = "a_backup_a_recovery_and_an_interrupted_recovery_go_through_the_real_binaries";
const DESK: &str = "the_readmes_commands_work_on_a_desk";

const QUERIES: &str = "every_query_of_the_runbook_asks_for_fields_that_lines_have";

/// What installs programs.
const INSTALLED: &[Untyped] = &[
    Untyped {
        part: "python3 -m venv ~/sam",
        why: "`.ci/run` makes the same environment in a folder of its own",
        settled_by: "`sam --version`",
    },
    Untyped {
        part: "pip install --no-deps",
        why: "`.ci/run` installs the same list",
        settled_by: "`cargo lambda --version`",
    },
    Untyped {
        part: "rustup target add aarch64",
        why: "CI builds for the processor that it runs on, and deploys that",
        settled_by: "`sam build --config-env development`",
    },
];

const fn rehearsed(page: &'static str, part: &'static str) -> Row {
    Row { page, part, how: How::Rehearsed { except: &[] } }
}

const fn tested(page: &'static str, part: &'static str, test: &'static str) -> Row {
    Row { page, part, how: How::Tested(test) }
}

const fn untyped(page: &'static str, what: Untyped) -> Row {
    Row { page, part: what.part, how: How::Untyped(what) }
}
