//! Which devices may report prompts?

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use url::Url;

use super::WordsAsked;
use super::admit::{admit, name, principal};
use super::device::{Device, NoDevice, Way, file};
use crate::address::names_this_machine;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Paint};
use crate::cli::{Global, runtime};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Intent, Surroundings};
use crate::identity::local;
use crate::store::devices::KeptDevice;
use crate::store::{Store, StoreOptions};

/// What `hook enroll` takes.
#[derive(Args, Debug)]
pub struct EnrollArgs {
    /// What you call this device; people see it beside what it reported
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: String,
    /// Whose calls it reports: a principal such as os:alice or key:alice-laptop, or a person [default: you, over stdio]
    #[arg(long = "for", value_name = "WHO", value_parser = principal)]
    principals: Vec<String>,
    /// Report over HTTP to the gateway at this address, instead of in a folder on this machine
    #[arg(long, value_name = "URL", value_parser = gateway)]
    gateway: Option<String>,
    /// The gateway's database is elsewhere: print the command to type there
    #[arg(long, requires = "gateway")]
    elsewhere: bool,
    /// What leaves this device of a prompt: its words without secrets, only its digest, or nothing
    #[arg(long, value_name = "text|digest|off", default_value = "text", hide_possible_values = true)]
    prompts: WordsAsked,
    /// Where the device's key is kept [default: the user's countersign/device.json]
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,
    /// Put a new key in the place of one that is there
    #[arg(long)]
    replace: bool,
}

fn gateway(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let local = url.host().is_some_and(|host| names_this_machine(&host));
    match url.scheme() {
        "https" => Ok(url.to_string()),
        "http" if local => Ok(url.to_string()),
        _ => Err("prompts go over https; only to this machine may it be http".to_owned()),
    }
}

/// Runs the command.
pub fn run(args: &EnrollArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let file = file(args.device.clone())?;
    if !args.replace && file.exists() {
        return Err(NoDevice::Exists(file.display().to_string()).into());
    }
    let given = args.principals.clone();
    let principals = if given.is_empty() { vec![local::caller().principal] } else { given };
    if args.elsewhere {
        let way = Way::Gateway(args.gateway.clone().unwrap_or_default());
        let (device, public) = Device::make(args.name.clone(), way, args.prompts.into())?;
        device.write(&file)?;
        out.line(&format!("The key of {} is in {}. Type this where the gateway runs:\n", args.name, file.display()))?;
        let whose: Vec<String> = principals.iter().map(|who| format!(" --for {who}")).collect();
        out.line(&format!("  countersign hook admit {} {public}{}", args.name, whose.concat()))?;
        return Ok(Exit::Done);
    }
    let (intent, store) = Intent::load(&global.request(), &Surroundings::of_this_process()?)?;
    let way = match (&args.gateway, intent.folder) {
        (Some(address), _) => Way::Gateway(address.clone()),
        (None, Some(folder)) => {
            make(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
            Way::Folder(folder)
        }
        (None, None) => {
            return Err(anyhow!("the record is in no file of this machine; give --gateway URL, or set intent.folder"));
        }
    };
    let (device, public) = Device::make(args.name.clone(), way, args.prompts.into())?;
    let options = StoreOptions::from(&store);
    runtime()?.block_on(async {
        let store = Store::open_beside(&options).await?;
        let kept = KeptDevice {
            id: device.id.clone(),
            name: device.name.clone(),
            public_key: public,
            principals: principals.clone(),
            made: SystemClock.now(),
            revoked: None,
        };
        let done = async {
            admit(&store, &kept).await?;
            if let Err(error) = device.write(&file) {
                store.revoke_device(&kept.id, SystemClock.now()).await?;
                return Err(error.into());
            }
            anyhow::Ok(())
        };
        let done = done.await;
        store.close().await;
        done
    })?;
    let whose = principals.join(", ");
    out.line(&format!("Device {} ({}) is enrolled and reports calls of {whose}.", device.name, device.id))?;
    out.line(&format!("Its key is in {}. Next: countersign hook install claude-code --write", file.display()))?;
    Ok(Exit::Done)
}

/// This device under its own name, if it is not enrolled yet.
pub fn as_usual(global: &Global, out: &mut Output<'_>) -> anyhow::Result<()> {
    let there = file(None)?;
    if there.exists() {
        return Ok(());
    }
    let host = fs::read_to_string("/etc/hostname").unwrap_or_default();
    let args = EnrollArgs {
        name: name(host.trim()).unwrap_or_else(|_| "this-device".to_owned()),
        principals: Vec::new(),
        gateway: None,
        elsewhere: false,
        prompts: WordsAsked::Text,
        device: None,
        replace: false,
    };
    // What comes next is for whoever calls this to say.
    run(&args, global, &mut Output::new(&mut std::io::sink(), Paint::Plain))?;
    Ok(out.line(&format!("Device {} is enrolled; its key is in {}.", args.name, there.display()))?)
}

/// The folder is for whoever runs the gateway alone.
fn make(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(())
}
