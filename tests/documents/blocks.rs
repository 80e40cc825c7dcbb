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
    rehearsed("docs/operating.md", "sha256sum .aws-sam/comparison/"),
    rehearsed("docs/operating.md", "aws dynamodb delete-resource-policy"),
    rehearsed("docs/operating.md", "aws dynamodb get-item"),
    rehearsed("docs/operating.md", "aws kms decrypt"),
    rehearsed("docs/operating.md", "aws dynamodb restore-table-to-point-in-time"),
    rehearsed("docs/operating.md", "aws dynamodb update-continuous-backups"),
    rehearsed("docs/operating.md", "OLDER_KEY=…"),
    rehearsed("docs/operating.md", "&&\n  aws dynamodb put-resource-policy --resource-arn \"$table\""),
    untyped(
        "docs/operating.md",
        Untyped {
            part: "--resource-arn \"$TABLE_IN_A\"",
            why: "the stand-in has no replicas of a table",
            settled_by: "`aws dynamodb get-resource-policy --region B --resource-arn TABLE_IN_B`",
        },
    ),
    untyped(
        "docs/operating.md",
        Untyped {
            part: "aws kms replicate-key",
            why: "the same",
            settled_by: "`aws kms describe-key --region B --key-id KEY_IN_A`, which says `ReplicaKeys`",
        },
    ),
    rehearsed("docs/operating.md", "aws cloudformation describe-stack-events"),
    rehearsed("docs/operating.md", "aws cloudformation update-termination-protection"),
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
