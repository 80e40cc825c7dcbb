//! What a drill comes to.

use story::Failure;

use crate::{exit::Exit, failed::Failed};

/// What a drill comes to.
pub enum Verdict {
    /// All of it held. The client is named if its shares are getting too many for one fetch.
    Whole { crowded: Option<String> },
    /// The webhook refuses this address; the rest held.
    Half,
    /// The webhook refused so often that an alarm rings: about secrets, or about addresses.
    Rung { secrets: bool },
    /// Something didn't hold.
    Failed(Failure),
    /// Portal keeps the backups itself: nobody would call the webhook.
    PortalKeepsThem,
    /// What was given isn't what the stack takes.
    NotDrilled(String),
}

/// Why a drill doesn't come to its end.
pub enum Stopped {
    /// Something didn't hold.
    Found(Failure),
    /// Portal keeps the backups itself.
    PortalKeepsThem,
    /// What was given isn't what the stack takes.
    NotDrilled(String),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Here(why) => Self::NotDrilled(why),
            failure => Self::Found(failure),
        }
    }
}

impl From<Failed> for Stopped {
    fn from(failed: Failed) -> Self {
        Self::NotDrilled(failed.to_string())
    }
}

impl From<Stopped> for Verdict {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Found(failure) => Self::Failed(failure),
            Stopped::PortalKeepsThem => Self::PortalKeepsThem,
            Stopped::NotDrilled(why) => Self::NotDrilled(why),
        }
    }
}

impl Verdict {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Whole { .. } | Self::Rung { .. } => Exit::Good,
            Self::Half => Exit::Half,
            Self::Failed(_) | Self::PortalKeepsThem => Exit::Found,
            Self::NotDrilled(_) => Exit::NotDone,
        }
    }

    /// Its name, for a script.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Whole { .. } => "whole",
            Self::Half => "half",
            Self::Rung { .. } => "rung",
            Self::Failed(_) | Self::PortalKeepsThem => "failed",
            Self::NotDrilled(_) => "not drilled",
        }
    }
}
