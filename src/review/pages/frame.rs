//! What stands round every page?

use std::borrow::Borrow;
use std::sync::LazyLock;

use super::needs::Tab;
use crate::approval::vote::Voter;
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};

/// Something that is part of every page, and comes from nowhere else.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    stem: &'static str,
    extension: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Itself.
    pub text: &'static str,
}

/// All of them.
pub static ASSETS: [Asset; 3] = [
    Asset { stem: "style", extension: "css", kind: "text/css; charset=utf-8", text: include_str!("style.css") },
    Asset { stem: "script", extension: "js", kind: "text/javascript; charset=utf-8", text: include_str!("script.js") },
    Asset { stem: "icon", extension: "svg", kind: "image/svg+xml", text: include_str!("icon.svg") },
];

static NAMES: LazyLock<[String; 3]> = LazyLock::new(|| ASSETS.each_ref().map(Asset::make_name));

/// What every page knows.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Lets this page's own style and script in, and no other.
    pub nonce: String,
    /// Who is signed in.
    pub me: Option<Me>,
    /// Which part of the pages this is.
    pub here: &'static str,
    /// What time it is.
    pub now: Timestamp,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Me {
    /// The person.
    pub person: String,
    /// What every form of this browser carries.
    pub form_token: String,
    /// Where they may go.
    pub tabs: Vec<Tab>,
    /// How many grants are open that they may see.
    pub grants: u64,
    /// Channels that do not take messages, for those who look after them.
    pub failing: Vec<String>,
}

/// A moment, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When(pub Timestamp);

impl Frame {
    /// The addresses of style, script and icon.
    pub fn asset(&self, place: usize) -> &'static str {
        NAMES.get(place).map_or("", String::as_str)
    }

    /// What a form carries; nothing where nobody is signed in.
    pub fn form_token(&self) -> &str {
        self.me.as_ref().map_or("", |me| &me.form_token)
    }
}

impl Me {
    /// Of somebody who is signed in.
    pub fn of(voter: &Voter, form_token: &str, (grants, failing): (u64, &[String])) -> Self {
        let tabs = Tab::all(voter);
        let failing = if tabs.iter().any(|tab| tab.here == "channels") { failing.to_vec() } else { Vec::new() };
        Self { person: voter.person.clone(), form_token: form_token.to_owned(), tabs, grants, failing }
    }
}

impl When {
    /// For programs.
    pub fn machine(self) -> String {
        self.0.to_string()
    }

    /// To the second, in UTC.
    pub fn words(self) -> String {
        match jiff::Timestamp::from_second(self.0.seconds()) {
            Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            Err(_) => "at no time".to_owned(),
        }
    }

    /// How far from another moment, in the largest unit that says enough.
    pub fn from(self, other: impl Borrow<Timestamp>) -> String {
        let seconds = self.0.seconds().saturating_sub(other.borrow().seconds()).unsigned_abs();
        match seconds {
            0..=119 => format!("{seconds} s"),
            120..=7199 => format!("{} min", seconds / 60),
            7200..=172_799 => format!("{} h", seconds / 3600),
            _ => format!("{} d", seconds / 86_400),
        }
    }
}

impl Asset {
    /// Whether this is its name, digest and all; a page that is older than the program asks for another.
    pub fn is_named(&self, name: &str) -> bool {
        let place = ASSETS.iter().position(|asset| asset == self);
        place.and_then(|place| NAMES.get(place)).and_then(|full| full.strip_prefix("/assets/")) == Some(name)
    }

    fn make_name(&self) -> String {
        let digest = hex(Digest::of_bytes("asset", self.text.as_bytes()).as_bytes());
        format!("/assets/{}-{}.{}", self.stem, digest.get(..12).unwrap_or_default(), self.extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_unit_that_says_enough() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(When(at(1_763_780_000)).words(), "2025-11-22 02:53:20 UTC");
        for (seconds, words) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (-900, "15 min"), (7200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(When(at(seconds)).from(at(0)), words);
        }
    }

    #[test]
    fn an_asset_is_found_by_its_whole_name() {
        for (asset, name) in ASSETS.iter().zip(NAMES.iter()) {
            let name = name.strip_prefix("/assets/").unwrap();
            assert!(asset.is_named(name));
            assert!(!asset.is_named(&name.replace('-', "-0")));
        }
    }
}
