//! Which questions of modern servers wait for an answer, whichever gateway passed them on?
//!
//! A row is named by a digest of its ticket and holds the server's state sealed under a key that only the ticket gives
//! (see `gateway::rounds`): who reads the database, a backup or a replica can neither come back with a ticket nor read
//! what it stands for.
//!
//! A ticket is taken by the one statement that removes it, so of two who come at the same time, at one gateway or at
//! two, one gets it. That removal is as durable as any other write: with `durability = "process"`, a database that loses
//! power may know a ticket again that was taken less than a second before.

use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A ticket as the store keeps it.
#[derive(Clone, Copy, Debug)]
pub struct KeptTicket<'a> {
    /// The digest of the ticket, never the ticket.
    pub name: Digest,
    /// Whom it was given to.
    pub principal: &'a str,
    /// The request it belongs to, and whose and where that was.
    pub request: Digest,
    /// When it stops working.
    pub expires: Timestamp,
    /// What it stands for, sealed.
    pub state: &'a [u8],
}

/// What keeping a ticket came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// It is kept.
    Found,
    /// The caller has as many open tickets as one may have; nothing was changed.
    Full,
}

/// Every caller has so many places, and the database lets nobody sit on another's: that is the limit, also for
/// gateways that ask at the same time. A free one is picked by chance, so that they rarely pick the same.
const PUT: &str = "
WITH RECURSIVE free (place) AS (
    SELECT CAST(1 AS BIGINT) UNION ALL SELECT place + 1 FROM free WHERE place < $7)
INSERT INTO ticket (name, principal, place, request, expires, state)
SELECT $1, $2, free.place, $3, $4, $5 FROM free
WHERE NOT EXISTS (SELECT 1 FROM ticket AS kept
    WHERE kept.principal = $2 AND kept.place = free.place AND kept.expires > $6)
ORDER BY random() LIMIT 1
ON CONFLICT (principal, place) DO UPDATE SET name = excluded.name, request = excluded.request,
    expires = excluded.expires, state = excluded.state
WHERE ticket.expires <= $6";

const COUNT: &str = "SELECT COUNT(*) FROM ticket WHERE principal = $1 AND expires > $2";

const TAKE: &str = "DELETE FROM ticket WHERE name = $1 AND request = $2 AND expires > $3 RETURNING state";

const SWEEP: &str = "DELETE FROM ticket WHERE expires <= $1";

impl Store {
    /// Keeps a ticket, if the caller has fewer than `most` open ones.
    pub async fn put_ticket(&self, ticket: KeptTicket<'_>, most: u32, now: Timestamp) -> Result<Room, StoreError> {
        let KeptTicket { name, principal, request, expires, state } = ticket;
        storable(principal, "the caller's name")?;
        let (name, request) = (name.to_string(), request.to_string());
        // Whoever loses a place to another gateway looks for the next one; it cannot lose more places than there are.
        for _ in 0..most {
            let done = writing!(self.pool(), db => sqlx::query(PUT)
                .bind(&name).bind(principal).bind(&request).bind(expires.micros()).bind(state)
                .bind(now.micros()).bind(i64::from(most))
                .execute(db).await.map(|done| done.rows_affected()))?;
            if done > 0 {
                self.appender().wrote();
                return Ok(Room::Found);
            }
            let open: i64 = reading!(self.pool(), db => {
                sqlx::query_scalar(COUNT).bind(principal).bind(now.micros()).fetch_one(db).await
            })?;
            if open >= i64::from(most) {
                break;
            }
        }
        Ok(Room::Full)
    }

    /// Takes what a ticket stands for, once. Nothing when there is no such ticket for this request, or no more; one that
    /// does not fit stays for the one it belongs to.
    pub async fn take_ticket(
        &self,
        name: Digest,
        request: Digest,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (name, request) = (name.to_string(), request.to_string());
        let state: Option<Vec<u8>> = writing!(self.pool(), db => {
            sqlx::query_scalar(TAKE).bind(&name).bind(&request).bind(now.micros()).fetch_optional(db).await
        })?;
        if state.is_some() {
            self.appender().wrote();
        }
        Ok(state)
    }

    /// Drops tickets that have expired, and says how many.
    pub async fn sweep_tickets(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.forget(SWEEP, now).await
    }
}
