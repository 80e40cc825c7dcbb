//! The embedded DynamoDB: its storage, and the tables that the template declares.

use std::path::Path;

use anyhow::{Context, Result};
use dynoxide::Database;
use serde_json::json;

use crate::template::Table;

/// Opens the database in a file, where an acknowledged write stays after a crash: `SQLite` in WAL mode with its
/// default `synchronous = FULL` syncs before each commit returns.
///
/// # Errors
/// When the file can't be written, or isn't such a database.
pub fn open(file: &Path) -> Result<Database> {
    let path = file.to_str().context("the data folder's name isn't UTF-8")?;
    Database::new(path).with_context(|| format!("the DynamoDB data in {path} can't be opened"))
}

/// Creates those of the tables that aren't there.
///
/// # Errors
/// When DynamoDB refuses one.
pub fn create_missing(database: &Database, tables: &[Table]) -> Result<()> {
    for table in tables {
        if database.get_table_metadata(&table.name)?.is_none() {
            let request = serde_json::from_value(request(table))
                .with_context(|| format!("table {} isn't one that DynamoDB knows", table.name))?;
            database
                .create_table(request)
                .with_context(|| format!("table {} can't be created", table.name))?;
        }
    }
    Ok(())
}

/// A `CreateTable` request.
fn request(table: &Table) -> serde_json::Value {
    json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": table.attribute_definitions,
        "KeySchema": table.key_schema,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Vec<Table> {
        let table = |name: &str| Table {
            logical_id: name.into(),
            name: name.into(),
            attribute_definitions: json!([{"AttributeName": "pk", "AttributeType": "S"}]),
            key_schema: json!([{"AttributeName": "pk", "KeyType": "HASH"}]),
        };
        vec![table("Client"), table("Custodian")]
    }

    #[test]
    fn tables_are_created_once_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dynamodb.sqlite");
        for _ in 0..2 {
            let database = open(&file).unwrap();
            create_missing(&database, &tables()).unwrap();
            assert_eq!(database.table_count().unwrap(), 2);
        }
    }
}
