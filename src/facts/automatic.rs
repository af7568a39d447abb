//! What is an argument, when nobody says?
//!
//! A known server is recognised by what the operator starts or connects to, never by what it says of itself. Of other
//! servers the last word of an argument's name counts: `image_url`, `outputPath`. A `query` may be a search as well as
//! SQL, so only the operator can say which.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::sync::Arc;

use super::plan::{Kind, Paths};
use super::{shell, sql};

/// How the operator starts a server or connects to it, as far as it says what its arguments are.
#[derive(Clone, Debug)]
pub struct Start {
    /// The server, if it is a known one.
    pub reference: Option<Reference>,
    /// The folders it was given.
    pub roots: Arc<[String]>,
}

/// A server whose arguments are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Files below the folders it was given.
    Filesystem,
    /// Git repositories on disk.
    Git,
    /// Pages of the web.
    Fetch,
    /// One SQLite database.
    Sqlite,
    /// One `PostgreSQL` database.
    Postgres,
    /// GitHub.
    Github,
    /// A browser.
    Browser,
    /// A shell.
    Shell,
    /// Nothing that could be read: memory, time, thoughts.
    Plain,
}

/// What an argument of a known server does to what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It is read.
    Reads,
    /// It is changed.
    Writes,
    /// Nobody knows.
    Uses,
}

/// The last parts of packages, modules and images.
const PACKAGES: &[(&str, Reference)] = &[
    ("server-filesystem", Reference::Filesystem),
    ("mcp-server-filesystem", Reference::Filesystem),
    ("mcp/filesystem", Reference::Filesystem),
    ("mcp-server-git", Reference::Git),
    ("mcp_server_git", Reference::Git),
    ("mcp/git", Reference::Git),
    ("mcp-server-fetch", Reference::Fetch),
    ("mcp_server_fetch", Reference::Fetch),
    ("mcp/fetch", Reference::Fetch),
    ("mcp-server-sqlite", Reference::Sqlite),
    ("mcp_server_sqlite", Reference::Sqlite),
    ("mcp/sqlite", Reference::Sqlite),
    ("server-postgres", Reference::Postgres),
    ("mcp-server-postgres", Reference::Postgres),
    ("mcp/postgres", Reference::Postgres),
    ("postgres-mcp", Reference::Postgres),
    ("server-github", Reference::Github),
    ("mcp-server-github", Reference::Github),
    ("github-mcp-server", Reference::Github),
    ("mcp/github", Reference::Github),
    ("server-puppeteer", Reference::Browser),
    ("mcp-server-puppeteer", Reference::Browser),
    ("mcp/puppeteer", Reference::Browser),
    ("@playwright/mcp", Reference::Browser),
    ("mcp/playwright", Reference::Browser),
    ("desktop-commander", Reference::Shell),
    ("mcp-server-commands", Reference::Shell),
    ("mcp-shell-server", Reference::Shell),
    ("mcp-server-shell", Reference::Shell),
    ("server-everything", Reference::Plain),
    ("server-memory", Reference::Plain),
    ("mcp-server-everything", Reference::Plain),
    ("mcp-server-memory", Reference::Plain),
    ("mcp-server-sequential-thinking", Reference::Plain),
    ("server-sequential-thinking", Reference::Plain),
    ("mcp-server-time", Reference::Plain),
    ("mcp_server_time", Reference::Plain),
    ("mcp/everything", Reference::Plain),
    ("mcp/memory", Reference::Plain),
    ("mcp/sequentialthinking", Reference::Plain),
    ("mcp/time", Reference::Plain),
];

/// Programs that start other programs, and the words before the one they start.
const RUNNERS: &[&str] =
    &["npx", "npm", "pnpm", "bunx", "bun", "yarn", "uvx", "uv", "pipx", "python", "python3", "node", "deno"];
const BEFORE: &[&str] = &["run", "exec", "dlx", "x", "tool", "-m"];
const CONTAINERS: &[&str] = &["docker", "podman", "nerdctl"];

