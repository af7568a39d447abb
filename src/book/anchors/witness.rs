//! How does a witness come to sign that the log only grew?
//!
//! C2SP `tlog-witness`: it is sent a checkpoint with the proof that it goes on from the one it signed last, and answers with
//! its signature. Which one that was it says itself when we are wrong about it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{Request, StatusCode};
use url::Url;

use super::{AnchorError, DEADLINE, Given};
use crate::audit::cosignature::Witness as Key;
use crate::book::reading::prove_growth;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};
use crate::store::Store;

/// What it answered.
enum Answer {
    Signed(String),
    Has(u64),
}

/// Has a checkpoint signed, and gives the line of the signature.
pub(super) async fn give(
    witness: (&Url, &Key, Private),
    given: &Given,
    (store, had): (&Store, u64),
) -> Result<String, AnchorError> {
    let size = given.said.size;
    let has = match ask(witness, given, (store, had.min(size))).await? {
        Answer::Signed(line) => return Ok(line),
        Answer::Has(has) => has,
    };
    if has > size {
        return Err(failed(format!(
            "it signed {has} entries of this log before, and this is {size}: another gateway was faster, or this database was \
             restored or replaced"
        )));
    }
    match ask(witness, given, (store, has)).await? {
        Answer::Signed(line) => Ok(line),
        Answer::Has(other) => Err(failed(format!("it said that it has {has} entries, and then {other}"))),
    }
}

/// How many entries it signed before. It says so to whoever is wrong about it, and one that signed none takes this one.
pub(super) async fn signed(witness: (&Url, &Key, Private), given: &Given, store: &Store) -> Result<u64, AnchorError> {
    match ask(witness, given, (store, 0)).await? {
        Answer::Signed(_) => Ok(given.said.size),
        Answer::Has(has) => Ok(has),
    }
}

async fn ask(
    (url, key, private): (&Url, &Key, Private),
    given: &Given,
    (store, old): (&Store, u64),
) -> Result<Answer, AnchorError> {
    let mut body = format!("old {old}\n");
    for hash in prove_growth(store, old, given.said.size).await? {
        body.push_str(&BASE64.encode(hash));
        body.push('\n');
    }
    body.push('\n');
    body.push_str(&given.note);
    let address = format!("{}/add-checkpoint", url.as_str().trim_end_matches('/'));
    let request = Request::post(address).body(body.into_bytes()).map_err(|error| failed(error.to_string()))?;
    let reply = fetch(request, reach_of(url, private), DEADLINE).await.map_err(|fault| failed(fault.to_string()))?;
    let text = String::from_utf8_lossy(reply.body());
    match reply.status() {
        StatusCode::OK => {
            let unsigned = || failed("it answered with no signature of its key over this checkpoint".to_owned());
            key.signed(&given.text, &text).map(|signed| Answer::Signed(signed.line)).ok_or_else(unsigned)
        }
        StatusCode::CONFLICT => {
            let has =
                text.trim().parse().map_err(|_| failed("it has another size, and does not say which".to_owned()))?;
            Ok(Answer::Has(has))
        }
        StatusCode::UNPROCESSABLE_ENTITY => Err(failed(
            "it signed another history of this log: what it has is not the beginning of what this database has"
                .to_owned(),
        )),
        StatusCode::FORBIDDEN => Err(failed(
            "it does not believe the key of this log; give whoever runs it what `countersign audit key` prints"
                .to_owned(),
        )),
        StatusCode::NOT_FOUND => Err(failed(format!(
            "it does not know the log {}; ask whoever runs it to add it, with what `countersign audit key` prints",
            given.said.origin
        ))),
        other => Err(failed(format!("it answered {other}"))),
    }
}

const fn failed(why: String) -> AnchorError {
    AnchorError::Failed(why)
}
