//! What an operator holds back.

use backup_shares::{
    ids::ClientId,
    slot::Kind,
    stop::{Held, Lifted, Made, Span, Stop, StopId},
    table::Table,
};

use crate::support::{
    half::{CLIENTS, Half},
    system::System,
};

/// Who stops, when and why.
pub fn made() -> Made {
    Made {
        by: "arn:aws:sts::000000000000:assumed-role/operator/ada".into(),
        at: 1_795_339_800_000,
        why: "a call".into(),
    }
}

/// All shares of a span of times, of a method if one is named.
pub fn span(from: u64, to: u64, method: Option<&str>) -> Held {
    let method = method.map(|method| backup_shares::ids::Method::parse(method).unwrap());
    Held::Span(Span { from, to, method })
}

impl System {
    /// A half's table, as operators use it.
    pub fn operators_table(&self, half: Half) -> Table {
        let kind = if half == CLIENTS { Kind::Client } else { Kind::Custodian };
        Table::new(self.aws.dynamodb.clone(), self.table(half.stores).into(), kind)
    }

    /// Holds something of a client back.
    pub async fn hold(&self, half: Half, client: &str, held: Held) -> Stop {
        let stop = Stop { id: StopId::random().unwrap(), held, made: Some(made()), lifted: Lifted::No };
        self.operators_table(half).hold_back(&id(client), &stop).await.unwrap();
        stop
    }

    /// Lifts a stop.
    pub async fn lift(&self, half: Half, client: &str, stop: &Stop) {
        self.operators_table(half).lift(&id(client), stop, &made()).await.unwrap();
    }
}

fn id(client: &str) -> ClientId {
    ClientId::parse(client).unwrap()
}