/// What words at the end of an argument's name mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Url,
    Path,
    Command,
    Statement,
    Name,
    Other,
}

/// Tools of known servers that only read.
const READERS: &[&str] = &[
    "read_file",
    "read_text_file",
    "read_media_file",
    "read_multiple_files",
    "list_directory",
    "list_directory_with_sizes",
    "directory_tree",
    "search_files",
    "get_file_info",
    "list_allowed_directories",
    "git_status",
    "git_diff",
    "git_diff_unstaged",
    "git_diff_staged",
    "git_log",
    "git_show",
    "git_branch",
];

impl Start {
    /// A server nobody knows.
    pub fn unknown() -> Self {
        Self { reference: None, roots: Arc::new([]) }
    }

    /// A program, its arguments, and the folder it runs in.
    pub fn of_program(command: &str, args: &[String], folder: &str) -> Self {
        let program = last_part(command).to_ascii_lowercase();
        let program = program.trim_end_matches(".exe").trim_end_matches(".cmd");
        let at = if RUNNERS.contains(&program) {
            // What follows an option may be its value; then nothing is recognised, which costs nothing but a guess.
            args.iter().position(|word| !word.starts_with('-') && !BEFORE.contains(&word.as_str()))
        } else if CONTAINERS.contains(&program) {
            args.iter().position(|word| whole(word).is_some())
        } else {
            None
        };
        let started = at.and_then(|at| args.get(at)).map_or(command, String::as_str);
        let reference = if CONTAINERS.contains(&program) { whole(started) } else { package(started) };
        let rest = args.get(at.map_or(0, |at| at.saturating_add(1))..).unwrap_or_default();
        let roots = match reference {
            Some(Reference::Filesystem) => folders(rest, folder),
            Some(Reference::Git) => {
                let option = rest.iter().position(|word| matches!(word.as_str(), "--repository" | "-r"));
                let named = option.and_then(|at| rest.get(at.saturating_add(1)..)).unwrap_or_default();
                folders(named.get(..named.len().min(1)).unwrap_or_default(), folder)
            }
            _ => Vec::new(),
        };
        Self { reference, roots: roots.into() }
    }

    /// A server elsewhere, by its host.
    pub fn of_host(host: &str) -> Self {
        let reference = (host == "api.githubcopilot.com").then_some(Reference::Github);
        Self { reference, ..Self::unknown() }
    }
}

impl Reference {
    /// What an argument of this server is.
    pub(super) fn kind(self, name: &str, roots: &Paths) -> Option<Kind> {
        let paths = || Some(Kind::Path(roots.clone()));
        match (self, name) {
            (Self::Filesystem, "path" | "paths" | "source" | "destination")
            | (Self::Git, "repo_path")
            | (Self::Shell, "path" | "paths" | "source" | "destination" | "cwd" | "workdir" | "directory")
            | (Self::Browser, "paths" | "filename") => paths(),
            (Self::Fetch | Self::Browser | Self::Shell, "url") => Some(Kind::Url),
            (Self::Sqlite, "query" | "sql") => Some(Kind::Sql(sql::Dialect::Sqlite)),
            (Self::Postgres, "sql" | "query") => Some(Kind::Sql(sql::Dialect::Postgres)),
            (Self::Shell, "command" | "cmd" | "script") => Some(Kind::Shell(shell::Dialect::Bash)),
            _ => None,
        }
    }

    /// What a tool of this server does to what its arguments name.
    pub(super) fn does(self, tool: &str) -> Does {
        match self {
            Self::Filesystem | Self::Git if READERS.contains(&tool) => Does::Reads,
            Self::Fetch => Does::Reads,
            Self::Github if ["get_", "list_", "search_"].iter().any(|start| tool.starts_with(start)) => Does::Reads,
            Self::Filesystem | Self::Git | Self::Github => Does::Writes,
            _ => Does::Uses,
        }
    }
}

