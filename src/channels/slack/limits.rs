//! How much does Slack take?
//!
//! Lengths are in UTF-16 units, which is the most anybody counts. What Slack documents stands beside what we keep to because
//! of what people report: blocks of about 13,000 characters are refused without a documented reason.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

/// Blocks of a message.
pub const BLOCKS: usize = 50;
/// Blocks of a modal.
pub const MODAL_BLOCKS: usize = 100;
/// The text of a header.
pub const HEADER: usize = 150;
/// The text of a section; we keep to it for every text we show.
pub const SECTION: usize = 3000;
/// Fields of a section.
pub const FIELDS: usize = 10;
/// The text of a field.
pub const FIELD: usize = 2000;
/// Elements of a context block.
pub const CONTEXT: usize = 10;
/// Elements of an actions block.
pub const ACTIONS: usize = 25;
/// The text of a button.
pub const BUTTON: usize = 75;
/// The value of a button.
pub const VALUE: usize = 2000;
/// An address behind a button or a link.
pub const ADDRESS: usize = 3000;
/// `action_id` and `block_id`.
pub const ID: usize = 255;
/// The title of a modal, and the texts of its buttons.
pub const TITLE: usize = 24;
/// What a modal keeps for whoever made it.
pub const METADATA: usize = 3000;
/// What can be typed into an input.
pub const INPUT: usize = 3000;
/// The label of an input and its hint.
pub const LABEL: usize = 2000;
/// All blocks of one message together, as JSON.
pub const CARD: usize = 8000;
/// One payload that comes from Slack.
pub const PAYLOAD: usize = 512 << 10;

/// How long a text is for Slack.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
