//! How bad is it to touch this file or host?

use super::judge::Judge;
use super::script::{Reason, Redirect, RedirectKind};
use super::word::Word;
use super::{Access, File, MOST_FILES, Network};
use crate::facts::path::{self, Class, Style};
use crate::facts::risk::Risk;

/// What holds a whole file system.
const DISKS: [&str; 13] = [
    "/dev/sd",
    "/dev/nvme",
    "/dev/hd",
    "/dev/vd",
    "/dev/xvd",
    "/dev/mmcblk",
    "/dev/md",
    "/dev/dm-",
    "/dev/mapper/",
    "/dev/disk",
    "/dev/rdisk",
    "/dev/loop",
    "/dev/mem",
];
/// Devices that only take what is written.
const SINKS: [&str; 6] = ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero", "/dev/full"];
/// Folders whose files the system runs or obeys.
const SYSTEM: [&str; 16] = [
    "/etc",
    "/boot",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/root",
    "/sys",
    "/proc",
    "/var/spool",
    "/System",
    "/Library",
    "/private/etc",
    "/opt/bin",
    "/run",
];
/// Folders that hold everything.
const WHOLE: [&str; 18] = [
    "/", "~", ".", "..", "/home", "/etc", "/usr", "/var", "/bin", "/root", "/boot", "/lib", "/opt", "/srv", "/Users",
    "$HOME", "${HOME}", "/dev",
];
/// Files and folders that a later program runs or obeys, whichever folder they are in.
const OBEYED: [&str; 22] = [
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".inputrc",
    ".vimrc",
    ".gitconfig",
    ".gitmodules",
    ".ssh",
    ".envrc",
    ".git",
    "autostart",
    "LaunchAgents",
    "LaunchDaemons",
    "crontab",
    "systemd",
];

impl Judge {
    fn file(&mut self, word: &Word, access: Access) -> Option<path::Facts> {
        if self.facts.reads.len().saturating_add(self.facts.writes.len()) >= MOST_FILES {
            self.opaque(Reason::TooLarge);
            return None;
        }
        let file = File { path: word.text.clone(), literal: word.is_literal(), access };
        let files = if access == Access::Read { &mut self.facts.reads } else { &mut self.facts.writes };
        files.push(file);
        let place = path::read(&word.text, Style::Posix, &[]);
        if place.sensitive.is_some_and(|class| class != Class::Settings) {
            self.raise(Risk::High, Reason::Sensitive);
        }
        Some(place)
    }

    pub(super) fn reads(&mut self, word: &Word) {
        if word.text != "-" && !is_process(word) {
            self.file(word, Access::Read);
        }
    }

    pub(super) fn writes(&mut self, word: &Word, access: Access) {
        if is_process(word) || SINKS.contains(&word.text.as_str()) {
            return;
        }
        self.raise(Risk::Medium, Reason::Writes);
        if word.is_unknown() && word.text.contains(['$', '`']) {
            self.opaque(Reason::TargetNotLiteral);
        }
        let Some(place) = self.file(word, access) else { return };
        let path = place.path.as_str();
        let within =
            |folder: &&str| path.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if DISKS.iter().any(|disk| path.starts_with(disk)) {
            self.raise(Risk::Critical, Reason::Destroys);
        } else if path.starts_with("/dev/") && !path.starts_with("/dev/fd/") && !SINKS.contains(&path) {
            self.raise(Risk::High, Reason::Destroys);
        }
        if SYSTEM.iter().any(within) || path.split('/').any(|name| OBEYED.contains(&name)) {
            self.raise(Risk::High, Reason::SystemFile);
        }
    }

    /// A folder and all that is in it is deleted.
    pub(super) fn empties(&mut self, word: &Word) {
        let path = path::read(&word.text, Style::Posix, &[]).path;
        let path = path.trim_end_matches("/*").trim_end_matches("/.");
        let path = if path.is_empty() { "/" } else { path };
        if WHOLE.contains(&path) || DISKS.iter().any(|disk| path.starts_with(disk)) {
            self.raise(Risk::Critical, Reason::Destroys);
        }
    }

    pub(super) fn reaches(&mut self, word: &Word, program: &str) {
        let text = word.text.split_once("://").map_or(word.text.as_str(), |(_, rest)| rest);
        let text = text.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let host = if text.starts_with('[') {
            text.trim_start_matches('[').split(']').next().unwrap_or_default()
        } else {
            text.split(':').next().unwrap_or_default()
        };
        // curl makes several hosts of brackets, and an expansion before the host's end may bring an end of its own.
        let literal = word.is_literal()
            || !word.is_unknown() && !host.contains(['{', '~'])
            || word.is_unknown() && is_fixed(word, host);
        let literal = literal && !host.contains(['{', '}', '[', '*']);
        if self.facts.networks.len() >= MOST_FILES {
            return self.opaque(Reason::TooLarge);
        }
        self.facts.networks.push(Network { host: host.to_owned(), literal, program: program.to_owned() });
        self.raise(Risk::Medium, Reason::ReachesNetwork);
        if !literal {
            self.opaque(Reason::HostNotLiteral);
        }
        self.sends(word);
    }

    /// A word that goes to another machine as it is.
    pub(super) fn sends(&mut self, word: &Word) {
        if word.substitutes() {
            self.raise(Risk::Critical, Reason::DataLeaves);
        }
        self.carries(word);
    }

    pub(super) fn redirect(&mut self, redirect: &Redirect) {
        let target = &redirect.target;
        if let Some(place) = ["/dev/tcp/", "/dev/udp/"].iter().find_map(|start| target.text.strip_prefix(start)) {
            let mut host = target.clone();
            place.clone_into(&mut host.text);
            self.reaches(&host, "/dev/tcp");
            return self.raise(Risk::Critical, Reason::DataLeaves);
        }
        match redirect.kind {
            RedirectKind::Read => {
                if target.is_unknown() && target.text.contains('$') && !is_process(target) {
                    self.raise(Risk::Medium, Reason::TargetNotLiteral);
                }
                self.reads(target);
            }
            RedirectKind::Write => self.writes(target, Access::Write),
            RedirectKind::Append => self.writes(target, Access::Append),
            RedirectKind::Both => {
                self.reads(target);
                self.writes(target, Access::Write);
            }
            RedirectKind::Duplicate => {
                let stream = target.text.trim_end_matches('-').bytes().all(|digit| digit.is_ascii_digit());
                if !stream || !target.is_literal() {
                    self.writes(target, Access::Write);
                }
            }
            RedirectKind::Document | RedirectKind::Tabs | RedirectKind::Text => {}
        }
    }
}

/// Whether the expansions of a word stand after its host has ended.
fn is_fixed(word: &Word, host: &str) -> bool {
    let rest = word.text.split_once("://").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.strip_prefix(host))
        .is_some_and(|rest| rest.starts_with('/') && !host.is_empty() && !host.contains(['$', '`', '?', '*']))
}

/// `<(…)` is no file; what it runs is a command of its own.
fn is_process(word: &Word) -> bool {
    word.substitutes() && (word.text.starts_with("<(") || word.text.starts_with(">("))
}