/// What an argument is by its name.
pub(super) fn kind(name: &str) -> Option<Kind> {
    if word(name) == Word::Statement {
        return Some(Kind::UnknownSql);
    }
    let (before, last) = last_word(name);
    match word(last) {
        Word::Url => Some(Kind::Url),
        Word::Path => Some(Kind::Path(Paths::default())),
        Word::Name if word(last_word(before).1) == Word::Path => Some(Kind::Path(Paths::default())),
        Word::Command => Some(Kind::Shell(shell::Dialect::Posix)),
        // As in `raw_sql`; a `bank_statement` is none.
        Word::Statement if last.eq_ignore_ascii_case("sql") => Some(Kind::UnknownSql),
        Word::Other if ends_in_url(last) => Some(Kind::Url),
        Word::Name | Word::Statement | Word::Other => None,
    }
}

/// What a word means, however it is written. Asked for every argument of every call, so nothing is copied to the heap.
fn word(text: &str) -> Word {
    let mut lower = [0_u8; 16];
    let Some(place) = lower.get_mut(..text.len()) else { return Word::Other };
    place.copy_from_slice(text.as_bytes());
    place.make_ascii_lowercase();
    match &*place {
        b"url" | b"urls" | b"uri" | b"uris" | b"href" | b"hrefs" | b"endpoint" | b"endpoints" | b"link" | b"links"
        | b"webhook" | b"webhooks" => Word::Url,
        b"path" | b"paths" | b"file" | b"files" | b"filename" | b"filenames" | b"filepath" | b"filepaths"
        | b"pathname" | b"directory" | b"directories" | b"dir" | b"dirs" | b"folder" | b"folders" | b"cwd"
        | b"workdir" => Word::Path,
        b"command" | b"cmd" | b"script" | b"commandline" => Word::Command,
        b"sql" | b"statement" | b"statements" | b"sql_query" | b"sqlquery" | b"sql_statement" | b"sqlstatement" => {
            Word::Statement
        }
        b"name" => Word::Name,
        _ => Word::Other,
    }
}

/// `fileName`, `file_name` and `file-name` have two words.
fn last_word(name: &str) -> (&str, &str) {
    let bytes = name.as_bytes();
    let mut at = bytes.len();
    while let Some(before) = at.checked_sub(1).and_then(|before| bytes.get(before)) {
        let here = bytes.get(at);
        if matches!(before, b'_' | b'-' | b'.' | b' ')
            || before.is_ascii_lowercase() && here.is_some_and(u8::is_ascii_uppercase)
        {
            break;
        }
        at = at.saturating_sub(1);
    }
    let (before, last) = name.split_at_checked(at).unwrap_or(("", name));
    (before.trim_end_matches(['_', '-', '.', ' ']), last)
}

/// `imageurl` and `baseuri`, but not `curl`.
fn ends_in_url(word: &str) -> bool {
    let end = word.len().checked_sub(3).and_then(|start| word.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case("url") || end.eq_ignore_ascii_case("uri"))
        && !word.eq_ignore_ascii_case("curl")
}

/// The server in `@modelcontextprotocol/server-git@1.2`, `mcp-server-git==1.2` or `/opt/server-git/dist/index.js`.
fn package(text: &str) -> Option<Reference> {
    whole(text).or_else(|| text.split(['/', '\\']).rev().find_map(|part| known(version_cut(part))))
}

/// The server in the whole text, as of an image: `mcp/git:latest`, `ghcr.io/github/github-mcp-server`.
fn whole(text: &str) -> Option<Reference> {
    let text = version_cut(text.trim_start_matches("docker.io/"));
    known(text).or_else(|| known(text.strip_prefix("ghcr.io/github/")?)).filter(|_| text.contains('/'))
}

fn known(name: &str) -> Option<Reference> {
    let name = name.trim_end_matches(".exe").trim_end_matches(".cmd").trim_end_matches(".js");
    PACKAGES.iter().find(|(package, _)| package.eq_ignore_ascii_case(name)).map(|(_, reference)| *reference)
}

