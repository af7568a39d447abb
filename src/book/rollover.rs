//! How does a log end whose database is lost, and the next one begin?

use std::sync::Arc;

use super::memory::Remembered;
use super::{BookError, BookKeeper};
use crate::audit::entry::{Event, Operated};
use crate::clock::SystemClock;
use crate::gateway::recorder::Recorder;
use crate::store::Store;
use crate::store::append::AppendError;

/// The name of the log after this one.
fn next(origin: &str) -> String {
    let numbered = origin.rsplit_once("/from-").and_then(|(name, number)| Some((name, number.parse::<u64>().ok()?)));
    match numbered {
        Some((name, number)) => format!("{name}/from-{}", number.saturating_add(1)),
        None => format!("{origin}/from-2"),
    }
}

/// Ends the log for good and begins another, with the entries that are there: under another name and another key, so that
/// nobody ever holds two checkpoints of one log that do not fit. Its first new entry says what was signed last, who did this
/// and why.
pub async fn roll_over(store: &Store, (by, reason): (&str, &str)) -> Result<String, BookError> {
    let head = store.log_head().await?;
    let remembered = Remembered::of(store);
    let last = remembered.read()?.unwrap_or_else(|| "no checkpoint".to_owned());
    let origin = next(&head.origin);
    let keys = store.keys();
    let key = keys.prepare(&origin)?;
    store.add_log_key(0, &origin, &key.verifier().to_string()).await?;
    store.rename_log(&origin).await?;
    keys.change(key)?;
    remembered.forget()?;
    let detail = format!(
        "{by} ended the log {} with the {} entries the database held, and went on with {origin}: {reason}. Signed last: {}",
        head.origin,
        head.size,
        last.replace('\n', " / ")
    );
    let event = Event::Operated(Operated { what: "rolled_over", detail });
    let written = Recorder::note(store, None, event).await;
    written.map_err(|error| AppendError::Broken(error.to_string()))?;
    BookKeeper::open(store.clone(), Arc::new(SystemClock)).await?.finish().await?;
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_log_has_a_name_of_its_own() {
        assert_eq!(next("example.org/log"), "example.org/log/from-2");
        assert_eq!(next("example.org/log/from-2"), "example.org/log/from-3");
        assert_eq!(next("example.org/from-x"), "example.org/from-x/from-2");
    }
}
