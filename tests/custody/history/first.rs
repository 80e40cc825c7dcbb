//! A client's first shares, which nobody can hide (docs/contract.md, "Webhook").

use super::ledger::{Ledger, Row};

/// Most shares that a fetch answers with.
pub const MAX_SHARES: usize = 128;

/// Most bytes that they take in its answer.
const MAX_BYTES: usize = 5_000_000;

/// Bytes that a share takes in an answer: a JSON string in the body, which is a JSON string in Lambda's answer, and a
/// comma.
pub fn room(share: &str) -> usize {
    let string = |text: &str| serde_json::to_string(text).unwrap();
    string(&string(share)).len() - 2 + 1
}

/// Whether an answer has no room for another share of this client, as large as the largest.
pub fn is_full(shares: &[String], ledger: &Ledger) -> bool {
    let room = |share: &String| ledger.rows_of(share).next().map_or(0, |(_, row)| row.room);
    let largest = ledger.rows.iter().map(|row| row.room).max().unwrap_or_default();
    shares.len() >= MAX_SHARES || shares.iter().map(room).sum::<usize>() + largest > MAX_BYTES
}

/// The rows that are in the half of an answer that belongs to the oldest, by their indices: with all that may have been
/// sealed before it, such a row fits into that half.
pub fn first(rows: &[Row]) -> Vec<usize> {
    let is_first = |index: &usize| {
        let (_, end) = rows[*index].sealed();
        let before = rows.iter().enumerate().filter(|(other, row)| other == index || row.sealed().0 < end);
        let rooms: Vec<usize> = before.map(|(_, row)| row.room).collect();
        rooms.len() <= MAX_SHARES / 2 && rooms.iter().sum::<usize>() <= MAX_BYTES / 2
    };
    (0..rows.len()).filter(is_first).collect()
}
