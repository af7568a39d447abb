//! `countersign undo`: clients' files become what they were.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::difference::{difference, hide};
use super::files::{self, Readers};
use super::record::Record;
use super::survey::Meant;
use crate::cli::Examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::clients::journal::{Change, Kept, Undone, Way, Why, named};

/// What `undo` takes.
#[derive(Args, Debug)]
pub struct UndoArgs {
    /// Only this client's
    #[arg(long = "client", value_name = "CLIENT", value_parser = super::survey::client)]
    clients: Vec<crate::clients::Client>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Forget what cannot be put back, instead of keeping it in the journal
    #[arg(long)]
    forget: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign undo --dry-run", "what would change, file by file"),
    ("countersign undo --client zed", "only of one client"),
]);

/// What became of one file.
struct Told {
    change: Change,
    now: String,
    undone: Undone,
    why: Option<String>,
}

/// Runs the command.
pub fn run(args: &UndoArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut record = Record::open()?;
    let meant = Meant { clients: args.clients.clone(), ..Meant::default() };
    let mut told: Vec<Told> = Vec::new();
    // The last first: then each file is what it was left as before.
    for change in record.journal.changes.clone().into_iter().rev().filter(|change| meant.client(change.client)) {
        let one = one(change, args, &told);
        if one.why.is_none() && !args.dry_run {
            record.journal.changes.retain(|kept| *kept != one.change);
            let left: Vec<Kept> = one.undone.left.iter().map(|(kept, _)| kept.clone()).collect();
            if !left.is_empty() && !args.forget {
                record.journal.changes.push(one.change.with_only(left));
            }
            record.save()?;
        }
        told.push(one);
    }
    let mut stayed = Vec::new();
    if !args.dry_run {
        stayed = take_out_unused(&mut record)?;
        record.save()?;
    }
    let whole = told.iter().all(|one| one.why.is_none() && (one.undone.left.is_empty() || args.forget));
    if args.json {
        let files: Vec<Value> = told.iter().map(described).collect();
        out.json(&json!({ "version": 1, "done": whole && !args.dry_run, "files": files, "kept": stayed }))?;
    } else {
        print(&told, &stayed, (args, &record.place()), out)?;
    }
    Ok(if whole { Exit::Done } else { Exit::Failed })
}

fn one(change: Change, args: &UndoArgs, before: &[Told]) -> Told {
    let path = Path::new(&change.file);
    // What an earlier step of a dry run would have made of it.
    let earlier = before.iter().rev().find(|told| args.dry_run && told.change.file == change.file);
    let now = match earlier {
        Some(told) => Ok(Some(told.undone.text.clone())),
        None => files::read(path).map_err(|why| why.to_string()),
    };
    let nothing = |text: &str| Undone { way: Way::Already, text: text.to_owned(), back: Vec::new(), left: Vec::new() };
    let now = match now {
        Ok(Some(now)) => now,
        Ok(None) if change.hook.is_some() => String::new(),
        Ok(None) if args.forget => return Told { undone: nothing(""), change, now: String::new(), why: None },
        Ok(None) => {
            return Told { undone: nothing(""), change, now: String::new(), why: Some("it is gone".to_owned()) };
        }
        Err(why) => return Told { undone: nothing(""), change, now: String::new(), why: Some(why) },
    };
    let undone = change.undo(&now);
    let same = undone.text == now;
    let done = if args.dry_run || same {
        Ok(())
    } else if undone.way == Way::Whole && !change.existed {
        std::fs::remove_file(path).map_err(|why| why.to_string())
    } else {
        files::replace(path, Some(&named(&now)), &undone.text, Readers::AsBefore).map_err(|why| why.to_string())
    };
    Told { change, now, undone, why: done.err() }
}

/// Takes servers out of configurations that no client is led to any more. Gives those that stayed, and why.
pub fn take_out_unused(record: &mut Record) -> anyhow::Result<Vec<String>> {
    let mut stayed = Vec::new();
    // The last first, so that each stands where it was put.
    for addition in record.journal.unused().into_iter().rev() {
        let path = Path::new(&addition.config);
        let about = format!("[servers.{}] in {}", addition.server, addition.config);
        let Some(now) = files::read(path)? else { continue };
        match addition.taken_out(&now) {
            None if !now.contains(&format!("[servers.{}]", addition.server)) => {}
            None => {
                stayed.push(format!("{about} stays: it was edited since, and no client is led to it any more"));
                continue;
            }
            Some(text) => files::replace(path, Some(&named(&now)), &text, Readers::AsBefore)?,
        }
        for file in &addition.files {
            if let Err(why) = std::fs::remove_file(file)
                && why.kind() != std::io::ErrorKind::NotFound
            {
                stayed.push(format!("{file} stays: {why}"));
            }
        }
        // Only where it is empty.
        drop(addition.files.first().and_then(|file| Path::new(file).parent()).map(std::fs::remove_dir));
    }
    Ok(stayed)
}

const fn way(way: Way) -> &'static str {
    match way {
        Way::Whole => "whole",
        Way::Already => "already",
        Way::Merged => "merged",
    }
}

fn described(told: &Told) -> Value {
    let hidden = told.change.hidden();
    let left = told.undone.left.iter().map(|(kept, why)| {
        let now = if let Why::Edited { now } = why { Some(hide(now, &hidden)) } else { None };
        let original = hide(&kept.original, &hidden);
        json!({ "name": kept.name, "path": kept.path, "why": why.to_string(), "original": original, "now": now })
    });
    json!({
        "client": told.change.client.word(), "file": told.change.file, "way": way(told.undone.way), "why": told.why,
        "back": told.undone.back, "left": left.collect::<Vec<_>>(),
    })
}

fn print(
    told: &[Told],
    stayed: &[String],
    (args, place): (&UndoArgs, &str),
    out: &mut Output<'_>,
) -> anyhow::Result<()> {
    if told.is_empty() {
        out.line("Nothing of ours is in any client's file.")?;
    }
    for one in told {
        let file = &one.change.file;
        if let Some(why) = &one.why {
            out.marked(Mark::Fail, &format!("{file}: {why}; what stood there is in {place}"))?;
            continue;
        }
        let did = match (one.undone.way, args.dry_run) {
            (Way::Already, _) if one.undone.back.is_empty() => "is gone, and forgotten",
            (Way::Already, _) => "is what it was",
            (Way::Whole, false) => "is what it was again, byte for byte",
            (Way::Whole, true) => "would be what it was again, byte for byte",
            (Way::Merged, false) => "was edited since; only our entries were put back",
            (Way::Merged, true) => "was edited since; only our entries would be put back",
        };
        out.marked(Mark::Ok, &format!("{file} {did}"))?;
        let hidden = one.change.hidden();
        if args.dry_run {
            out.lines(&difference(file, &one.now, &one.undone.text, &hidden))?;
        }
        for (kept, why) in &one.undone.left {
            out.marked(Mark::Warn, &format!("{} stays as it is: {why}. It was:", kept.name))?;
            out.lines(&hide(&kept.original, &hidden))?;
            if let Why::Edited { now } = why {
                out.line("and is now:")?;
                out.lines(&hide(now, &hidden))?;
            }
            out.line(&format!("Whole, with its secrets, it stands in {place} until `countersign undo --forget`."))?;
        }
    }
    stayed.iter().try_for_each(|text| out.marked(Mark::Warn, text))?;
    Ok(())
}
