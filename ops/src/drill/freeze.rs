//! `--freeze`: the drill's client is frozen, nobody gets its shares, and then everybody gets all of them again.

use backup_shares::{
    ids::ClientId,
    stop::{Held, Stop},
};
use story::Story;

use super::{Options, report::Report, verdict::Stopped};
use crate::{
    failed::Failed,
    half::Half,
    stops::{Reason, freezes, hold_back, lift},
    table::Rows,
};

const WHO: &str = "custodian drill";
const WHY: &str = "a drill; it lifts this itself";

/// The drill's client, to be frozen.
pub struct Freeze {
    client: ClientId,
    halves: [Rows; 2],
    reason: Reason,
}

impl Freeze {
    /// That of the drill's client, if it is asked for, given free where an earlier drill was ended in the middle of it.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn of(options: &Options) -> Result<Option<Self>, Failed> {
        if !options.freeze {
            return Ok(None);
        }
        let client = crate::stops::client(&options.client).map_err(Failed::usage)?;
        let halves = Rows::of(Half::BOTH, &options.tables).await?;
        let freeze = Self { client, halves, reason: Reason::new(WHO, WHY) };
        freeze.lift_all().await?;
        Ok(Some(freeze))
    }

    /// Freezes the client, looks that nobody gets a share, and thaws it, whatever was seen.
    ///
    /// # Errors
    /// Who gets a share; and what AWS refuses.
    pub async fn play(&self, story: &Story<'_>, report: &Report) -> Result<(), Stopped> {
        report.act("An operator freezes the client, and thaws it");
        let stop = self.reason.stop(Held::Everything)?;
        for rows in &self.halves {
            hold_back(rows, &self.client, &stop).await?;
        }
        report.aside(&format!("{} is frozen (stop {})", self.client, stop.id));
        let seen = story.is_frozen().await;
        self.lift_all().await?;
        seen?;
        report.aside(&format!("{} is thawed", self.client));
        story.keeps_everything().await?;
        Ok(())
    }

    async fn lift_all(&self) -> Result<(), Failed> {
        for rows in &self.halves {
            let stops: Vec<Stop> = rows.all_stops(&self.client).await?;
            for stop in freezes(&stops) {
                lift(rows, &self.client, stop, &self.reason).await?;
            }
        }
        Ok(())
    }
}
