//! The template, what SAM makes of it, and a stack's life by the documents' commands.

pub mod deploying;
pub mod layout;
pub mod rehearsal;
pub mod template;
pub mod uploaded;
