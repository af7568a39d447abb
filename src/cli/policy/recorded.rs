//! Which input does the record hold for this call?

use std::collections::BTreeSet;

use super::super::exit::Exit;
use super::super::{Global, runtime};
use crate::policy::input::Input;
use crate::replay::history;
use crate::store::{Store, StoreOptions};

/// Whether a word looks like the beginning of a call's id rather than like a file.
pub(super) fn is_call(word: &str) -> bool {
    word.len() >= 8 && word.chars().all(|letter| letter == '-' || matches!(letter, '0'..='9' | 'a'..='f'))
}

/// What was judged when the call whose id begins like this was decided last.
pub(super) fn input(call: &str, global: &Global) -> anyhow::Result<Input> {
    let options = StoreOptions::from(&global.store()?);
    let decisions = runtime()?.block_on(async {
        let store = Store::open_reader(&options).await?;
        history::decisions(&store, call).await.map_err(anyhow::Error::from)
    })?;
    let calls: BTreeSet<&str> = decisions.iter().map(|past| past.call.as_str()).collect();
    if calls.len() > 1 {
        let some: Vec<&str> = calls.into_iter().take(5).collect();
        let text = format!("several calls begin with {call}, such as {}; give more of the id", some.join(", "));
        return Err(Exit::Usage.error(text));
    }
    let Some(past) = decisions.into_iter().next_back() else {
        let text = format!("no decided call begins with {call}; see countersign log tail --event decided");
        return Err(Exit::NotFound.error(text));
    };
    past.input.map_err(|gap| Exit::Failed.error(format!("the call {} cannot be judged again: {gap}", past.call)))
}
