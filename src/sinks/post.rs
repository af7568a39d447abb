//! How does a collector take several records in one request?

use std::collections::BTreeMap;
use std::time::Duration;

use http::Request;
use http::header::CONTENT_TYPE;
use url::Url;

use super::Told;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, Reach, reach_of};
use crate::secret::Secret;

/// Whoever waits for a write gives it up before this.
const LONGEST: Duration = Duration::from_mins(2);

/// Posts to one address.
pub(super) struct Poster {
    name: String,
    url: Url,
    headers: BTreeMap<String, Secret>,
    kind: &'static str,
    reach: Reach,
}

impl Poster {
    pub(super) fn new(
        (name, url): (&str, Url),
        (headers, kind): (BTreeMap<String, Secret>, &'static str),
        private: Private,
    ) -> Self {
        let reach = reach_of(&url, private);
        Self { name: name.to_owned(), url, headers, kind, reach }
    }

    /// Taken is what the collector says it has taken.
    pub(super) async fn write(&self, told: &[Told]) -> Result<(), String> {
        let place = |told: Option<&Told>| told.map_or(0, |told| told.record.seq);
        let (first, last) = (place(told.first()), place(told.last()));
        let mut request = Request::post(self.url.as_str())
            .header(CONTENT_TYPE, self.kind)
            // The same records again have the same key, as far as they are cut alike.
            .header("idempotency-key", format!("{}-{first}-{last}", self.name));
        for (name, value) in &self.headers {
            request = request.header(name, value.expose());
        }
        let body: String = told.iter().map(|told| told.text.as_str()).collect();
        let request = request.body(body.into_bytes()).map_err(|error| error.to_string())?;
        let reply = fetch(request, self.reach, LONGEST).await.map_err(|fault| fault.to_string())?;
        let status = reply.status();
        if status.is_success() { Ok(()) } else { Err(format!("the collector answered {status}")) }
    }
}
