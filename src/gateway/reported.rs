//! How does what hooks report come in?
//!
//! Over HTTP, or by a folder beside the database: there a hook on the same machine leaves a signed report without waiting for
//! any database, and whichever gateway has a call next takes it in. Reports prove themselves: a device signs each one, with
//! the time, and the same one counts once. Nobody else's file in the folder is believed.
//!
//! Whoever may keep the key of a device may forge what it reports: hooks run with the rights of the person at the machine. So
//! a captured prompt says what that person's client says; it stops an agent that was talked into something, not its owner.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use super::Gateway;
use super::recorder::Unrecorded;
use super::settings::Prompts;
use crate::audit::entry::{Entry, Event, Prompted, Rejected};
use crate::call::caller::Caller;
use crate::channels::signature::{BadKey, Checker, Claimed, TOLERANCE_SECONDS, Unbelievable};
use crate::clock::{NoChance, Timestamp, chance};
use crate::digest::hex;
use crate::intent::envelope::Envelope;
use crate::intent::report::{LONGEST, MOST_WORDS, NoReport, Report, Told};
use crate::intent::{Provenance, redact};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::store::devices::KeptDevice;
use crate::store::reports::KeptReport;

/// Files that are taken in at once.
const MOST_FILES: usize = 1_000;
/// How long it is believed that nobody reports anything, and that somebody does.
const NOBODY_MICROS: i64 = 1_000_000;
const SOMEBODY_MICROS: i64 = 30_000_000;

/// What is known of those who report.
#[derive(Debug, Default)]
pub(super) struct Letterbox {
    /// One takes in what lies in the folder; others wait until it is done.
    turn: tokio::sync::Mutex<()>,
    /// Until when it is believed that nobody reports anything.
    nobody_until: AtomicI64,
    /// Until when it is believed that somebody does.
    somebody_until: AtomicI64,
    /// When what is too old was dropped last.
    swept: AtomicI64,
}

