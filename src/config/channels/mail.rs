//! By which server does a channel send letters?
//!
//! Keys that every channel has are read where all channels are, and there the section is closed.

use schemars::JsonSchema;

use crate::channels::link::LinkRule;
use crate::channels::mail::{MailOptions, Tls};
use crate::config::fault::Subject;
use crate::config::sample::is_sample;
use crate::config::section::{Given, Noted, Privacy, Reading, Section, Wanted};
use crate::config::word::words;
use crate::downstream::http::guard::Private;
use crate::secret::Secret;

/// A channel by e-mail.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "MailChannel")]
pub struct Mail {
    /// The mail server: its name, which its certificate must have.
    pub server: String,
    /// Its port. Default: 587, with `tls = "tls"` 465, with `tls = "none"` 25.
    #[schemars(with = "Option<u16>")]
    pub port: u16,
    /// How it is spoken to: `starttls`, TLS after the first words and never without; `tls`, from the first byte; `none`, only
    /// where it is on this machine.
    #[schemars(extend("default" = "starttls"))]
    pub tls: Tls,
    /// Who we are there.
    pub user: Option<String>,
    /// How we prove it.
    pub password: Option<Secret>,
    /// Who the letters are from.
    pub from: String,
    /// How bad a call may be at most for a link and a code in a letter to be enough to answer: `never`, `low` or `medium`.
    /// What a rule wants a browser or a passkey for is never answered by a link.
    #[schemars(extend("default" = "never"))]
    pub link_is_enough: LinkRule,
    /// Lets the mail server stand in a private network.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
    /// Who else vouches for the server's certificate: certificates as PEM, such as `${file:/etc/ssl/company.pem}`.
    #[schemars(with = "Option<String>")]
    pub ca: Option<String>,
}

impl Mail {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        let server = section.required("server", Wanted("the name of a mail server", "smtp.example.com"), host);
        let tls = section.word("tls", Tls::Starttls);
        let usual = match tls {
            Ok(Tls::Implicit) => 465,
            Ok(Tls::None) => 25,
            _ => 587,
        };
        let port = section.number("port", usual, Wanted("a port", "587"), |text| text.parse().ok()).and_then(|port| {
            u16::try_from(port).map_err(|_| {
                section.note(
                    section.at(),
                    format!("{port} is no port"),
                    "write a number up to 65535, such as `587`".to_owned(),
                    Subject::Shown,
                )
            })
        });
        let user = section.optional("user", Wanted("a name", "countersign"), text);
        let password = section.given("password", Privacy::Secret).and_then(|given| match given {
            Some(given) if is_sample(&given.text) => Err(sample(section, &given)),
            given => Ok(given.map(Given::secret)),
        });
        let from = section.required("from", Wanted("an address", "Countersign <countersign@example.com>"), address);
        let link_is_enough = section.word("link_is_enough", LinkRule::Never);
        let allow_private = section.truth("allow_private");
        let ca = section.optional("ca", Wanted("certificates as PEM", "${file:/etc/ssl/company.pem}"), |text| {
            text.contains("-----BEGIN CERTIFICATE-----").then(|| text.to_owned())
        });
        let (user, password) = paired(section, user?, password?)?;
        let read = Self {
            server: server?,
            port: port?,
            tls: tls?,
            user,
            password,
            from: from?,
            link_is_enough: link_is_enough?,
            allow_private: allow_private?,
            ca: ca?,
        };
        read.checked(section)
    }

    /// For the channel.
    pub fn options(&self) -> MailOptions {
        MailOptions {
            server: self.server.clone(),
            port: self.port,
            tls: self.tls,
            login: self.user.clone().zip(self.password.clone()),
            from: self.from.clone(),
            link_is_enough: self.link_is_enough,
            private: if self.allow_private { Private::Allowed } else { Private::Refused },
            authority: self.ca.clone(),
        }
    }

    /// What goes openly stays on this machine.
    fn checked(self, section: &Section<'_>) -> Reading<Self> {
        let local = url::Host::parse(&self.server).is_ok_and(|host| crate::address::names_this_machine(&host));
        if self.tls == Tls::None && !local {
            let what = format!(
                "letters would go to {} openly, where everybody on the way reads and changes them",
                self.server
            );
            return Err(section.fault(what, "write `tls = \"starttls\"`, or name a mail server on this machine"));
        }
        Ok(self)
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("server", &self.server).field("port", &self.port).finish_non_exhaustive()
    }
}

