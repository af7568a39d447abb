//! How does a time-stamping authority say that a checkpoint was there at a time?

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Request;
use http::header::CONTENT_TYPE;
use url::Url;

use super::{DEADLINE, Given};
use crate::audit::timestamp;
use crate::clock::chance;
use crate::digest::sha256;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};

/// Has a checkpoint stamped, and gives the token in base64.
pub(super) async fn give((url, private): (&Url, Private), given: &Given) -> Result<String, String> {
    let hash = sha256(given.note.as_bytes());
    let nonce = chance::<8>().map_err(|error| error.to_string())?;
    let request = Request::post(url.as_str()).header(CONTENT_TYPE, "application/timestamp-query");
    let request = request.body(timestamp::request(&hash, &nonce)).map_err(|error| error.to_string())?;
    let reply = fetch(request, reach_of(url, private), DEADLINE).await.map_err(|fault| fault.to_string())?;
    if !reply.status().is_success() {
        return Err(format!("it answered {}", reply.status()));
    }
    let stamped = timestamp::read(reply.body(), &hash, &nonce).map_err(|error| error.to_string())?;
    Ok(BASE64.encode(stamped.token))
}
