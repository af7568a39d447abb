//! Does every database keep what it promises? One list of promises, each database run through all of it.
//!
//! SQLite always runs. Postgres runs when `COUNTERSIGN_TEST_POSTGRES` holds the address of a server on which databases
//! may be made, and `COUNTERSIGN_TEST_PROXIES` those of proxies in front of it that pool transactions; without them those
//! tests do not exist, and `tests/run.sh` makes sure that they do. This executable is also
//! the writer that is killed, when it is started with `COUNTERSIGN_WRITER` in its environment, and the one whose writes
//! fail, when it is started with `COUNTERSIGN_LIMITED`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

mod approvals;
mod collide;
mod crash;
mod deliveries;
mod fault;
mod grants;
mod late;
mod leases;
mod limits;
mod log;
mod passkeys;
mod place;
mod postgres;
mod proxy;
mod race;
mod reports;
mod retention;
mod roles;
mod sign_ins;
mod sinks;
mod sqlite;
mod store;
mod tampering;
mod tasks;
mod tickets;
mod token_keys;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use place::{Database, Place};

/// One promise, asked of a fresh database.
type Promise = fn(Arc<Place>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The list of a file: names from the functions themselves.
macro_rules! promises {
    ($($name:ident),* $(,)?) => {
        pub(crate) const PROMISES: &[(&str, crate::Promise)] = &[$((stringify!($name), |place| Box::pin($name(place)))),*];
    };
}
pub(crate) use promises;

fn main() {
    if std::env::var_os("COUNTERSIGN_WRITER").is_some() {
        crash::write();
        return;
    }
    if std::env::var_os("COUNTERSIGN_LIMITED").is_some() {
        fault::write();
        return;
    }
    let mut trials = Vec::new();
    let both: Vec<_> = approvals::PROMISES
        .iter()
        .chain(grants::PROMISES)
        .chain(store::PROMISES)
        .chain(tickets::PROMISES)
        .chain(sign_ins::PROMISES)
        .chain(sinks::PROMISES)
        .chain(passkeys::PROMISES)
        .chain(reports::PROMISES)
        .chain(deliveries::PROMISES)
        .chain(tasks::PROMISES)
        .chain(limits::PROMISES)
        .chain(token_keys::PROMISES)
        .chain(crash::PROMISES)
        .chain(race::PROMISES)
        .chain(log::PROMISES)
        .chain(leases::PROMISES)
        .chain(retention::PROMISES)
        .collect();
    for (name, promise) in
        both.iter().copied().chain(sqlite::PROMISES).chain(fault::PROMISES).chain(tampering::PROMISES)
    {
        trials.push(Trial::test(format!("sqlite::{name}"), || ask(Database::Sqlite, *promise)));
    }
    if place::postgres().is_some() {
        for (name, promise) in both
            .iter()
            .copied()
            .chain(postgres::PROMISES)
            .chain(collide::PROMISES)
            .chain(late::PROMISES)
            .chain(roles::PROMISES)
        {
            trials.push(Trial::test(format!("postgres::{name}"), || ask(Database::Postgres, *promise)));
        }
    }
    if !place::proxies().is_empty() {
        for (name, promise) in proxy::PROMISES {
            trials.push(Trial::test(format!("postgres::proxy::{name}"), || ask(Database::Postgres, *promise)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn ask(database: Database, promise: Promise) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let most = Duration::from_mins(1).max(race::patience()).max(tampering::patience());
    runtime.block_on(async {
        let place = Arc::new(Place::make(database).await);
        let kept = tokio::time::timeout(most, promise(Arc::clone(&place))).await;
        place.remove().await;
        kept.map_err(|_| Failed::from("it did not end in time"))
    })
}
