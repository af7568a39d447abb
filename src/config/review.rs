//! Who signs in where people answer, how, and for how long?

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use schemars::JsonSchema;

use super::fault::Subject;
use super::measure::Period;
use super::reach;
use super::sample::is_sample;
use super::section::{Given, Noted, Privacy, Reading, Section, Wanted};
use super::servers::ServerName;
use super::tree::At;
use super::word::words;
use crate::secret::Secret;

/// The pages people answer on.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Review {
    /// A browser that was not used for so long is signed out.
    #[schemars(extend("default" = "1h"))]
    pub idle: Period,
    /// After so long it is in any case.
    #[schemars(extend("default" = "12h"))]
    pub longest: Period,
    /// Whether whoever started this gateway signs in by the link it prints, and with a passkey after that. Default: true
    /// where `http.listen` is a loopback address and there is no provider, else false.
    #[schemars(with = "Option<bool>")]
    pub owner: bool,
    /// How long a call of high or critical risk must have been open in somebody's browser before their yes counts there.
    /// Default: no time; that somebody agreed within two seconds is written down in any case.
    #[schemars(with = "Option<String>")]
    pub look: Option<Period>,
    /// Whom people sign in with.
    #[schemars(extend("default" = {}))]
    pub providers: BTreeMap<String, Provider>,
    /// The roles of people who are not listed under `[people]`.
    #[schemars(with = "Option<GroupRoles>")]
    pub roles: GroupRoles,
}

/// A provider of `OpenID` Connect.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Provider {
    /// For people, on the button. Default: the name of its table.
    #[schemars(with = "Option<String>")]
    pub name: String,
    /// Exactly as it stands in the `iss` of its tokens.
    pub issuer: String,
    /// What it calls this gateway.
    pub client_id: String,
    /// The secret that goes with it. Absent: a public client, which proves itself by PKCE alone.
    pub client_secret: Option<Secret>,
    /// What it is asked for; `openid` is among it.
    #[schemars(extend("default" = ["openid", "email", "profile"]))]
    pub scopes: Vec<String>,
    /// Which claim says what.
    #[schemars(with = "Option<PersonClaims>")]
    pub claims: PersonClaims,
    /// When an e-mail address names a person: `required`, where the provider says that it verified it; `trusted`, always,
    /// because the provider gives addresses out itself.
    #[schemars(extend("default" = "required"))]
    pub email_verified: EmailVerified,
    /// Lets plain http and private addresses through for this provider.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
    /// How far its clock may be from ours.
    #[schemars(extend("default" = "60s"))]
    pub clock_skew: Period,
}

/// Names of claims, or paths to them with dots.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PersonClaims {
    /// Names the person.
    #[schemars(extend("default" = "email"))]
    pub user: String,
    /// The person's name, for people to read.
    #[schemars(extend("default" = "name"))]
    pub name: String,
    /// The groups they are in.
    #[schemars(extend("default" = "groups"))]
    pub groups: String,
}

/// When an e-mail address names a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailVerified {
    /// Where the provider says that it verified it.
    Required,
    /// Always.
    Trusted,
}

/// Which groups have which role.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GroupRoles {
    /// Sees every call, and is whom rules ask by this role.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub reviewer: BTreeSet<String>,
    /// Writes policies.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub author: BTreeSet<String>,
    /// Sees every call and the record.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub auditor: BTreeSet<String>,
    /// Sees every call, and runs this gateway.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub operator: BTreeSet<String>,
    /// May let a call run that those whom the rule asks have not agreed to.
    #[schemars(rename = "break-glass", with = "Vec<String>", extend("default" = []))]
    pub break_glass: BTreeSet<String>,
}

/// No group has a longer name.
const LONGEST: usize = 256;

impl Review {
    pub(super) fn read(section: &Section<'_>, listen: Option<SocketAddr>) -> Reading<Self> {
        let period = |key, default| section.parsed(key, Wanted("a time with its unit", "1h"), default, Period::parse);
        let idle = period("idle", "1h");
        let longest = period("longest", "12h");
        let look = section.optional("look", Wanted("a time with its unit", "5s"), Period::parse);
        let providers = Provider::read_all(section);
        let alone = providers.as_ref().is_ok_and(BTreeMap::is_empty);
        let owner = section.truth_or("owner", alone && listen.is_some_and(|listen| listen.ip().is_loopback()));
        let roles = GroupRoles::read_in(section);
        section.close();
        Ok(Self { idle: idle?, longest: longest?, owner: owner?, look: look?, providers: providers?, roles: roles? })
    }
}

impl Provider {
    fn read_all(section: &Section<'_>) -> Reading<BTreeMap<String, Self>> {
        let read = section.named("providers")?.into_iter().map(|(name, at, provider)| {
            let fits = if ServerName::parse(&name).is_some() { Ok(()) } else { Err(bad_name(section, &name, &at)) };
            let provider = provider.and_then(|provider| Self::read(&provider, &name));
            fits.and(provider).map(|provider| (name, provider))
        });
        // Each of them is looked at, so that every fault is told at once.
        read.collect::<Vec<Reading<_>>>().into_iter().collect()
    }

