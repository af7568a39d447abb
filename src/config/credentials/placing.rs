//! Where does a server take a credential that is made for one call?

use std::collections::BTreeMap;

use http::HeaderName;
use schemars::JsonSchema;

use super::super::fault::Subject;
use super::super::reach::Reach;
use super::super::section::{Given, Privacy, Reading, Section, Wanted};
use crate::credentials::placing::Place;
use crate::policy::finding::pointer::{Pointer, Step};

/// Where one server takes what one provider makes. In the texts `{value}`, `{url}` and the like stand for a part of the
/// credential.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Taking {
    /// The provider: the name of its table in `[credentials]`.
    pub from: String,
    /// Variables of a process that is started for the call alone.
    #[schemars(with = "BTreeMap<String, String>", extend("default" = {}))]
    pub env: Vec<(String, String)>,
    /// Arguments of that process, after its own. Everybody on the machine can read those: take `env` where the server can.
    #[schemars(extend("default" = []))]
    pub args: Vec<String>,
    /// Headers of the call's one request, in the place of the server's own of the same name.
    #[schemars(with = "BTreeMap<String, String>", extend("default" = {}))]
    pub headers: Vec<(HeaderName, String)>,
    /// Arguments of the tool, by JSON pointer, in the place of whatever the agent wrote there.
    #[schemars(with = "BTreeMap<String, String>", extend("default" = {}))]
    pub arguments: Vec<(Pointer, String)>,
}

const FROM: Wanted = Wanted("the name of a provider in [credentials]", "shop");
const POINTER: Wanted = Wanted("a JSON pointer into the tool's arguments, without `*`", "/auth/token");

impl Taking {
    pub(in crate::config) fn read_all(server: &Section<'_>, reach: Option<&Reach>) -> Reading<Vec<Self>> {
        let read: Vec<Reading<Self>> =
            server.tables("credentials")?.iter().map(|section| Self::read(section, reach)).collect();
        read.into_iter().collect()
    }

    fn read(section: &Section<'_>, reach: Option<&Reach>) -> Reading<Self> {
        match reach {
            Some(Reach::Program(_)) => section.refuse(&["headers"], "servers with a `url`"),
            Some(Reach::Remote(_)) => section.refuse(&["env", "args"], "servers with a `command`"),
            None => {}
        }
        let from = section.required("from", FROM, |text| (!text.is_empty()).then(|| text.to_owned()));
        let env = section.pairs("env", Privacy::OpenAsWritten);
        let args = section.texts("args", &[], Privacy::OpenAsWritten);
        let headers = section.pairs("headers", Privacy::OpenAsWritten).and_then(|pairs| headers(section, pairs));
        let arguments = section.pairs("arguments", Privacy::OpenAsWritten).and_then(|pairs| pointers(section, pairs));
        section.excuse(&["headers", "env", "args"]);
        section.close();
        let text = |(name, given): (String, Given)| (name, given.text);
        let taking = Self {
            from: from?,
            env: env?.into_iter().map(text).collect(),
            args: args?.into_iter().map(|given| given.text).collect(),
            headers: headers?,
            arguments: arguments?,
        };
        if taking.places().is_empty() {
            let what = format!("[[{}]] says nowhere where the credential goes", section.name());
            return Err(section.fault(
                what,
                "say one of `env`, `args`, `headers` and `arguments`, such as env = { DATABASE_URL = \"{url}\" }",
            ));
        }
        Ok(taking)
    }

    /// Every place, with what is written there.
    pub fn places(&self) -> Vec<(Place, String)> {
        let env = self.env.iter().map(|(name, text)| (Place::Variable(name.clone()), text.clone()));
        let args = self.args.iter().map(|text| (Place::Argument, text.clone()));
        let headers = self.headers.iter().map(|(name, text)| (Place::Header(name.clone()), text.clone()));
        let arguments = self.arguments.iter().map(|(pointer, text)| (Place::Input(pointer.clone()), text.clone()));
        env.chain(args).chain(headers).chain(arguments).collect()
    }
}

fn headers(section: &Section<'_>, pairs: Vec<(String, Given)>) -> Reading<Vec<(HeaderName, String)>> {
    let each = pairs.into_iter().map(|(name, given)| match HeaderName::from_bytes(name.as_bytes()) {
        Ok(header) if !header.as_str().starts_with("mcp-") && !super::super::reach::is_ours(header.as_str()) => {
            Ok((header, given.text))
        }
        _ => {
            let what = format!("`{name}` is no header a credential can go into");
            Err(section.note(&given.at, what, "name another, such as `authorization`".to_owned(), Subject::Shown))
        }
    });
    each.collect()
}

fn pointers(section: &Section<'_>, pairs: Vec<(String, Given)>) -> Reading<Vec<(Pointer, String)>> {
    let each = pairs.into_iter().map(|(name, given)| {
        let pointer = Pointer::try_from(name.clone()).ok();
        let pointer = pointer.filter(|pointer| !pointer.steps().contains(&Step::Every));
        let bad = || {
            section.note(
                &given.at,
                format!("`{name}` is not {}", POINTER.0),
                format!("write it such as \"{}\"", POINTER.1),
                Subject::Shown,
            )
        };
        Ok((pointer.ok_or_else(bad)?, given.text.clone()))
    });
    each.collect()
}
