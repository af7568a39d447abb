//! What stands in a letter?
//!
//! The same words twice: as plain text, and as HTML that holds nothing but text and addresses of ours. Words of the call are
//! made harmless before they come here; in HTML they are escaped besides. No picture, no style from elsewhere, nothing that
//! tells anybody that it was read. What would be sent stands in no letter.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::channels::message::{Matter, Message};
use crate::channels::notice::What;
use crate::channels::template::line::line;
use crate::channels::template::words::{self, SHORT};

/// Characters of a subject that are about the call.
const SUBJECT: usize = 90;

/// A letter. It may hold a link and its code, so that it is never printed.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "what is in it opens something")]
pub struct Letter {
    /// Its subject, on one line.
    pub subject: String,
    /// Its words.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Where a letter leads for one call.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub enum Way {
    /// Nowhere.
    None,
    /// To its page.
    Page(String),
    /// To where one answers, with a code.
    Answer {
        /// The address.
        url: Zeroizing<String>,
        /// The code.
        code: Zeroizing<String>,
    },
}

/// A letter being written, in both forms at once.
struct Sheet {
    text: String,
    html: String,
}

impl Letter {
    /// About this, leading there: one way for each call.
    pub fn of(message: &Message, ways: &[Way]) -> Self {
        let mut sheet = Sheet { text: String::new(), html: String::new() };
        sheet.head(words::headline(message.what));
        match message.matters.as_slice() {
            [] => sheet
                .paragraph("Countersign reaches you at this address. Nothing waits for you because of this letter."),
            [matter] => one(message, matter, ways.first(), &mut sheet),
            several => {
                for (place, matter) in several.iter().enumerate() {
                    short(matter, &mut sheet);
                    sheet.way(ways.get(place));
                }
                let more = message.count().saturating_sub(several.len());
                if more > 0 {
                    sheet.paragraph(&format!("And {more} more, which stand in the inbox."));
                }
            }
        }
        sheet.paragraph("Countersign sent this letter by itself. Nobody reads what is answered to it.");
        let Sheet { text, html } = sheet;
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Countersign</title></head>\
             <body style=\"font-family:sans-serif\">{html}</body></html>"
        );
        Self { subject: subject(message), text, html }
    }
}

/// Letters about one call have one subject, so that they stand together.
fn subject(message: &Message) -> String {
    let risk = words::risk(message).word();
    match message.matters.as_slice() {
        [] => "Countersign: this is a test".to_owned(),
        [matter] => {
            let again = if message.what == What::Requested { "" } else { "Re: " };
            format!("{again}Countersign, {risk} risk: {}", line(&matter.text(), SUBJECT))
        }
        _ => format!("Countersign: {} calls wait, the worst of {risk} risk", message.count()),
    }
}

fn one(message: &Message, matter: &Matter, way: Option<&Way>, sheet: &mut Sheet) {
    sheet.theirs(&words::sentence(matter));
    if let Some(said) = words::said(message) {
        sheet.row("Said", &said);
    }
    if words::is_over(message.what) {
        sheet.row("Stands", &line(&matter.state, SHORT));
        sheet.paragraph("There is nothing to do about it any more.");
        sheet.way(way);
        return;
    }
    sheet.row("Risk", matter.risk.word());
    let reason = words::reason(matter);
    if !reason.is_empty() {
        sheet.row("Why", &reason);
    }
    sheet.row("Tool", &format!("{} of {}", line(&matter.target, SHORT), line(&matter.server, SHORT)));
    if !matter.environment.is_empty() {
        sheet.row("Environment", &line(&matter.environment, SHORT));
    }
    sheet.row("Who asks", &words::asker(matter));
    for fact in words::facts(matter) {
        let name = if fact.warning { format!("! {}", fact.name) } else { fact.name };
        sheet.row(&name, &fact.text);
    }
    for missing in &matter.lacking {
        sheet.row("Missing", &line(missing, SHORT));
    }
    sheet.row("Until", &until(matter));
    sheet.paragraph("If nobody decides by then, it is refused and does not run.");
    sheet.way(way);
}

fn short(matter: &Matter, sheet: &mut Sheet) {
    sheet.theirs(&words::sentence(matter));
    sheet.row("Risk", matter.risk.word());
    sheet.row("Who asks", &words::asker(matter));
    sheet.row("Until", &until(matter));
}

fn until(matter: &Matter) -> String {
    let time: Option<jiff::Timestamp> = matter.deadline.parse().ok();
    time.map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// Writing into a text cannot fail.
impl Sheet {
    fn head(&mut self, words: &str) {
        writeln!(self.text, "{words}\n").unwrap_or_default();
        write!(self.html, "<p>{}</p>", escaped(words)).unwrap_or_default();
    }

    fn theirs(&mut self, words: &str) {
        writeln!(self.text, "    {words}\n").unwrap_or_default();
        write!(self.html, "<p><b><bdi>{}</bdi></b></p>", escaped(words)).unwrap_or_default();
    }

    fn row(&mut self, name: &str, words: &str) {
        writeln!(self.text, "{name}: {words}").unwrap_or_default();
        write!(self.html, "<div>{}: <bdi>{}</bdi></div>", escaped(name), escaped(words)).unwrap_or_default();
    }

    fn paragraph(&mut self, words: &str) {
        writeln!(self.text, "\n{words}\n").unwrap_or_default();
        write!(self.html, "<p>{}</p>", escaped(words)).unwrap_or_default();
    }

    fn way(&mut self, way: Option<&Way>) {
        match way {
            None | Some(Way::None) => {}
            Some(Way::Page(page)) => self.link("See it, and sign in to answer", page),
            Some(Way::Answer { url, code }) => {
                self.link("Answer here", url);
                self.row("With this code", code);
                self.paragraph("Both are for you alone. Who has them answers in your name.");
            }
        }
    }

    fn link(&mut self, words: &str, to: &str) {
        writeln!(self.text, "\n{words}:\n{to}\n").unwrap_or_default();
        write!(self.html, "<p><a href=\"{}\">{}</a></p>", escaped(to), escaped(words)).unwrap_or_default();
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
