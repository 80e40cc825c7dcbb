//! Options of other people's tools that prose names, without a block that is typed.

use super::{checkout::Checkout, operator::OPERATING};
use crate::documents::{
    block,
    blocks::{BLOCKS, How},
    pages,
    prose::terms,
};

/// A table of the blocks, whose parts are no whole commands.
const PARTS: &str = "docs/commands.md";
/// Options that prose names alone, with the command that takes them.
const ALONE: [(&str, &str); 1] =
    [("--deletion-mode FORCE_DELETE_STACK", "aws cloudformation delete-stack --stack-name nobodys")];

/// Options of `custodian` that prose names alone, with the command that takes them.
const OURS: [(&str, &str); 6] = [
    ("--against", "verify"),
    ("--dry-run", "freeze"),
    ("--freeze", "drill"),
    ("--json", "show"),
    ("--read-units", "export"),
    ("--yes", "freeze"),
];

/// Every `aws …` and `sam …` of a page is a command with options that the tool knows.
pub async fn are_known(checkout: &Checkout) {
    of_prose(checkout).await;
    of_blocks(checkout).await;
}

/// Those of blocks that no test types, with nothing behind their names and each line for itself.
async fn of_blocks(checkout: &Checkout) {
    let untyped = BLOCKS.iter().filter(|row| matches!(row.how, How::Untyped(_)));
    for row in untyped.filter(|row| row.page == OPERATING) {
        let lines = block(row.page, row.part).replace(" &&\n", "\n");
        aws_knows(checkout, row.page, &format!("# {}\nset +eu\n{lines}false", row.part)).await;
    }
}

async fn of_prose(checkout: &Checkout) {
    for (page, text) in pages().into_iter().filter(|(page, _)| page != PARTS) {
        for term in terms(&text) {
            let alone = ALONE.iter().find(|(options, _)| *options == term);
            let command =
                alone.map_or_else(|| term.clone(), |(options, command)| format!("{command} {options}"));
            if let Some((option, command)) = OURS.iter().find(|(option, _)| *option == term) {
                let help = checkout.types(&format!("cargo custodian {command} --help")).await;
                assert!(help.contains(option), "{page}: custodian {command} has no {option}");
                continue;
            }
            match command.split(' ').next() {
                Some("aws") => aws_knows(checkout, &page, &command).await,
                Some("sam") => sam_knows(checkout, &page, &command).await,
                _ => assert!(known_alone(&page, &term), "{page}: whose is {term}?"),
            }
        }
    }
}

/// A decision may name what it decided against.
fn known_alone(page: &str, term: &str) -> bool {
    !term.starts_with("--") || page.starts_with("docs/decisions/")
}

/// The placeholders of a page are no names of anything, so what is well typed is refused by the stand-in alone.
async fn aws_knows(checkout: &Checkout, page: &str, command: &str) {
    let said = checkout.says(command).await;
    let strange = ["Unknown options", "nvalid choice"].iter().any(|words| said.contains(words));
    assert!(!strange, "{page}: {command}\n{said}");
}

async fn sam_knows(checkout: &Checkout, page: &str, command: &str) {
    let options: Vec<_> = command.split(' ').filter(|word| word.starts_with("--")).collect();
    let subcommand = command.split(' ').nth(1).filter(|word| !word.starts_with("--")).unwrap_or_default();
    let help = checkout.types(&format!("sam {subcommand} --help")).await;
    for option in options {
        assert!(help.contains(option), "{page}: {command}: sam has no {option}");
    }
}
