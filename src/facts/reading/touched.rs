//! Which things does a call touch?

use std::collections::BTreeSet;

use super::{Access, Asked, Catalogue, Does, Facts, Object, Reading, Reason, Thing, path, url};
use crate::facts::automatic::Reference;
use crate::facts::merged::{Shell, Sql};

/// How many resources are told.
const MOST: usize = 256;

/// Things found so far.
pub(super) struct Touched<'a> {
    asked: &'a Asked<'a>,
    reference: Option<Reference>,
    access: Access,
    found: BTreeSet<(Thing, String, Access, Sure)>,
}

/// Whether it is certain that this is the thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    Yes,
    /// Another may be meant, so that what is known of this one says nothing.
    No,
}

impl<'a> Touched<'a> {
    pub(super) fn new(asked: &'a Asked<'a>, plan: &Reading) -> Self {
        let reference = plan.reference();
        let does = reference.zip(asked.tool).map_or(Does::Uses, |(reference, tool)| reference.does(tool));
        let access = match does {
            Does::Reads => Access::Read,
            Does::Writes => Access::Write,
            Does::Uses if asked.address.is_some() => Access::Read,
            Does::Uses => Access::Use,
        };
        Self { asked, reference, access, found: BTreeSet::new() }
    }

    pub(super) fn host(&mut self, facts: &url::Facts) {
        if let Some(host) = &facts.host {
            self.add(Thing::Host, host, self.access, facts.complete);
        }
    }

    pub(super) fn path(&mut self, facts: &path::Facts) {
        let thing = if self.reference == Some(Reference::Git) { Thing::Repository } else { Thing::Path };
        self.add(thing, &facts.path, self.access, facts.complete);
    }

    /// GitHub names a repository by two arguments.
    pub(super) fn repositories(&mut self, arguments: &Object) {
        if self.reference == Some(Reference::Github)
            && let Some((owner, repo)) = arguments.str("owner").zip(arguments.str("repo"))
        {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let sure = owner.chars().all(plain) && repo.chars().all(plain);
            self.add(Thing::Repository, &format!("{owner}/{repo}"), self.access, sure);
        }
    }

    /// Tells everything found, and what the catalogue knows of it.
    pub(super) fn join(mut self, facts: &mut Facts, catalogue: &Catalogue) {
        if let Some(sql) = &facts.sql {
            self.tables(sql);
        }
        if let Some(shell) = &facts.shell {
            self.of_commands(shell);
        }
        let server = self.asked.server;
        for (thing, name, access, sure) in &self.found {
            let about = match sure {
                Sure::Yes => catalogue.about(*thing, name, *access, server),
                Sure::No => Catalogue::default().about(*thing, name, *access, server),
            };
            facts.resources.extend(about);
        }
        let tool = self.asked.tool.and_then(|tool| catalogue.tool(tool, server));
        facts.resources.extend(tool);
        if facts.resources.len() > MOST {
            facts.resources.truncate(MOST);
            facts.doubt(Reason::TooMany);
        }
    }

    /// What is not read for certain may touch every table.
    fn tables(&mut self, sql: &Sql) {
        for (names, access) in [(&sql.deeds.reads, Access::Read), (&sql.deeds.writes, Access::Write)] {
            for name in names {
                self.add(Thing::Table, name, access, true);
            }
            if !sql.complete {
                self.add(Thing::Table, "*", access, false);
            }
        }
    }

    fn of_commands(&mut self, shell: &Shell) {
        let files = shell.reads.iter().map(|file| (file, Access::Read));
        for (file, access) in files.chain(shell.writes.iter().map(|file| (file, Access::Write))) {
            let read = path::read(&file.path, path::Style::Posix, &[]);
            self.add(Thing::Path, &read.path, access, file.literal && read.complete);
        }
        for network in &shell.networks {
            let read = url::read(&format!("https://{}/", network.host));
            let name = read.host.as_deref().unwrap_or(&network.host);
            self.add(Thing::Host, name, Access::Use, network.literal && read.complete);
        }
    }

    fn add(&mut self, thing: Thing, name: &str, access: Access, sure: bool) {
        let sure = if sure { Sure::Yes } else { Sure::No };
        self.found.insert((thing, name.to_owned(), access, sure));
    }
}
