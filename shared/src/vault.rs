//! What both halves do alike: seal a share and store it, and open what is stored.

use std::collections::btree_map::Entry;

use aws_lc_rs::{error::Unspecified, rand};

use crate::{
    aws::Aws,
    clock::{is_ahead, sealing_time},
    config::SharesConfig,
    envelope::{self, Binding, Envelope, Freshness},
    error::{Error, Result},
    ids::{ClientId, Method, PairId},
    kms::Kms,
    log,
    row_key::{TimeKey, share_key},
    share::Share,
    slot::{Kind, Slot},
    table::{Found, ShareRow, Table, TimeRow},
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

    /// Seals a share and stores it by three calls, one after the other: `GenerateDataKey`, the share's row, its time row.
    /// Each is there for good before the next is made, so that whatever dies in between, a repetition completes it.
    ///
    /// The vault alone makes slots of what callers name, so that nobody can mix the halves.
    pub async fn store(
        &self,
        client: ClientId,
        method: Method,
        pair: Option<PairId>,
        share: &Share,
    ) -> Result<()> {
        let slot = Slot { kind: self.table.kind(), client, method, pair };
        let (row, date) = self.seal(slot, share).await?;
        let is_new = self.table.insert_share(&row).await?;
        log::repeated(!is_new);
        let key = if is_new { row.time_key() } else { self.time_of_the_row_there(&row, date).await? };
        if self.table.insert_time(&row.slot, &key).await? {
            log::stored();
            return Ok(());
        }
        self.check_time_row(&row.slot, &key).await
    }

    /// The row of a share, sealed under a data key that is gone when this returns; and when KMS made that.
    async fn seal(&self, slot: Slot, share: &Share) -> Result<(ShareRow, u64)> {
        let data_key = self.kms.new_data_key(&slot).await?;
        let at = sealing_time(data_key.date)?;
        let binding = Binding { slot: &slot, stored_at: at };
        let sealed = envelope::seal(share, &binding, &data_key.plain, &data_key.wrapped, fresh()?)?;
        let digest = slot.digest(share);
        Ok((ShareRow { slot, digest, at, key_id: data_key.key_id, sealed }, data_key.date))
    }

    /// The same share was stored before, or begun to be: its first time stays. To say that it is stored would be a lie
    /// if that row could not be opened.
    async fn time_of_the_row_there(&self, row: &ShareRow, date: u64) -> Result<TimeKey> {
        let there = self.table.share(&row.slot.client, &row.digest).await?.ok_or(Error::Removed)?;
        let accepted = there.map_err(Error::Tampered).and_then(|there| self.accept(&there, row, date));
        accepted.inspect_err(|error| log::never_opens(&row.slot.client, &share_key(&row.digest), error))
    }

    fn accept(&self, there: &ShareRow, row: &ShareRow, date: u64) -> Result<TimeKey> {
        Envelope::parse(&there.sealed)?;
        self.kms.key(&there.key_id)?;
        if there.slot != row.slot {
            return Err(Error::Tampered("it stands in another slot than its share was stored in"));
        }
        if is_ahead(there.at, date) {
            return Err(Error::Tampered("its time is yet to come"));
        }
        Ok(there.time_key())
    }

    async fn check_time_row(&self, slot: &Slot, key: &TimeKey) -> Result<()> {
        let there = self.table.time(&slot.client, key).await?.ok_or(Error::Removed)?;
        if there.slot.as_ref().is_some_and(|there| there.means(slot)) {
            return Ok(());
        }
        let error = Error::Tampered("its time row says another method or pair");
        log::never_opens(&slot.client, &there.row_key, &error);
        Err(error)
    }

    /// Reads the share that a time row stands for. The two have to say the same, so that no share is taken for a newer
    /// one than it is.
    ///
    /// # Errors
    /// Such that [`Error::is_of_the_row`] when the two are not what was stored.
    pub async fn read(&self, client: &ClientId, time: &TimeRow) -> Result<ShareRow> {
        let mut found = Found::new();
        if let Some(TimeKey { digest, .. }) = &time.key {
            let row = self.table.share(client, digest).await?;
            found.extend(row.map(|row| (digest.clone(), row)));
        }
        self.share_of(client, time, &mut found)
    }

    /// [`Vault::read`] for at most 100 at once, in as few calls as DynamoDB takes. In their order.
    ///
    /// # Errors
    /// When AWS does not answer. What is wrong with a row is that row's.
    pub async fn read_all(&self, client: &ClientId, times: &[TimeRow]) -> Result<Vec<Result<ShareRow>>> {
        let digests = times.iter().filter_map(|time| Some(&time.key.as_ref()?.digest));
        let mut found = self.table.shares(client, digests.collect()).await?;
        Ok(times.iter().map(|time| self.share_of(client, time, &mut found)).collect())
    }

    /// Takes the share that a time row stands for from what was found.
    fn share_of(&self, client: &ClientId, time: &TimeRow, found: &mut Found) -> Result<ShareRow> {
        let share = self.checked(time, found);
        share.inspect_err(|error| log::never_opens(client, &time.row_key, error))
    }

    fn checked(&self, time: &TimeRow, found: &mut Found) -> Result<ShareRow> {
        let TimeRow { key: Some(key), slot: Some(slot), .. } = time else {
            return Err(Error::Tampered("its time row can't be read"));
        };
        let Entry::Occupied(there) = found.entry(key.digest.clone()) else {
            return Err(Error::Tampered("its time row stands there without it"));
        };
        let row = there.get().as_ref().map_err(|wrong| Error::Tampered(wrong))?;
        if row.at != key.at || !row.slot.means(slot) {
            return Err(Error::Tampered("its time row says another time, method or pair"));
        }
        Envelope::parse(&row.sealed)?;
        self.kms.key(&row.key_id)?;
        // No other time row says the same of it.
        there.remove().map_err(Error::Tampered)
    }

    /// Opens a row: one `Decrypt`, whose encryption context names the client.
    ///
    /// # Errors
    /// Such that [`Error::is_of_the_row`] when the row is not what was stored.
    pub async fn open(&self, row: &ShareRow) -> Result<Share> {
        let opened = self.opened(row).await;
        opened
            .inspect(|_| log::opened())
            .inspect_err(|error| log::never_opens(&row.slot.client, &share_key(&row.digest), error))
    }

    async fn opened(&self, row: &ShareRow) -> Result<Share> {
        let sealed = Envelope::parse(&row.sealed)?;
        let data_key = self.kms.unwrap(&row.slot, &row.key_id, sealed.wrapped_key()).await?;
        let share = sealed.open(&Binding { slot: &row.slot, stored_at: row.at }, &data_key)?;
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