fn host(text: &str) -> Option<String> {
    let plain = !text.contains(['/', '@', '#', '?', ' ', ':']) || text.starts_with('[');
    (plain && url::Host::parse(text).is_ok()).then(|| text.to_owned())
}

fn address(text: &str) -> Option<String> {
    text.parse::<lettre::message::Mailbox>().ok().map(|_| text.to_owned())
}

fn paired(
    section: &Section<'_>,
    user: Option<String>,
    password: Option<Secret>,
) -> Reading<(Option<String>, Option<Secret>)> {
    if user.is_some() == password.is_some() {
        return Ok((user, password));
    }
    Err(section.fault(
        "a mail server is told both who we are and a password, or neither".to_owned(),
        "give `user` and `password`, or take both away",
    ))
}

fn sample(section: &Section<'_>, given: &Given) -> Noted {
    let what = "this is a secret from a sample, which everybody knows".to_owned();
    let next = "put the one of your mail server behind `${VAR}` or `${file:/path}`".to_owned();
    section.note(&given.at, what, next, Subject::Hidden)
}

words!(Tls: "starttls" => Starttls, "tls" => Implicit, "none" => None);
words!(LinkRule: "never" => Never, "low" => Low, "medium" => Medium);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reading::alone;

    const LEAST: &str = "server = \"smtp.example.com\"\nfrom = \"gate@example.com\"\n";

    fn read(text: &str) -> Result<Mail, String> {
        alone(text, Mail::read)
    }

    #[test]
    fn what_is_not_said_is_the_safe_thing() {
        let mail = read(LEAST).unwrap();
        assert_eq!((mail.port, mail.tls, mail.link_is_enough), (587, Tls::Starttls, LinkRule::Never));
        assert!(mail.user.is_none() && mail.password.is_none() && !mail.allow_private);
        for (tls, port) in [("tls = \"tls\"", 465), ("tls = \"starttls\"", 587), ("port = 2525", 2525)] {
            assert_eq!(read(&format!("{LEAST}{tls}\n")).unwrap().port, port, "{tls}");
        }
        let all = format!(
            "{LEAST}user = \"gate\"\npassword = \"p5J2m0Qx7Yv3Kd8f\"\nlink_is_enough = \"low\"\nallow_private = true\n"
        );
        let mail = read(&all).unwrap();
        assert!(!format!("{mail:?} {:?}", mail.options()).contains("p5J2m0Qx7Yv3Kd8f"));
        let (user, password) = mail.options().login.unwrap();
        assert_eq!((user.as_str(), password.expose()), ("gate", "p5J2m0Qx7Yv3Kd8f"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, told) in [
            ("from = \"gate@example.com\"\n", "has no `server`"),
            ("server = \"smtp.example.com\"\n", "has no `from`"),
            ("server = \"https://smtp.example.com\"\nfrom = \"gate@example.com\"\n", "smtp.example.com"),
            ("server = \"smtp.example.com\"\nfrom = \"gate\"\n", "is not an address"),
            (&format!("{LEAST}tls = \"ssl\"\n"), "is no `tls`"),
            (&format!("{LEAST}tls = \"none\"\n"), "would go to smtp.example.com openly"),
            (&format!("{LEAST}port = 70000\n"), "70000 is no port"),
            (&format!("{LEAST}user = \"gate\"\n"), "both who we are and a password"),
            (&format!("{LEAST}link_is_enough = \"high\"\n"), "is no `link_is_enough`"),
            (&format!("{LEAST}ca = \"/etc/ssl/company.pem\"\n"), "is not certificates as PEM"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(told), "{text}: {said}");
        }
        let local = read("server = \"127.0.0.1\"\nfrom = \"gate@example.com\"\ntls = \"none\"\n").unwrap();
        assert_eq!((local.port, local.tls), (25, Tls::None));
    }
}
