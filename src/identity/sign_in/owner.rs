//! How does whoever started this gateway sign in for the first time?
//!
//! By a link that is printed where it was started and nowhere else, works once, and not for long. It is in no file: what
//! runs under the same login can read every file of that login, and must not become its owner by that.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{SignInError, later};
use crate::call::caller::{Caller, Proof};
use crate::clock::{Timestamp, chance};
use crate::digest::{Digest, hex};
use crate::store::once::Once;
use crate::store::{Store, StoreError};

/// How long a link works.
pub const LASTS: Duration = Duration::from_mins(15);

const KIND: &str = "owner";

/// The secret of a link that signs the owner in. Those that were made before it stop working.
pub async fn invite(store: &Store, now: Timestamp) -> Result<Zeroizing<String>, SignInError> {
    let secret = Zeroizing::new(hex(&*Zeroizing::new(chance::<16>()?)));
    store.drop_once(KIND).await?;
    store.put_once(Once { name: name(&secret), kind: KIND, ends: later(now, LASTS), body: "" }).await?;
    Ok(secret)
}

/// The owner, for whoever brings the secret of a link. It works no more after that.
pub async fn accept(store: &Store, secret: &str, now: Timestamp) -> Result<Option<Caller>, StoreError> {
    Ok(store.take_once(name(secret), KIND, now).await?.map(|_| owner()))
}

/// Whoever runs this process, as a person at a browser.
pub fn owner() -> Caller {
    let caller = crate::identity::local::caller();
    let uid = if let Proof::Os { uid } = caller.proof { uid } else { u32::MAX };
    Caller { proof: Proof::Owner { uid }, ..caller }
}

fn name(secret: &str) -> Digest {
    Digest::of_bytes("owner's link", secret.as_bytes())
}
