//! How the story looks on a terminal of 80 columns.

use story::Told;

use crate::terminal::{self, BOLD, DIM};

/// Says what a story is about.
pub fn announce(client: &str) {
    terminal::say("");
    terminal::say(format_args!("The story of client {client}"));
    terminal::say("(of a share: the first digits of its SHA-256, and its size)");
}

/// Says what a story tells.
pub fn tell(told: &Told<'_>) {
    match told {
        Told::Act(title) => {
            terminal::say("");
            terminal::say_in(BOLD, title);
        }
        Told::Exchange(exchange) => {
            terminal::say(format_args!("   {:<6}  {}", exchange.who, exchange.request));
            terminal::say_in(DIM, format_args!("           {}", exchange.what));
        }
        Told::Aside(text) => terminal::say(format_args!("   {text}")),
    }
}
