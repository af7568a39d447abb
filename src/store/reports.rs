//! What did hooks report?
//!
//! For a while: prompts are words of people, and longer than calls are asked about nobody needs them. A report that comes
//! twice is kept once, by the id under which it was signed.

use super::devices::principals_of;
use super::pool::{reading, storable, writing};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::intent::join::{Prompted, Reported};
use crate::intent::report::{Report, Told};

/// A report as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptReport<'a> {
    /// Names it: the same one is kept once.
    pub id: &'a str,
    /// Whoever reported it: a device's id, or the principal of a caller.
    pub by: &'a str,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub report: &'a Report,
    /// The words of a prompt that may be kept.
    pub words: Option<&'a str>,
}

const ADD_PROMPT: &str = "
INSERT INTO prompt (id, at, reporter, client, session, turn, model, digest, words)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";

const ADD_USE: &str = "
INSERT INTO tool_use (id, at, reporter, client, session, turn, model, use_id, tool, arguments)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING";

const USES_BY_ID: &str = "
SELECT tool_use.id, reporter, name, principals, client, session, turn, model, use_id, tool, arguments, at
FROM tool_use LEFT JOIN device ON device.id = reporter
WHERE use_id = $1 AND revoked IS NULL ORDER BY at DESC LIMIT 32";

const USES_ALIKE: &str = "
SELECT tool_use.id, reporter, name, principals, client, session, turn, model, use_id, tool, arguments, at
FROM tool_use LEFT JOIN device ON device.id = reporter
WHERE arguments = $1 AND at >= $2 AND revoked IS NULL ORDER BY at DESC LIMIT 32";

const PROMPTS: &str = "
SELECT turn, digest, at FROM prompt
WHERE reporter = $1 AND client = $2 AND session = $3 AND at <= $4 ORDER BY at DESC, id DESC LIMIT 32";

const WORDS: &str = "SELECT words FROM prompt WHERE digest = $1 AND words IS NOT NULL ORDER BY at DESC LIMIT 1";

const SWEEP_PROMPTS: &str = "DELETE FROM prompt WHERE at < $1";

const SWEEP_USES: &str = "DELETE FROM tool_use WHERE at < $1";

type Maybe = Option<String>;
type UseRow = (String, String, Maybe, Maybe, String, String, Maybe, Maybe, Maybe, String, String, i64);

impl Store {
    /// Keeps a report. False when it was there.
    pub async fn keep_report(&self, kept: KeptReport<'_>) -> Result<bool, StoreError> {
        let KeptReport { id, by, at, report, words } = kept;
        let Report { client, session, turn, model, told, .. } = report;
        let texts = [Some(id), Some(by), Some(client), Some(session), turn.as_deref(), model.as_deref(), words];
        for text in texts.into_iter().flatten() {
            storable(text, "the report")?;
        }
        let done = match told {
            Told::Prompt { digest, .. } => {
                let digest = digest.to_string();
                writing!(self.pool(), db => sqlx::query(ADD_PROMPT)
                    .bind(id).bind(at.micros()).bind(by).bind(client).bind(session).bind(turn).bind(model)
                    .bind(&digest).bind(words)
                    .execute(db).await.map(|done| done.rows_affected()))?
            }
            Told::ToolUse { id: use_id, tool, arguments } => {
                let arguments = arguments.to_string();
                storable(tool, "the report")?;
                writing!(self.pool(), db => sqlx::query(ADD_USE)
                    .bind(id).bind(at.micros()).bind(by).bind(client).bind(session).bind(turn).bind(model)
                    .bind(use_id).bind(tool).bind(&arguments)
                    .execute(db).await.map(|done| done.rows_affected()))?
            }
        };
        self.appender().wrote();
        Ok(done > 0)
    }

    /// Uses of tools that were reported under this id, newest first.
    pub async fn uses_by_id(&self, use_id: &str) -> Result<Vec<Reported>, StoreError> {
        if use_id.contains('\0') {
            return Ok(Vec::new());
        }
        let rows: Vec<UseRow> =
            reading!(self.pool(), db => sqlx::query_as(USES_BY_ID).bind(use_id).fetch_all(db).await)?;
        rows.into_iter().map(read).collect()
    }

    /// Uses of tools with these arguments that were reported since, newest first.
    pub async fn uses_alike(&self, arguments: Digest, since: Timestamp) -> Result<Vec<Reported>, StoreError> {
        let arguments = arguments.to_string();
        let rows: Vec<UseRow> = reading!(self.pool(), db => {
            sqlx::query_as(USES_ALIKE).bind(&arguments).bind(since.micros()).fetch_all(db).await
        })?;
        rows.into_iter().map(read).collect()
    }

    /// The prompts of the conversation of this use of a tool, up to then, newest first.
    pub async fn prompts_before(&self, tool_use: &Reported) -> Result<Vec<Prompted>, StoreError> {
        let Reported { by, client, session, at, .. } = tool_use;
        let rows: Vec<(Option<String>, String, i64)> = reading!(self.pool(), db => {
            sqlx::query_as(PROMPTS).bind(by).bind(client).bind(session).bind(at.micros()).fetch_all(db).await
        })?;
        let prompt = |(turn, digest, at): (Option<String>, String, i64)| {
            let digest = Digest::parse(&digest).ok_or_else(|| StoreError::Unreadable("a prompt".to_owned()))?;
            Ok(Prompted { turn, digest, at: Timestamp::from_micros(at) })
        };
        rows.into_iter().map(prompt).collect()
    }

    /// The words of the prompt with this digest, while they are kept.
    pub async fn words_of(&self, digest: &str) -> Result<Option<String>, StoreError> {
        if digest.contains('\0') {
            return Ok(None);
        }
        let words: Option<Option<String>> =
            reading!(self.pool(), db => sqlx::query_scalar(WORDS).bind(digest).fetch_optional(db).await)?;
        Ok(words.flatten())
    }

    /// Forgets what was reported before, and says how much that was.
    pub async fn sweep_reports(&self, before: Timestamp) -> Result<u64, StoreError> {
        let prompts = self.forget(SWEEP_PROMPTS, before).await?;
        Ok(self.forget(SWEEP_USES, before).await?.saturating_add(prompts))
    }
}

fn read(row: UseRow) -> Result<Reported, StoreError> {
    let (id, reporter, name, principals, client, session, turn, model, use_id, tool, arguments, at) = row;
    let principals = principals.map(|text| principals_of(&reporter, &text)).transpose()?.unwrap_or_default();
    let arguments = Digest::parse(&arguments).ok_or_else(|| StoreError::Unreadable(format!("the report {id}")))?;
    Ok(Reported {
        by: reporter,
        device: name,
        principals,
        client,
        session,
        turn,
        model,
        tool_use: use_id,
        tool,
        arguments,
        at: Timestamp::from_micros(at),
    })
}
