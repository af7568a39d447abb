//! Does any secret of a provider get into a text that somebody may read? CRE-03, CRE-08, CRE-09.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use countersign::config::credentials::token_exchange::{Subject, TokenExchange as Options};
use countersign::credentials::aws_sts::AwsSts;
use countersign::credentials::jwt::Jwt;
use countersign::credentials::provider::{Minted, NotMinted};
use countersign::credentials::token_exchange::TokenExchange;
use countersign::credentials::vault::Vault;
use tracing_subscriber::fmt::MakeWriter;

use crate::desk::{CALLERS_TOKEN, Desk, gone, signing};
use crate::stand_in::{Says, StandIn};
use crate::{aws_sts, jwt, token_exchange, vault};

const SECRETS: [&str; 8] = [
    CALLERS_TOKEN,
    token_exchange::CLIENT_SECRET,
    token_exchange::TOKEN,
    vault::ROOT,
    vault::PASSWORD,
    aws_sts::SECRET,
    aws_sts::SESSION_SECRET,
    aws_sts::SESSION_TOKEN,
];

/// Everything that was logged or told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<u8>>>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Told {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Told {
    fn note(&self, text: &str) {
        self.clone().write_all(text.as_bytes()).unwrap();
    }

    /// What a provider says of a mint, whatever came of it.
    fn minted(&self, minted: Result<Minted, NotMinted>) {
        match minted {
            Ok(minted) => self.note(&format!("{:?} {} {:?}", minted.handle, minted.expires, minted.scope)),
            Err(fault) => self.note(&format!("{fault} {fault:?}")),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Bodies that repeat every secret, as a careless server does, after one that is good.
fn echoes(good: String) -> Vec<Says> {
    let all = SECRETS.join(" ");
    let json = serde_json::json!({ "error": all, "errors": [all], "access_token": all, "lease_id": all }).to_string();
    let xml = format!("<Error><Code>{all}</Code><Message>{all}</Message></Error>");
    let bodies = [json, xml, all];
    let bad = [200, 307, 400, 403, 429, 500, 503]
        .into_iter()
        .flat_map(|status| bodies.clone().map(|body| Says::Status(status, body)));
    std::iter::once(Says::Status(200, good)).chain(bad).chain([Says::HangsUp]).collect()
}

#[tokio::test]
async fn no_text_of_any_provider_holds_a_secret() {
    let told = Told::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_target(false)
        .with_writer(told.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    tracing::trace!("the log is read too");
    let signing = signing().await;
    let desk = Desk::new(aws_sts::arguments());
    told.note(&format!("{desk:?} {signing:?}", desk = desk.bearer));

    let own = Jwt::new(&jwt::options(), &signing).unwrap();
    let wanted = desk.wanted(|asked, about| own.plan(asked, about), (Some("read"), 60));
    let minted = own.mint(&desk.order(&wanted)).await.unwrap();
    let token = minted.material.part("value").unwrap().expose().to_owned();
    told.minted(Ok(minted));
    told.note(&format!("{own:?} {wanted:?} {}", signing.keys.published(crate::desk::at(0)).await.unwrap()));

    let exchanges = echoes(token_exchange::answer().to_string());
    for subject in [Subject::Caller, Subject::Gateway] {
        for says in &exchanges {
            let server = StandIn::start([says.clone(), says.clone()]).await;
            let options = Options { subject, ..token_exchange::options(&server.url) };
            let provider = TokenExchange::new(&options, &signing).unwrap();
            let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("refund"), 60));
            told.minted(provider.mint(&desk.order(&wanted)).await);
            told.note(&format!("{options:?} {provider:?} {wanted:?} {:?}", provider.revoke(&gone(None)).await));
        }
    }
    for says in echoes(vault::answer("database/creds/1", 60).to_string()) {
        let server = StandIn::start([says.clone(), says]).await;
        let options = vault::options(&server.url);
        let provider = Vault::new(&options);
        let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("readonly"), 60));
        told.minted(provider.mint(&desk.order(&wanted)).await);
        told.note(&format!(
            "{options:?} {provider:?} {wanted:?} {:?}",
            provider.revoke(&gone(Some("database/1"))).await
        ));
    }
    for says in echoes(aws_sts::answer(900)) {
        let server = StandIn::start([says]).await;
        let options = aws_sts::options(&server.url);
        let provider = AwsSts::new(&options).unwrap();
        let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("read"), 60));
        told.minted(provider.mint(&desk.order(&wanted)).await);
        told.note(&format!("{options:?} {provider:?} {wanted:?} {:?}", provider.revoke(&gone(None)).await));
    }

    let text = told.text();
    assert!(text.contains("the log is read too") && text.contains("status 403"), "nothing was told");
    for secret in SECRETS.into_iter().chain([token.as_str(), "canary"]) {
        assert!(!text.contains(secret), "{secret} is told");
    }
}

#[test]
fn a_secret_that_is_told_is_found() {
    let told = Told::default();
    told.minted(Err(NotMinted::Refused(SECRETS[0].to_owned())));
    assert!(told.text().contains(SECRETS[0]));
}
