//! Where do the clients' files stand?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::path::PathBuf;

use super::{Client, Scope};

/// Which system the files are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux and its like.
    Linux,
    /// macOS.
    Mac,
    /// Windows.
    Windows,
}

/// Where a user's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The system.
    pub system: System,
    /// The user's own folder.
    pub home: PathBuf,
    /// Where programs keep settings on Linux: `XDG_CONFIG_HOME`, or `.config`.
    pub config: PathBuf,
    /// Where programs keep settings on Windows: `%APPDATA%`.
    pub appdata: PathBuf,
    /// The project.
    pub project: PathBuf,
}

/// A file that may name servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub client: Client,
    /// Whose servers.
    pub scope: Scope,
    /// The file.
    pub file: PathBuf,
}

impl Ground {
    /// Where programs with a window keep their settings.
    fn settings(&self) -> PathBuf {
        match self.system {
            System::Linux => self.config.clone(),
            System::Mac => self.home.join("Library/Application Support"),
            System::Windows => self.appdata.clone(),
        }
    }

    fn managed(&self) -> PathBuf {
        PathBuf::from(match self.system {
            System::Linux => "/etc/claude-code",
            System::Mac => "/Library/Application Support/ClaudeCode",
            System::Windows => "C:\\Program Files\\ClaudeCode",
        })
        .join("managed-mcp.json")
    }

    /// Every file that is looked at. Those of the project come last, as in what clients let count more.
    pub fn places(&self) -> Vec<Place> {
        let home = |path: &str| self.home.join(path);
        let settings = self.settings();
        let unix = |name: &str| match self.system {
            System::Windows => self.appdata.join(name),
            System::Linux | System::Mac => self.config.join(name),
        };
        let goose = match self.system {
            System::Windows => self.appdata.join("Block/goose/config/config.yaml"),
            System::Linux | System::Mac => self.config.join("goose/config.yaml"),
        };
        let project = |path: &str| self.project.join(path);
        let mut all = vec![
            (Client::ClaudeCode, Scope::Managed, self.managed()),
            (Client::ClaudeCode, Scope::User, home(".claude.json")),
            (Client::ClaudeCode, Scope::Project, project(".mcp.json")),
            (Client::ClaudeDesktop, Scope::User, settings.join("Claude/claude_desktop_config.json")),
        ];
        if self.system == System::Linux {
            // Some distributions write it small.
            all.push((Client::ClaudeDesktop, Scope::User, settings.join("claude/claude_desktop_config.json")));
        }
        all.extend([
            (Client::Cursor, Scope::User, home(".cursor/mcp.json")),
            (Client::Cursor, Scope::Project, project(".cursor/mcp.json")),
            (Client::Vscode, Scope::User, settings.join("Code/User/mcp.json")),
            (Client::Vscode, Scope::Project, project(".vscode/mcp.json")),
            (Client::Windsurf, Scope::User, home(".codeium/windsurf/mcp_config.json")),
            (
                Client::Zed,
                Scope::User,
                unix(if self.system == System::Windows { "Zed/settings.json" } else { "zed/settings.json" }),
            ),
            (Client::Zed, Scope::Project, project(".zed/settings.json")),
            (Client::Codex, Scope::User, home(".codex/config.toml")),
            (Client::Codex, Scope::Project, project(".codex/config.toml")),
            (Client::Gemini, Scope::User, home(".gemini/settings.json")),
            (Client::Gemini, Scope::Project, project(".gemini/settings.json")),
            (Client::Goose, Scope::User, goose),
            (Client::Junie, Scope::User, home(".junie/mcp/mcp.json")),
            // Where it was before.
            (Client::Junie, Scope::User, home(".junie/mcp.json")),
            (Client::Junie, Scope::Project, project(".junie/mcp/mcp.json")),
        ]);
        let mut places: Vec<Place> = Vec::new();
        for (client, scope, file) in all {
            // Whoever stands in their own folder has one file, not two.
            if !places.iter().any(|place| place.file == file) {
                places.push(Place { client, scope, file });
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(system: System, client: Client, scope: Scope) -> String {
        let ground = Ground {
            system,
            home: "/home/ada".into(),
            config: "/home/ada/.config".into(),
            appdata: "/home/ada/AppData/Roaming".into(),
            project: "/work/shop".into(),
        };
        let place = ground.places().into_iter().find(|place| (place.client, place.scope) == (client, scope)).unwrap();
        place.file.display().to_string()
    }

    #[test]
    fn every_system_has_its_places() {
        use Client::{ClaudeCode, ClaudeDesktop, Codex, Cursor, Gemini, Goose, Vscode, Windsurf, Zed};
        use System::{Linux, Mac, Windows};
        for (system, client, scope, expected) in [
            (Linux, ClaudeDesktop, Scope::User, "/home/ada/.config/Claude/claude_desktop_config.json"),
            (
                Mac,
                ClaudeDesktop,
                Scope::User,
                "/home/ada/Library/Application Support/Claude/claude_desktop_config.json",
            ),
            (Windows, ClaudeDesktop, Scope::User, "/home/ada/AppData/Roaming/Claude/claude_desktop_config.json"),
            (Linux, ClaudeCode, Scope::User, "/home/ada/.claude.json"),
            (Linux, ClaudeCode, Scope::Project, "/work/shop/.mcp.json"),
            (Mac, ClaudeCode, Scope::Managed, "/Library/Application Support/ClaudeCode/managed-mcp.json"),
            (Linux, Cursor, Scope::Project, "/work/shop/.cursor/mcp.json"),
            (Linux, Vscode, Scope::User, "/home/ada/.config/Code/User/mcp.json"),
            (Windows, Vscode, Scope::User, "/home/ada/AppData/Roaming/Code/User/mcp.json"),
            (Mac, Vscode, Scope::User, "/home/ada/Library/Application Support/Code/User/mcp.json"),
            (Mac, Windsurf, Scope::User, "/home/ada/.codeium/windsurf/mcp_config.json"),
            (Mac, Zed, Scope::User, "/home/ada/.config/zed/settings.json"),
            (Windows, Zed, Scope::User, "/home/ada/AppData/Roaming/Zed/settings.json"),
            (Windows, Codex, Scope::User, "/home/ada/.codex/config.toml"),
            (Linux, Gemini, Scope::Project, "/work/shop/.gemini/settings.json"),
            (Mac, Goose, Scope::User, "/home/ada/.config/goose/config.yaml"),
            (Windows, Goose, Scope::User, "/home/ada/AppData/Roaming/Block/goose/config/config.yaml"),
        ] {
            assert_eq!(file(system, client, scope), expected);
        }
    }
}
