//! What both halves do alike: seal a share into a row, and open a row into its share.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{error::Unspecified, rand};

use crate::{
    aws::Aws,
    config::SharesConfig,
    envelope::{self, Binding, Envelope, Freshness},
    error::{Error, Result},
    kms::Kms,
    log,
    share::{Kind, Share, Slot},
    table::{Listed, Row, Table},
};

/// One half's table and keys.
pub struct Vault {
    pub table: Table,
    kms: Kms,
}

impl Vault {
    pub fn new(kind: Kind, aws: &Aws, config: SharesConfig) -> Self {
        Self {
            table: Table::new(aws.dynamodb.clone(), config.table, kind),
            kms: Kms::new(aws.kms.clone(), config.keys),
        }
    }

    /// Seals a share and inserts its row: always `GenerateDataKey`, then one conditional `PutItem`.
    pub async fn store(&self, slot: Slot, share: &Share) -> Result<()> {
        let data_key = self.kms.new_data_key(&slot).await?;
        let stored_at = now()?;
        let binding = Binding { slot: &slot, stored_at };
        let sealed = envelope::seal(share, &binding, &data_key.plain, &data_key.wrapped, fresh()?)?;
        let digest = slot.digest(share);
        self.table.insert(Row { slot, digest, stored_at, key_id: data_key.key_id, sealed }).await
    }

    /// Opens a row: one `Decrypt`, whose encryption context names the client.
    ///
    /// # Errors
    /// [`Error::Tampered`] when the row is not what was stored.
    pub async fn open(&self, listed: Listed) -> Result<Share> {
        let (client, row_key) = (listed.slot.client.clone(), listed.row_key());
        let opened = self.opened(listed).await;
        if let Err(Error::Tampered(why)) = opened {
            log::tampered(&client, &row_key, why);
        }
        opened
    }

    async fn opened(&self, listed: Listed) -> Result<Share> {
        let row = self.table.read(listed).await?;
        let sealed = Envelope::parse(&row.sealed)?;
        let data_key = self.kms.unwrap(&row.slot, &row.key_id, sealed.wrapped_key()).await?;
        let share = sealed.open(&Binding { slot: &row.slot, stored_at: row.stored_at }, &data_key)?;
        if row.slot.digest(&share) == row.digest {
            Ok(share)
        } else {
            Err(Error::Tampered("the row's key bears another share's digest"))
        }
    }
}

fn fresh() -> Result<Freshness> {
    let mut fresh = Freshness { salt: [0; _], nonce: [0; _] };
    let filled = rand::fill(&mut fresh.salt).and_then(|()| rand::fill(&mut fresh.nonce));
    filled.map_err(|Unspecified| Error::Internal("the random number generator failed"))?;
    Ok(fresh)
}

/// Milliseconds since 1970. Two shares that one process seals never bear the same time, so that the later one is
/// the newer one.
fn now() -> Result<u64> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let clock = since_1970.and_then(|since| u64::try_from(since.as_millis()).ok());
    let clock = clock.ok_or(Error::Internal("the host's clock is unset"))?;
    let last = LAST.fetch_max(clock, Ordering::Relaxed);
    if last < clock { Ok(clock) } else { Ok(LAST.fetch_add(1, Ordering::Relaxed) + 1) }
}
