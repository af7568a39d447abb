//! How does a report lie in the folder beside the database?
//!
//! As it would come over HTTP: what a device signed, byte for byte, with the three headers of Standard Webhooks beside it. So
//! a folder somebody else can write to is worth no more than a network somebody else can write to.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde::{Deserialize, Serialize};

/// The header that names the device which signed.
pub const DEVICE: &str = "countersign-device";

/// A signed report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The device.
    pub device: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub time: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The report, as it was signed.
    pub body: String,
}

impl Envelope {
    /// From its text.
    pub fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// As a text.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The id of the device with this public key. Both ends make the same one, so nothing but the key has to be carried over.
pub fn device_id(public: &str) -> String {
    let named = crate::digest::Digest::of_bytes("device", public.as_bytes());
    crate::digest::hex(named.as_bytes()).chars().take(12).collect()
}
