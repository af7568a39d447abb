//! Which texts do entries name, and what do they say?
//!
//! The same text is kept once, whoever names it. Appending keeps the texts of its lines by itself; what no line names yet,
//! such as the policies about to judge, is kept by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::policy::kept::Kept;

/// One text. What is there already is the same.
pub(super) const KEEP: &str = "INSERT INTO part (name, body) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

const FIND: &str = "SELECT body FROM part WHERE name = $1";

/// More names than this are not remembered as kept: keeping again does no harm.
const MOST: usize = 65_536;

impl Store {
    /// Keeps texts.
    pub async fn keep(&self, texts: &[Kept]) -> Result<(), StoreError> {
        for text in texts {
            // What cannot be stored in one database is stored in none.
            storable(text.body(), "a kept text")?;
            writing!(self.pool(), db =>
                sqlx::query(KEEP).bind(text.name()).bind(text.body()).execute(db).await.map(drop))?;
        }
        self.appender().wrote();
        Ok(())
    }

    /// The texts of these names, as far as they are there.
    pub async fn kept(&self, names: &[&str]) -> Result<BTreeMap<String, String>, StoreError> {
        let mut found = BTreeMap::new();
        for name in names.iter().filter(|name| !name.contains('\0')) {
            let row: Option<(String,)> =
                reading!(self.pool(), db => sqlx::query_as(FIND).bind(*name).fetch_optional(db).await)?;
            if let Some((body,)) = row {
                found.insert((*name).to_owned(), body);
            }
        }
        Ok(found)
    }
}

/// The texts one process knows to be kept, so that a line which names them costs nothing more.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeSet<Kept>);

impl Known {
    /// Those that still have to be kept, each once, in an order all writers share so that no two wait for each other.
    pub(super) fn lacking<'a>(&self, texts: impl Iterator<Item = &'a Kept>) -> BTreeSet<&'a Kept> {
        texts.filter(|text| !self.0.contains(*text)).collect()
    }

    /// They are.
    pub(super) fn learn(&mut self, texts: BTreeSet<&Kept>) {
        if self.0.len() > MOST {
            self.0.clear();
        }
        self.0.extend(texts.into_iter().cloned());
    }
}