fn version_cut(text: &str) -> &str {
    let scope = usize::from(text.starts_with('@'));
    let (start, rest) = text.split_at_checked(scope).unwrap_or(("", text));
    let end = rest.find(['@', '=', ':', '[', '~', '>']).unwrap_or(rest.len());
    text.get(..start.len().saturating_add(end)).unwrap_or(text)
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Folders as the server will see them. One in somebody's home is not known here, and is no root.
fn folders(args: &[String], folder: &str) -> Vec<String> {
    let named = args.iter().filter(|word| !word.starts_with(['-', '~']) && !word.is_empty());
    let drive = |word: &str| word.as_bytes().get(1) == Some(&b':');
    named
        .map(
            |word| if word.starts_with(['/', '\\']) || drive(word) { word.clone() } else { format!("{folder}/{word}") },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_servers_are_known_by_how_they_are_started() {
        let start = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let start = Start::of_program(&words[0], &words[1..], "/srv");
            (start.reference, start.roots.join(" "))
        };
        for (line, reference, roots) in [
            ("npx -y @modelcontextprotocol/server-filesystem /data .", Some(Reference::Filesystem), "/data /srv/."),
            ("npx -y @modelcontextprotocol/server-filesystem@2025.8.1 ~/x /a", Some(Reference::Filesystem), "/a"),
            (
                "node /opt/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js /a",
                Some(Reference::Filesystem),
                "/a",
            ),
            ("/usr/local/bin/mcp-server-filesystem /a", Some(Reference::Filesystem), "/a"),
            ("mcp-server-git --repository /repo", Some(Reference::Git), "/repo"),
            ("uvx mcp-server-git==2025.1.1", Some(Reference::Git), ""),
            ("python -m mcp_server_git", Some(Reference::Git), ""),
            ("uvx mcp-server-fetch", Some(Reference::Fetch), ""),
            ("uvx mcp-server-sqlite --db-path /x.db", Some(Reference::Sqlite), ""),
            ("npx -y @modelcontextprotocol/server-postgres postgresql://localhost/x", Some(Reference::Postgres), ""),
            ("docker run -i --rm ghcr.io/github/github-mcp-server:latest", Some(Reference::Github), ""),
            ("docker run -i --rm -v /x:/y mcp/filesystem /y", Some(Reference::Filesystem), "/y"),
            ("npx @playwright/mcp@latest", Some(Reference::Browser), ""),
            ("npx -y @wonderwhy-er/desktop-commander@latest", Some(Reference::Shell), ""),
            ("npx -y @modelcontextprotocol/server-memory", Some(Reference::Plain), ""),
            // A folder that is called like a server makes none of what was started.
            ("npx my-server /srv/mcp-server-fetch", None, ""),
            ("my-server mcp-server-fetch", None, ""),
            ("docker run me/filesystem", None, ""),
        ] {
            assert_eq!(start(line), (reference, roots.to_owned()), "{line}");
        }
    }

    #[test]
    fn the_last_word_of_a_name_says_what_it_is() {
        let word = |name: &str| match kind(name) {
            Some(Kind::Url) => "url",
            Some(Kind::Path(_)) => "path",
            Some(Kind::Shell(_)) => "shell",
            Some(Kind::UnknownSql) => "sql",
            _ => "",
        };
        for (wanted, names) in [
            ("url", "url URL imageUrl image_url callback-url href base_uri webhook imageURL baseurl endpoint"),
            (
                "path",
                "path filePath file_path filename file_name outputFile directory target_dir folder files fileName",
            ),
            ("shell", "command cmd shell_command script runCommand"),
            ("sql", "sql SQL statement statements sql_query rawSql"),
            ("", "profile query pathology urls_seen mime_type curl source bank_statement name file_id content text"),
        ] {
            for name in names.split(' ') {
                assert_eq!(word(name), wanted, "{name}");
            }
        }
    }
}
