//! What prose names in backticks, and links, is there.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path};

use super::{all_blocks, names, pages};
use crate::{
    secrecy::access,
    support::project::{files, root, texts},
};

/// The pages that an operator follows. The others tell of decisions and of what others do.
const OPERATORS: [&str; 6] =
    ["README.md", "SECURITY.md", "docs/login.md", "docs/operating.md", "docs/runbook.md", "docs/cost.md"];

/// AWS's names that a page may use: what IAM knows beyond tables and keys, a property of a user pool, a metric, and errors.
const OTHERS: [&str; 29] = [
    "AccessDenied",
    "AccessDeniedException",
    "CreateKey",
    "CreateLogDelivery",
    "CreateRole",
    "CreateServiceLinkedRole",
    "DeleteLogDelivery",
    "DeleteRole",
    "DeleteRolePolicy",
    "DisabledException",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "GetRole",
    "GetRolePolicy",
    "KMSInvalidStateException",
    "ListAttachedRolePolicies",
    "ListLogDeliveries",
    "ListRolePolicies",
    "PassRole",
    "PreTokenGenerationConfig",
    "PutRolePolicy",
    "ReEncrypt",
    "ResourceNotFoundException",
    "TagRole",
    "TooManyRequests",
    "TriggeredRules",
    "UpdateFunctionCode",
    "UpdateLogDelivery",
];

/// Folders of what is made here.
const MADE: [&str; 2] = ["target", ".aws-sam"];

const OUR_FILES: [&str; 8] = ["rs", "md", "toml", "yaml", "yml", "json", "txt", "py"];

/// What stands in backticks outside of blocks, in one line.
pub fn terms(text: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut inside = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        if !inside && !fence {
            prose += line;
            prose.push(' ');
        }
    }
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    for (page, text) in pages() {
        let folder = root().join(&page).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root().join(&page) } else { folder.join(path) };
            assert!(target.exists(), "{page} links to {link}, which isn't there");
            assert!(
                heading.is_empty() || headings(&target).contains(heading),
                "{page}: no heading #{heading}"
            );
        }
    }
}

/// A program says `docs/page.md`, or `docs/page.md, "Heading"`.
#[test]
fn every_page_that_an_operators_command_names_is_there() {
    let sources = texts("rs").into_iter().filter(|(path, _)| path.starts_with("ops/src/"));
    let mut named = 0;
    for (path, text) in sources {
        let text = text.replace("\\\"", "\"");
        for rest in text.split("docs/").skip(1) {
            let (page, rest) = rest.split_once(".md").unwrap();
            let page = root().join("docs").join(page).with_extension("md");
            assert!(page.exists(), "{path} names {page:?}, which isn't there");
            let heading = rest.strip_prefix(", \"").and_then(|rest| rest.split('"').next());
            let there = heading.is_none_or(|heading| headings(&page).contains(&anchor(heading)));
            assert!(there, "{path}: {page:?} has no heading {heading:?}");
            named += 1;
        }
    }
    assert!(named > 5, "{named}");
}

/// The anchors of a page, as GitHub makes them.
fn headings(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(anchor).collect()
}

fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[test]
fn every_file_that_prose_names_is_there() {
    let made: String = all_blocks().into_iter().map(|block| block.text).collect();
    let files = files();
    for (page, text) in pages() {
        for term in terms(&text).iter().filter(|term| is_path(term)) {
            let at_the_root = root().join(term.trim_end_matches('*')).exists();
            let there = at_the_root || files.iter().any(|file| file.ends_with(term));
            assert!(there || made.contains(term.as_str()), "{page} names {term}, which isn't there");
        }
    }
}

/// Whether a term is a path of ours: its first folder is, or it ends as our files do.
fn is_path(term: &str) -> bool {
    let plain = term.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/*".contains(letter));
    let first = term.split_once('/').map_or("", |(first, _)| first);
    let folder = !first.is_empty() && root().join(first).is_dir();
    let extension = Path::new(term).extension().and_then(|extension| extension.to_str());
    let file = extension.is_some_and(|extension| OUR_FILES.contains(&extension));
    plain && (folder || file) && !MADE.contains(&first)
}

#[test]
fn every_program_of_ours_that_a_page_names_can_be_run() {
    for (page, text) in pages() {
        let words = text.split(|letter: char| letter.is_whitespace() || "`()\"';,".contains(letter));
        for program in words.filter(|word| word.starts_with(".ci/") || word.starts_with("tools/")) {
            let program = program.trim_end_matches(['.', ':']);
            if Path::new(program).extension().is_none() {
                let mode = fs::metadata(root().join(program)).map(|found| found.permissions().mode());
                assert!(
                    mode.is_ok_and(|mode| mode & 0o111 != 0),
                    "{page} names {program}, which can't be run"
                );
            }
        }
    }
}

#[test]
fn every_test_that_a_page_tells_to_run_exists() {
    let tests = names::tests();
    for (page, text) in pages() {
        for command in text.split("cargo test ").skip(1) {
            let command = command.split(['`', '\n']).next().unwrap();
            for filter in filters(command) {
                assert!(tests.iter().any(|test| test.contains(filter)), "{page}: no test is named {filter}");
            }
        }
    }
}

/// The words of a `cargo test` that choose tests.
fn filters(arguments: &str) -> Vec<&str> {
    let mut filters = Vec::new();
    let mut words = arguments.split_whitespace().take_while(|word| *word != "#");
    while let Some(word) = words.next() {
        match word {
            "-p" | "--package" | "--profile" | "--test" => _ = words.next(),
            flag if flag.starts_with('-') => (),
            filter => filters.push(filter),
        }
    }
    filters
}

#[test]
fn every_name_that_an_operator_reads_is_the_templates_or_said_to_be_anothers() {
    let ours = names::of_the_templates();
    let known = |name: &str| ours.contains(name) || access::knows(name) || OTHERS.contains(&name);
    let read = pages().into_iter().filter(|(page, _)| OPERATORS.contains(&page.as_str()));
    let named = read.flat_map(|(page, text)| terms(&text).into_iter().map(move |term| (page.clone(), term)));
    let first_words = named.map(|(page, term)| (page, term.split('=').next().unwrap().to_owned()));
    let strange: BTreeSet<_> = first_words.filter(|(_, name)| is_name(name) && !known(name)).collect();
    assert!(strange.is_empty(), "the templates have none of these: {strange:#?}");
}

/// Whether a word is written as the template's names are: letters and digits, two capitals or more, and small ones.
fn is_name(word: &str) -> bool {
    let capitals = word.chars().filter(char::is_ascii_uppercase).count();
    let small = word.chars().filter(char::is_ascii_lowercase).count();
    word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.chars().all(|letter| letter.is_ascii_alphanumeric())
        && capitals > 1
        && small > 1
}
