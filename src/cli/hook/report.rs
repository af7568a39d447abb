//! How is what a hook was given reported in time?
//!
//! All of it happens on a thread of its own; whoever started the hook waits no longer than they said, whatever the disk, the
//! network or standard input do. Reports to a gateway on this machine are left in a folder: that takes no connection, no
//! database and no configuration, and is there before the call is.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use http::Request;
use http::header::CONTENT_TYPE;
use url::Url;

use super::device::{Device, NoDevice, Way, Words, file, put};
use crate::channels::signature::{BadKey, ID, SIGNATURE, Signer, TIME, TOLERANCE_SECONDS};
use crate::clock::{Clock as _, NoChance, SystemClock, Timestamp, chance};
use crate::digest::hex;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};
use crate::intent::client::{Client, Unreadable};
use crate::intent::envelope::{DEVICE, Envelope};
use crate::intent::redact;
use crate::intent::report::{MOST_WORDS, NoReport, Report, Told};

/// No client gives a hook more.
const MOST_INPUT: u64 = 4 << 20;
/// So many files are looked at for those that nobody took in.
const MOST_FILES: usize = 200;

/// Whose words stand on standard input.
#[derive(Clone, Copy, Debug)]
pub enum Given {
    /// What this client gives its hooks.
    ByClient(Client),
    /// A report in our own form.
    Ours,
}

impl Given {
    fn read(self, text: &[u8]) -> Result<Option<Report>, Fault> {
        match self {
            Self::ByClient(client) => Ok(client.read(text)?),
            Self::Ours => Ok(Some(Report::read(text)?)),
        }
    }
}

/// What a person can mend.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no device.
    #[error(transparent)]
    NoDevice(#[from] NoDevice),
    /// Standard input is none of the client's.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Standard input is no report.
    #[error(transparent)]
    NoReport(#[from] NoReport),
    /// The key in the file is none.
    #[error("the key of this device cannot be used: {0}; enrol it anew")]
    Key(#[from] BadKey),
    /// The folder is not there.
    #[error("nothing can be left in {0}; was the gateway moved? enrol this device anew")]
    Folder(String),
    /// The address is none.
    #[error("the gateway's address in the file of this device cannot be used: {0}")]
    Address(String),
    /// The gateway said no.
    #[error("the gateway does not believe this device: {0}")]
    Refused(String),
    /// No random number.
    #[error(transparent)]
    Chance(#[from] NoChance),
}

/// Reports what stands on standard input. Whatever takes longer is given up, and nobody hears of it.
pub fn within(given: Given, named: Option<PathBuf>, patience: Duration) -> Result<(), Fault> {
    let (tell, told) = mpsc::channel();
    let work = move || drop(tell.send(report(given, named, patience)));
    // The thread ends with the process, wherever it stands then.
    match thread::Builder::new().name("hook".to_owned()).spawn(work) {
        Ok(_) => told.recv_timeout(patience).unwrap_or(Ok(())),
        Err(_) => Ok(()),
    }
}

fn report(by: Given, named: Option<PathBuf>, patience: Duration) -> Result<(), Fault> {
    let device = Device::read(&file(named)?)?;
    let mut given = Vec::new();
    if io::stdin().lock().take(MOST_INPUT).read_to_end(&mut given).is_err() {
        return Ok(());
    }
    let Some(report) = by.read(&given)? else { return Ok(()) };
    if device.prompts == Words::Off && matches!(report.told, Told::Prompt { .. }) {
        return Ok(());
    }
    let now = SystemClock.now();
    let report = report.with_words(|words| (device.prompts == Words::Text).then(|| redact::kept(words, MOST_WORDS)));
    let envelope = seal(&device, &Report { at: Some(now.micros()), ..report }, now)?;
    match &device.way {
        Way::Folder(folder) => leave(folder, &envelope, now),
        Way::Gateway(address) => send(address, &envelope, patience),
    }
}

fn seal(device: &Device, report: &Report, now: Timestamp) -> Result<Envelope, Fault> {
    // Names sort as times, so what was reported first is taken in first.
    let id = format!("{:016x}-{}", now.micros(), hex(&chance::<8>()?));
    let body = report.write();
    let signature = Signer::read(&device.key)?.sign(&id, now, body.as_bytes());
    Ok(Envelope { device: device.id.clone(), id, time: now.seconds().to_string(), signature, body })
}

fn leave(folder: &Path, envelope: &Envelope, now: Timestamp) -> Result<(), Fault> {
    tidy(folder, now);
    let file = folder.join(format!("{}.json", envelope.id));
    put(&file, envelope.write().as_bytes()).map_err(|_| Fault::Folder(folder.display().to_string()))
}

/// Takes away what no gateway took in and none would believe any more: nobody's words lie about because nothing runs.
fn tidy(folder: &Path, now: Timestamp) {
    let Ok(found) = fs::read_dir(folder) else { return };
    let oldest = now.micros().saturating_sub(TOLERANCE_SECONDS.saturating_mul(1_000_000));
    for entry in found.filter_map(Result::ok).take(MOST_FILES) {
        let name = entry.file_name();
        let at = name.to_str().and_then(|name| name.get(..16)).and_then(|at| i64::from_str_radix(at, 16).ok());
        if at.is_some_and(|at| at < oldest) {
            // Somebody else was quicker.
            drop(fs::remove_file(entry.path()));
        }
    }
}

fn send(address: &str, envelope: &Envelope, patience: Duration) -> Result<(), Fault> {
    let bad = |why: &dyn std::fmt::Display| Fault::Address(why.to_string());
    let url = Url::parse(address).and_then(|base| base.join("/hooks/v1")).map_err(|error| bad(&error))?;
    let request = Request::post(url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(DEVICE, &envelope.device)
        .header(ID, &envelope.id)
        .header(TIME, &envelope.time)
        .header(SIGNATURE, &envelope.signature)
        .body(envelope.body.clone().into_bytes())
        .map_err(|error| bad(&error))?;
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Ok(()) };
    let reply = runtime.block_on(fetch(request, reach_of(&url, Private::Allowed), patience));
    // Who cannot be reached is not this person's to mend now; that nothing was captured is seen at the call.
    let Ok(reply) = reply else { return Ok(()) };
    if reply.status().is_client_error() {
        let told: serde_json::Value = serde_json::from_slice(reply.body()).unwrap_or_default();
        let why = told.get("detail").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        return Err(Fault::Refused(if why.is_empty() { reply.status().to_string() } else { why }));
    }
    Ok(())
}
