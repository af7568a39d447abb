//! A browser without eyes: it keeps its cookies, looks at where it is sent, and sends the forms it finds.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::client::staying;
use crate::provider::Provider;
use crate::world::World;

/// One browser, perhaps signed in.
pub(crate) struct Visitor {
    http: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

/// What came back.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Visitor {
    /// Nobody yet.
    pub(crate) fn new(world: &World) -> Self {
        Self { http: staying(), base: format!("http://{}", world.address), cookies: BTreeMap::new() }
    }

    /// Whoever started the gateway, by the link it printed.
    pub(crate) async fn owner(world: &mut World) -> Self {
        let mut lines = world.printed();
        let link = loop {
            let line = lines.next_line().await.unwrap().expect("a link is printed");
            if let Some((_, secret)) = line.split_once("/sign-in/link?secret=") {
                break secret.trim().to_owned();
            }
        };
        let mut visitor = Self::new(world);
        let page = visitor.get(&format!("/sign-in/link?secret={link}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let done = visitor.post("/sign-in/link", &[("secret", &link)]).await;
        assert_eq!(done.goes_to(), "/inbox");
        visitor
    }

    /// Somebody of a provider that is named `acme` in the configuration.
    pub(crate) async fn by_provider(world: &World, provider: &Provider, person: Value) -> Self {
        let mut visitor = Self::new(world);
        let script = json!({ "person": person }).to_string();
        let learned = visitor.http.post(format!("{}/script", provider.url)).body(script).send().await.unwrap();
        assert_eq!(learned.status(), 200);
        let sent = visitor.get("/sign-in/with/acme?then=/inbox").await;
        let there = visitor.http.get(sent.goes_to()).send().await.unwrap();
        let back = there.headers()[LOCATION].to_str().unwrap().to_owned();
        let (_, query) = back.split_once("/sign-in/callback?").unwrap();
        let done = visitor.get(&format!("/sign-in/callback?{query}")).await;
        assert_eq!(done.goes_to(), "/inbox", "{}", done.text);
        visitor
    }

    /// Looks at a page.
    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        self.ask(Method::GET, path, &[], None).await
    }

    /// Sends a form of one of our own pages.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let own = [("origin", self.base.clone())];
        self.ask(Method::POST, path, &own, Some(fields)).await
    }

    /// Asks for anything, in any way.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        fields: Option<&[(&str, &str)]>,
    ) -> Seen {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(fields) = fields {
            let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let reply = request.send().await.unwrap();
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Seen { status, headers, text: reply.text().await.unwrap() }
    }
}

impl Seen {
    /// Where it sends the browser.
    pub(crate) fn goes_to(&self) -> String {
        let to = self.headers.get(LOCATION).unwrap_or_else(|| panic!("{}: {}", self.status, self.text));
        to.to_str().unwrap().to_owned()
    }

    /// The value of the first hidden field of this name.
    pub(crate) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&start).unwrap_or_else(|| panic!("no {name}: {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    /// The code of the trouble it tells; empty where it tells none.
    pub(crate) fn code(&self) -> &str {
        self.text.split_once("data-code=\"").map_or("", |(_, rest)| rest.split('"').next().unwrap())
    }
}
