//! Whose key is believed?

use clap::Args;

use crate::audit::entry::{Entry, Event, Operated};
use crate::channels::signature::Checker;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Global, runtime};
use crate::clock::{Clock as _, SystemClock};
use crate::gateway::recorder::Recorder;
use crate::intent::envelope::device_id;
use crate::secret::Secret;
use crate::store::devices::KeptDevice;
use crate::store::{Store, StoreOptions};

/// What `hook admit` takes.
#[derive(Args, Debug)]
pub struct AdmitArgs {
    /// What the device is called
    #[arg(value_parser = name)]
    name: String,
    /// Its public key, as `hook enroll --elsewhere` prints it
    #[arg(value_name = "KEY", value_parser = key)]
    key: String,
    /// Whose calls it reports: a principal such as key:alice-laptop, or a person
    #[arg(long = "for", value_name = "WHO", required = true, value_parser = principal)]
    principals: Vec<String>,
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    let fits = !text.is_empty() && text.len() <= 64 && text.chars().all(good);
    fits.then(|| text.to_owned()).ok_or_else(|| "use 1 to 64 letters, digits and -_.@".to_owned())
}

pub(super) fn principal(text: &str) -> Result<String, String> {
    let good = !text.trim().is_empty() && text.len() <= 256 && !text.chars().any(crate::visible::is_harmful);
    good.then(|| text.trim().to_owned()).ok_or_else(|| "use 1 to 256 visible characters".to_owned())
}

fn key(text: &str) -> Result<String, String> {
    if !text.starts_with("whpk_") {
        return Err("a public key begins with `whpk_`".to_owned());
    }
    Checker::read(&Secret::new(text.to_owned())).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Runs the command.
pub fn run(args: &AdmitArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let options = StoreOptions::from(&global.store()?);
    let kept = KeptDevice {
        id: device_id(&args.key),
        name: args.name.clone(),
        public_key: args.key.clone(),
        principals: args.principals.clone(),
        made: SystemClock.now(),
        revoked: None,
    };
    runtime()?.block_on(async {
        let store = Store::open_beside(&options).await?;
        let done = admit(&store, &kept).await;
        store.close().await;
        done
    })?;
    let whose = kept.principals.join(", ");
    out.line(&format!("Device {} ({}) is enrolled and reports calls of {whose}.", kept.name, kept.id))?;
    Ok(Exit::Done)
}

/// Enrols a device, and says so in the book.
pub(super) async fn admit(store: &Store, device: &KeptDevice) -> anyhow::Result<()> {
    store.add_device(device).await?;
    let whose = device.principals.join(", ");
    write(store, "device_enrolled", format!("{} ({}), for {whose}", device.name, device.id)).await
}

/// Writes down what somebody did with a device.
pub(super) async fn write(store: &Store, what: &'static str, detail: String) -> anyhow::Result<()> {
    let entry = Entry { call: None, at: SystemClock.now(), event: Event::Operated(Operated { what, detail }) };
    Ok(Recorder::start(store.clone()).write(vec![entry]).await?)
}