    fn read(section: &Section<'_>, own_name: &str) -> Reading<Self> {
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        let name = section.parsed("name", Wanted("a text", "Acme"), own_name, |text| {
            (is_word(text, 64) && text.trim() == text).then(|| text.to_owned())
        });
        let issuer = issuer(section);
        let client_id =
            section.required("client_id", Wanted("what the provider calls this gateway", "countersign"), text);
        let client_secret = section.given("client_secret", Privacy::Secret).and_then(|given| match given {
            Some(given) if is_sample(&given.text) => Err(sample(section, &given)),
            given => Ok(given.map(Given::secret)),
        });
        let scopes = section.texts("scopes", &["openid", "email", "profile"], Privacy::Open);
        let scopes = scopes.and_then(|given| scopes_of(section, given));
        let claims = section.table("claims").and_then(|section| PersonClaims::read(&section));
        let email_verified = section.word("email_verified", EmailVerified::Required);
        let allow_private = section.truth("allow_private");
        let clock_skew = section.parsed("clock_skew", Wanted("a time with its unit", "60s"), "60s", Period::parse);
        section.close();
        Ok(Self {
            name: name?,
            issuer: issuer?,
            client_id: client_id?,
            client_secret: client_secret?,
            scopes: scopes?,
            claims: claims?,
            email_verified: email_verified?,
            allow_private: allow_private?,
            clock_skew: clock_skew?,
        })
    }
}

impl PersonClaims {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let claim = |key, default| {
            section.parsed(key, Wanted("the name of a claim", default), default, |text| {
                is_word(text, LONGEST).then(|| text.to_owned())
            })
        };
        let user = claim("user", "email");
        let name = claim("name", "name");
        let groups = claim("groups", "groups");
        section.close();
        Ok(Self { user: user?, name: name?, groups: groups? })
    }
}

impl GroupRoles {
    /// Those of `[review]`. Where nothing is said, nothing is listed.
    pub(super) fn read_in(review: &Section<'_>) -> Reading<Self> {
        if review.has("roles") {
            return review.table("roles").and_then(|section| Self::read(&section));
        }
        review.excuse(&["roles"]);
        Ok(Self::default())
    }

    fn read(section: &Section<'_>) -> Reading<Self> {
        let groups = |key| section.texts(key, &[], Privacy::Open).and_then(|given| groups(section, given));
        let reviewer = groups("reviewer");
        let author = groups("author");
        let auditor = groups("auditor");
        let operator = groups("operator");
        let break_glass = groups("break-glass");
        section.close();
        Ok(Self {
            reviewer: reviewer?,
            author: author?,
            auditor: auditor?,
            operator: operator?,
            break_glass: break_glass?,
        })
    }

    /// The groups of each role that some group has.
    pub fn by_role(&self) -> BTreeMap<String, BTreeSet<String>> {
        let all = [
            ("reviewer", &self.reviewer),
            ("author", &self.author),
            ("auditor", &self.auditor),
            ("operator", &self.operator),
            ("break-glass", &self.break_glass),
        ];
        let given = all.into_iter().filter(|(_, groups)| !groups.is_empty());
        given.map(|(role, groups)| (role.to_owned(), groups.clone())).collect()
    }
}

/// As it stands, because it is compared as it stands.
fn issuer(section: &Section<'_>) -> Reading<String> {
    const WANTED: Wanted = Wanted("an https address without user, query or fragment", "https://login.example.com");
    let given = section.given("issuer", Privacy::Open)?;
    let given = given.ok_or_else(|| section.missing("issuer", WANTED))?;
    reach::issuer(section, &given)?;
    Ok(given.text)
}

fn scopes_of(section: &Section<'_>, all: Vec<Given>) -> Reading<Vec<String>> {
    const WANTED: Wanted = Wanted("a scope", "email");
    let at = all.first().map_or_else(|| section.at().clone(), |given| given.at.clone());
    let scope = |given: Given| {
        // RFC 6749, section 3.3.
        let fits = !given.text.is_empty()
            && given.text.len() <= LONGEST
            && given.text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if fits { Ok(given.text) } else { Err(section.bad(&given, WANTED, Subject::Shown)) }
    };
    let all: Vec<Reading<String>> = all.into_iter().map(scope).collect();
    let all = all.into_iter().collect::<Reading<Vec<_>>>()?;
    if all.iter().any(|scope| scope == "openid") {
        return Ok(all);
    }
    let what = "without the scope `openid` the provider does not say who somebody is".to_owned();
    Err(section.note(&at, what, "add `openid` to `scopes`".to_owned(), Subject::Shown))
}

fn groups(section: &Section<'_>, all: Vec<Given>) -> Reading<BTreeSet<String>> {
    const WANTED: Wanted = Wanted("a group, without spaces around it", "sec-team");
    let group = |given: Given| {
        let fits = is_word(&given.text, LONGEST) && given.text.trim() == given.text;
        if fits { Ok(given.text) } else { Err(section.bad(&given, WANTED, Subject::Shown)) }
    };
    let all: Vec<Reading<String>> = all.into_iter().map(group).collect();
    all.into_iter().collect()
}

fn is_word(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.len() <= longest && !text.chars().any(char::is_control)
}

fn bad_name(section: &Section<'_>, name: &str, at: &At) -> Noted {
    let what = format!("`{}` cannot be the name of a provider", name.replace(char::is_control, "\u{fffd}"));
    let next = "a small letter first, then small letters, digits and `-`, at most 24 in all".to_owned();
    section.note(at, what, next, Subject::Shown)
}

fn sample(section: &Section<'_>, given: &Given) -> Noted {
    let what = "this is a secret from a sample, which everybody knows".to_owned();
    let next = "put the one your provider made behind `${VAR}` or `${file:/path}`".to_owned();
    section.note(&given.at, what, next, Subject::Hidden)
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

words!(EmailVerified: "required" => Required, "trusted" => Trusted);

#[cfg(test)]
mod tests;
