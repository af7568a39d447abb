//! How is somebody shown the ways in?

use askama::Template;

use super::frame::Frame;

/// The ways in.
#[derive(Debug, Template)]
#[template(path = "sign_in.html", config = "src/review/pages/askama.toml")]
pub struct SignInPage {
    /// What stands round it.
    pub frame: Frame,
    /// Where to go after that.
    pub then: String,
    /// Identity providers: the address, and the name for people.
    pub providers: Vec<(String, String)>,
    /// Whether whoever started the gateway may come in by a link or a passkey.
    pub owner: bool,
}

/// The link that was printed where the gateway was started. Opening it uses nothing up.
#[derive(Debug, Template)]
#[template(path = "link.html", config = "src/review/pages/askama.toml")]
pub struct LinkPage {
    /// What stands round it.
    pub frame: Frame,
    /// What came with it.
    pub secret: String,
    /// Whom it signs in.
    pub login: String,
}
