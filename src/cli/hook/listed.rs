//! Which devices were enrolled, and which count no more?

use clap::Args;
use serde_json::json;

use super::admit::write;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{Global, runtime};
use crate::clock::{Clock as _, SystemClock};
use crate::identity::Revoked;
use crate::store::devices::KeptDevice;
use crate::store::{Store, StoreOptions};

/// What `hook devices` takes.
#[derive(Args, Debug)]
pub struct DevicesArgs {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// What `hook revoke` takes.
#[derive(Args, Debug)]
pub struct RevokeArgs {
    /// Its name or id
    device: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists devices.
pub fn devices(args: &DevicesArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let all = runtime()?.block_on(async {
        let store = Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
        anyhow::Ok(store.list_devices().await?)
    })?;
    if args.json {
        all.iter().try_for_each(|device| out.json_line(&described(device)))?;
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        out.line("No device is enrolled. Enrol this one: countersign hook enroll --name NAME")?;
        return Ok(Exit::Done);
    }
    let row = |device: &KeptDevice| {
        let state = device.revoked.map_or_else(|| "counts".to_owned(), |at| format!("revoked {at}"));
        vec![device.id.clone(), device.name.clone(), device.principals.join(", "), device.made.to_string(), state]
    };
    out.table(&["ID", "NAME", "REPORTS CALLS OF", "ENROLLED", "STATE"], &all.iter().map(row).collect::<Vec<_>>())?;
    Ok(Exit::Done)
}

/// Takes one back.
pub fn revoke(args: &RevokeArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let options = StoreOptions::from(&global.store()?);
    let done = runtime()?.block_on(async {
        let store = Store::open_beside(&options).await?;
        let done = take_back(&store, &args.device).await;
        store.close().await;
        done
    })?;
    let Some((device, revoked)) = done else {
        return Err(Exit::NotFound.error("there is no such device; countersign hook devices lists them"));
    };
    match (args.json, revoked) {
        (true, _) => out.json_line(&described(&device))?,
        (false, Revoked::Earlier(at)) => out.line(&format!("Device {} was revoked before, {at}.", device.name))?,
        (false, _) => out.line(&format!("Device {} is revoked. What it reported counts no more.", device.name))?,
    }
    Ok(Exit::Done)
}

async fn take_back(store: &Store, wanted: &str) -> anyhow::Result<Option<(KeptDevice, Revoked)>> {
    let all = store.list_devices().await?;
    // A name may have been somebody else's before: the one that counts is meant.
    let named = all.iter().rev().find(|device| device.name == wanted && device.revoked.is_none());
    let found = named.or_else(|| all.iter().rev().find(|device| device.id == wanted || device.name == wanted));
    let Some(device) = found else { return Ok(None) };
    let revoked = store.revoke_device(&device.id, SystemClock.now()).await?;
    if matches!(revoked, Revoked::Now) {
        write(store, "device_revoked", format!("{} ({})", device.name, device.id)).await?;
    }
    let device = store.find_device(&device.id).await?.unwrap_or_else(|| device.clone());
    Ok(Some((device, revoked)))
}

fn described(device: &KeptDevice) -> serde_json::Value {
    json!({
        "id": device.id,
        "name": device.name,
        "for": device.principals,
        "made": device.made.to_string(),
        "revoked": device.revoked.map(|at| at.to_string()),
    })
}