/// Why a report is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    /// No device of that id.
    #[error("no device of this id is enrolled here; `countersign hook enroll` makes one")]
    Unknown,
    /// It was taken back.
    #[error("this device was revoked; enrol it anew with `countersign hook enroll`")]
    Revoked,
    /// What it signed is not believed.
    #[error(transparent)]
    Unbelievable(#[from] Unbelievable),
    /// It is no report.
    #[error(transparent)]
    NoReport(#[from] NoReport),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The book failed.
    #[error(transparent)]
    Record(#[from] Unrecorded),
    /// The device's key in the store is none.
    #[error("what the store holds of this device is not its key: {0}")]
    Key(#[from] BadKey),
    /// No random number.
    #[error(transparent)]
    Chance(#[from] NoChance),
}

/// Who reports.
#[derive(Clone, Copy, Debug)]
enum By<'a> {
    Device(&'a KeptDevice),
    Caller(&'a Caller),
}

impl Unheard {
    /// Whether it may be taken in another time. What can never be kept must not keep what comes after it from coming in.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Store(StoreError::Database(_)) | Self::Record(_) | Self::Chance(_))
    }
}

impl Gateway {
    /// Takes in what a device signed.
    pub async fn hear_device(&self, device: &str, claimed: Claimed<'_>, body: &[u8]) -> Result<(), Unheard> {
        let device = self.store.find_device(device).await?.ok_or(Unheard::Unknown)?;
        if device.revoked.is_some() {
            return Err(Unheard::Revoked);
        }
        Checker::read(&Secret::new(device.public_key.clone()))?.check(claimed, body, self.clock.now())?;
        let id = format!("{}.{}", device.id, claimed.id);
        self.keep_report((&id, By::Device(&device)), Report::read(body)?).await
    }

    /// Takes in what somebody says who may make calls here. They may be the agent itself, so it is worth less.
    pub async fn hear_caller(&self, caller: &Caller, body: &[u8]) -> Result<(), Unheard> {
        let report = Report::read(body)?;
        let id = format!("{}.{}", caller.principal, hex(&chance::<16>()?));
        self.keep_report((&id, By::Caller(caller)), report).await
    }

    async fn keep_report(&self, (id, by): (&str, By<'_>), report: Report) -> Result<(), Unheard> {
        let now = self.clock.now();
        self.reports.somebody_until.store(now.micros().saturating_add(SOMEBODY_MICROS), Ordering::Relaxed);
        let near = |at: &i64| {
            let apart = at.saturating_sub(now.micros()).saturating_abs();
            apart <= TOLERANCE_SECONDS.saturating_mul(1_000_000)
        };
        let at = report.at.filter(near).map_or(now, Timestamp::from_micros);
        let words = match (&report.told, self.settings.reports.prompts) {
            (Told::Prompt { .. }, Prompts::Off) => return Ok(()),
            // No database holds a zero character.
            (Told::Prompt { text: Some(text), .. }, Prompts::Text) => {
                Some(redact::kept(&text.replace('\0', "\u{fffd}"), MOST_WORDS))
            }
            _ => None,
        };
        let reporter = match by {
            By::Device(device) => device.id.as_str(),
            By::Caller(caller) => caller.principal.as_str(),
        };
        let kept = KeptReport { id, by: reporter, at, report: &report, words: words.as_deref() };
        if !self.store.keep_report(kept).await? {
            return Ok(());
        }
        if let Some(event) = prompted(report, by) {
            self.recorder.write(vec![Entry { call: None, at, event: Event::Prompted(event) }]).await?;
        }
        Ok(())
    }

    /// Takes in what hooks left in the folder.
    pub(super) async fn take_in(&self) {
        let Some(folder) = &self.settings.reports.folder else { return };
        // Reading a folder and a few small files is quicker than handing that to a thread made for waiting.
        if waiting(folder).is_empty() {
            return;
        }
        let _turn = self.reports.turn.lock().await;
        for file in waiting(folder) {
            match self.read_letter(&file).await {
                Err(unheard) if unheard.is_passing() => {
                    tracing::warn!(%unheard, "what a hook reported cannot be taken in right now; it stays where it is");
                    return;
                }
                Err(unheard) => {
                    tracing::warn!(file = %file.display(), %unheard, "what lay among the reports of hooks is not believed");
                    self.turned_away(&unheard).await;
                }
                Ok(()) => {}
            }
            match std::fs::remove_file(&file) {
                // Another gateway took it in as well, and it counted once.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(file = %file.display(), %error, "a report that was taken in cannot be removed");
                }
                _ => {}
            }
        }
    }

    async fn read_letter(&self, file: &Path) -> Result<(), Unheard> {
        // Somebody else was quicker.
        let Some(text) = letter(file) else { return Ok(()) };
        let form = || NoReport::Form("no hook of ours wrote it".to_owned());
        let Envelope { device, id, time, signature, body } = Envelope::read(&text).ok_or_else(form)?;
        let claimed = Claimed { id: &id, time: &time, signatures: &signature };
        self.hear_device(&device, claimed, body.as_bytes()).await
    }

    async fn turned_away(&self, unheard: &Unheard) {
        let class = "rejected_identity";
        let why = format!("a report of a hook: {unheard}");
        let rejected = Rejected { class, why, transport: "file", principal: None, method: None };
        let entry = Entry { call: None, at: self.clock.now(), event: Event::Rejected(rejected) };
        if let Err(error) = self.recorder.write(vec![entry]).await {
            tracing::error!(%error, "the record cannot be written");
        }
    }

    /// Whether there is anything that reports.
    pub(super) async fn is_reported_to(&self) -> bool {
        let now = self.clock.now().micros();
        if now < self.reports.somebody_until.load(Ordering::Relaxed) {
            return true;
        }
        if now < self.reports.nobody_until.load(Ordering::Relaxed) {
            return false;
        }
        let somebody = self.store.is_reported_to().await.unwrap_or(true);
        let (until, long) = if somebody {
            (&self.reports.somebody_until, SOMEBODY_MICROS)
        } else {
            (&self.reports.nobody_until, NOBODY_MICROS)
        };
        until.store(now.saturating_add(long), Ordering::Relaxed);
        somebody
    }

    /// Takes in what nobody needed, and drops what is too old.
    pub(super) async fn sweep_reports(&self, now: Timestamp) {
        self.take_in().await;
        let keep = i64::try_from(self.settings.reports.keep.as_micros()).unwrap_or(i64::MAX);
        let before = now.micros().saturating_sub(keep);
        let every = (keep / 50).clamp(1_000_000, 3_600_000_000);
        if now.micros().saturating_sub(self.reports.swept.load(Ordering::Relaxed)) < every {
            return;
        }
        self.reports.swept.store(now.micros(), Ordering::Relaxed);
        if let Err(error) = self.store.sweep_reports(Timestamp::from_micros(before)).await {
            tracing::warn!(%error, "prompts that are too old to be kept stay in the store until the next time");
        }
    }
}

fn prompted(report: Report, by: By<'_>) -> Option<Prompted> {
    let Report { client, session, turn, model, told, .. } = report;
    let Told::Prompt { digest, .. } = told else { return None };
    let (device, principal, provenance) = match by {
        By::Device(device) => (Some(device.name.clone()), None, Provenance::Captured),
        By::Caller(caller) => (None, Some(caller.principal.clone()), Provenance::Asserted),
    };
    Some(Prompted { client, device, principal, session, turn, model, digest: digest.to_string(), provenance })
}

/// What lies in the folder, oldest first. None there: nobody ever reported anything.
fn waiting(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = std::fs::read_dir(folder) else { return Vec::new() };
    let letters = found.filter_map(Result::ok).map(|entry| entry.path());
    let is_letter = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "json");
    let mut letters: Vec<PathBuf> = letters.filter(is_letter).take(MOST_FILES).collect();
    letters.sort();
    letters
}

/// The text of a file that is one; nothing when it is not there any more.
fn letter(file: &Path) -> Option<Vec<u8>> {
    if !std::fs::symlink_metadata(file).ok()?.is_file() {
        return Some(Vec::new());
    }
    // A body inside JSON takes more room than by itself.
    let most = u64::try_from(LONGEST.saturating_mul(2)).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    std::fs::File::open(file).ok()?.take(most).read_to_end(&mut text).ok()?;
    Some(text)
}
