//! What is known of the things calls touch, and under which name?

use crate::digest::Digest;
use crate::facts::resource::Catalogue;

/// The catalogue in force.
#[derive(Debug, Default)]
pub struct Known {
    /// What it says.
    pub catalogue: Catalogue,
    /// Names it; nothing when there is none.
    pub digest: Option<Digest>,
}
