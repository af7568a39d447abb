//! Which role of Amazon Web Services is assumed, as whom, and how far do its sessions reach?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use url::Url;

use super::super::fault::Subject;
use super::super::measure::Period;
use super::super::section::{Privacy, Reading, Section, Wanted};
use super::spelling;
use crate::credentials::aws_sts::policy::Template;
use crate::secret::Secret;

/// Sessions of a role.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AwsSts {
    /// The region whose token service is asked.
    pub region: String,
    /// Where that is. Default: `https://sts.REGION.amazonaws.com`.
    #[schemars(with = "Option<String>")]
    pub endpoint: Option<Url>,
    /// The key the gateway itself has: its name.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
    /// What goes with a key that is one of a session.
    pub session_token: Option<Secret>,
    /// The role.
    pub role_arn: String,
    /// What the role asks for, so that nobody else is let in by mistake.
    pub external_id: Option<String>,
    /// What sessions may do, by the scope that rules name: JSON policies, in whose `Resource` and `Condition` `{/bucket}` is the
    /// argument `bucket` of the call. It may hold `/` and `:` only at the end, after a `/`, or where it is the whole text. Empty:
    /// all that the role may.
    #[schemars(with = "BTreeMap<String, String>", extend("default" = {}))]
    pub policies: BTreeMap<String, Template>,
    /// Whether sessions carry the ids of call and caller as source identity and transitive tags. The role must allow
    /// `sts:TagSession` and `sts:SetSourceIdentity`.
    #[schemars(extend("default" = false))]
    pub tagged: bool,
    /// How long an answer may take, 30 s at most.
    #[schemars(extend("default" = "10s"))]
    pub timeout: Period,
    /// Lets private addresses through for this provider.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

const REGION: Wanted = Wanted("a region", "eu-central-1");
const KEY_ID: Wanted = Wanted("the name of an access key", "AKIAIOSFODNN7EXAMPLE");
const SECRET: Wanted = Wanted("its secret", "${file:/run/secrets/aws}");
const ROLE: Wanted = Wanted("the ARN of a role", "arn:aws:iam::123456789012:role/orders");
const EXTERNAL: Wanted = Wanted("letters, digits and `+=,.@:/-_`", "countersign-4711");

impl AwsSts {
    pub(in crate::config) fn read(section: &Section<'_>) -> Reading<Self> {
        let region = section.required("region", REGION, |text| {
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (!text.is_empty() && text.len() <= 32 && text.bytes().all(fits)).then(|| text.to_owned())
        });
        let endpoint = spelling::other_address(section, "endpoint").and_then(|url| match url {
            Some(url) if url.path() != "/" => {
                Err(section.fault("`endpoint` has a path".to_owned(), "write the address alone"))
            }
            url => Ok(url),
        });
        let access_key_id = section.required("access_key_id", KEY_ID, |text| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            ((16..=128).contains(&text.len()) && text.bytes().all(fits)).then(|| text.to_owned())
        });
        let secret = spelling::secret(section, "secret_access_key")
            .and_then(|secret| secret.ok_or_else(|| section.missing("secret_access_key", SECRET)));
        let session_token = spelling::secret(section, "session_token");
        let role_arn = section.required("role_arn", ROLE, |text| {
            let plain = text.len() <= 2048 && text.bytes().all(|byte| byte.is_ascii_graphic());
            (plain && text.starts_with("arn:") && text.contains(":role/")).then(|| text.to_owned())
        });
        let external_id = section.optional("external_id", EXTERNAL, |text| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@:/-_".contains(&byte);
            ((2..=1224).contains(&text.len()) && text.bytes().all(fits)).then(|| text.to_owned())
        });
        let policies = policies(section);
        let tagged = section.truth("tagged");
        let timeout = spelling::timeout(section);
        let allow_private = section.truth("allow_private");
        Ok(Self {
            region: region?,
            endpoint: endpoint?,
            access_key_id: access_key_id?,
            secret_access_key: secret?,
            session_token: session_token?,
            role_arn: role_arn?,
            external_id: external_id?,
            policies: policies?,
            tagged: tagged?,
            timeout: timeout?,
            allow_private: allow_private?,
        })
    }
}

fn policies(section: &Section<'_>) -> Reading<BTreeMap<String, Template>> {
    let read = section.pairs("policies", Privacy::Open)?.into_iter().map(|(name, given)| {
        if spelling::name(&name).is_none() || name.contains(char::is_whitespace) {
            let what = "the name of a policy is one word: the scope that rules name".to_owned();
            return Err(section.note(&given.at, what, "write one such as `read`".to_owned(), Subject::Hidden));
        }
        let template = Template::parse(&given.text).map_err(|bad| {
            let what = format!("this is no session policy: {bad}");
            section.note(
                &given.at,
                what,
                "a policy has statements of Effect, Action and Resource".to_owned(),
                Subject::Hidden,
            )
        });
        template.map(|template| (name, template))
    });
    // Each of them is looked at, so that every fault is told at once.
    read.collect::<Vec<Reading<_>>>().into_iter().collect()
}

impl std::fmt::Debug for AwsSts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsSts").field("region", &self.region).field("role", &self.role_arn).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reading::alone;

    const LEAST: &str = "region = \"eu-central-1\"\naccess_key_id = \"AKIAIOSFODNN7EXAMPLE\"\n\
                         secret_access_key = \"hush/4711/hush/4711\"\nrole_arn = \"arn:aws:iam::123456789012:role/orders\"\n";

    #[test]
    fn what_is_written_is_read() {
        let policy =
            r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::{/bucket}/*"}}"#;
        let read = alone(&format!("{LEAST}policies.read = '''{policy}'''"), AwsSts::read).unwrap();
        assert_eq!(read.policies.keys().collect::<Vec<_>>(), ["read"]);
        assert!(!format!("{read:?}").contains("hush"));
        for (more, why) in [
            ("policies.read = \"{}\"", "Statement"),
            ("policies.\"a b\" = \"{}\"", "one word"),
            ("external_id = \"a b\"", "letters"),
            ("endpoint = \"ftp://x\"", "https"),
        ] {
            let told = alone(&format!("{LEAST}{more}"), AwsSts::read).unwrap_err();
            assert!(told.contains(why), "{more}: {told}");
            assert!(!told.contains("hush"), "{told}");
        }
        let told = alone("region = \"EU\"\nrole_arn = \"orders\"", AwsSts::read).unwrap_err();
        for why in ["region", "role", "access_key_id", "secret_access_key"] {
            assert!(told.contains(why), "{why}: {told}");
        }
    }
}
