//! To which flow of Microsoft Teams does a channel post cards?
//!
//! Keys that every channel has are read where all channels are, and there the section is closed.

use schemars::JsonSchema;

use crate::channels::teams::{TeamsOptions, checked};
use crate::config::fault::Subject;
use crate::config::section::{Privacy, Reading, Section, Wanted};
use crate::downstream::http::guard::Private;
use crate::secret::Secret;

/// A channel in Microsoft Teams.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "TeamsChannel")]
pub struct Teams {
    /// The address Teams shows under Workflows, "When a Teams webhook request is received". Whoever has it can post.
    pub url: Secret,
    /// Lets it stand in a private network.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

impl Teams {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        const WANTED: Wanted = Wanted("the address of a flow", "${TEAMS_FLOW_URL}");
        let url = section.given("url", Privacy::Secret).and_then(|given| {
            let given = given.ok_or_else(|| section.missing("url", WANTED))?;
            match checked(&given.text) {
                Ok(_) => Ok(given.secret()),
                Err(fault) => {
                    let told = fault.to_string();
                    let (what, next) = told.split_once("; ").unwrap_or((&told, "copy its address again"));
                    Err(section.note(&given.at, what.to_owned(), next.to_owned(), Subject::Hidden))
                }
            }
        });
        let allow_private = section.truth("allow_private");
        Ok(Self { url: url?, allow_private: allow_private? })
    }

    /// For the channel.
    pub fn options(&self) -> TeamsOptions {
        let private = if self.allow_private { Private::Allowed } else { Private::Refused };
        TeamsOptions { url: self.url.clone(), private }
    }
}

impl std::fmt::Debug for Teams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Teams").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reading::alone;

    #[test]
    fn an_address_is_a_secret_and_of_a_flow() {
        let url = "https://prod-12.westeurope.logic.azure.com/workflows/x?sig=p5J2m0Qx7Yv3Kd8f";
        let teams = alone(&format!("url = {url:?}\n"), Teams::read).unwrap();
        assert!(!format!("{teams:?} {:?}", teams.options()).contains("p5J2m0Qx7Yv3Kd8f"));
        assert_eq!((teams.url.expose(), teams.allow_private), (url, false));
        for (text, told) in [
            ("allow_private = true\n", "has no `url`"),
            ("url = \"https://acme.webhook.office.com/webhookb2/p5J2m0Qx7Yv3Kd8f\"\n", "switched those off"),
            ("url = \"http://prod-12.westeurope.logic.azure.com/p5J2m0Qx7Yv3Kd8f\"\n", "no https address"),
        ] {
            let said = alone(text, Teams::read).unwrap_err();
            assert!(said.contains(told) && !said.contains("p5J2m0Qx7Yv3Kd8f"), "{text}: {said}");
        }
    }
}
