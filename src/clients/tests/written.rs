//! Files as people and programs write them.

use proptest::prelude::*;

use crate::clients::Client;

/// How somebody writes.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub(super) struct Style {
    bom: bool,
    end: &'static str,
    indent: &'static str,
    comments: bool,
    trailing: bool,
    one_line: bool,
    servers: Vec<Server>,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is there or not")]
struct Server {
    remote: bool,
    env: bool,
    foreign_first: bool,
    foreign_last: bool,
}

impl Style {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let server = any::<(bool, bool, bool, bool)>().prop_map(|(remote, env, foreign_first, foreign_last)| Server {
            remote,
            env,
            foreign_first,
            foreign_last,
        });
        let looks = any::<(bool, bool, bool, bool)>();
        let end = prop::sample::select(vec!["\n", "\r\n"]);
        let indent = prop::sample::select(vec!["  ", "    ", "\t", "   ", " "]);
        (looks, end, indent, prop::collection::vec(server, 0..4)).prop_map(|(looks, end, indent, servers)| {
            let (bom, comments, trailing, one_line) = looks;
            Self { bom, end, indent, comments, trailing, one_line, servers }
        })
    }

    fn finish(&self, lines: &[String]) -> String {
        let bom = if self.bom { "\u{feff}" } else { "" };
        let last = if self.trailing { self.end } else { "" };
        format!("{bom}{}{last}", lines.join(self.end))
    }
}

pub(super) fn json(style: &Style, client: Client) -> String {
    let inner = |depth: usize| style.indent.repeat(depth);
    let comment = |text: &str| if style.comments { format!(" // {text} \"}}\"") } else { String::new() };
    let comma = |last: bool| if last && !style.trailing { "" } else { "," };
    let mut lines = vec![
        format!("{{{}", comment("a file")),
        format!("{}\"theme\": \"dark\\u0021\",", inner(1)),
        format!("{}\"{}\": {{{}", inner(1), client.root(), comment("servers")),
    ];
    for (index, server) in style.servers.iter().enumerate() {
        let mut members = Vec::new();
        if server.foreign_first {
            members.push("\"disabled\" : false".to_owned());
        }
        if server.remote {
            let url = match client {
                Client::Windsurf => "serverUrl",
                Client::Gemini => "httpUrl",
                _ => "url",
            };
            members.push(format!("\"{url}\": \"https://example.com/{index}\""));
            if server.env {
                members.push("\"headers\": {\"X-Token\": \"a, b\"}".to_owned());
            }
        } else {
            members.push("\"command\": \"npx\"".to_owned());
            members.push("\"args\":[\"-y\" , \"it's\"]".to_owned());
            if server.env {
                members.push("\"env\": { \"A\": \"1\", }".to_owned());
            }
        }
        if server.foreign_last {
            members.push("\"timeout\": 1e3".to_owned());
        }
        let end = comma(index.saturating_add(1) == style.servers.len());
        if style.one_line {
            let last = if style.trailing { "," } else { "" };
            lines.push(format!("{}\"s{index}\": {{ {}{last} }}{end}", inner(2), members.join(", ")));
            continue;
        }
        lines.push(format!("{}\"s{index}\" : {{{}", inner(2), comment("one")));
        let most = members.len();
        for (at, member) in members.into_iter().enumerate() {
            lines.push(format!("{}{member}{}{}", inner(3), comma(at.saturating_add(1) == most), comment("a member")));
        }
        lines.push(format!("{}}}{end}", inner(2)));
    }
    lines.push(format!("{}}}{}", inner(1), comma(true)));
    lines.push("}".to_owned());
    style.finish(&lines)
}

pub(super) fn toml(style: &Style) -> String {
    let mut lines = vec!["model = \"x\"".to_owned()];
    for (index, server) in style.servers.iter().enumerate() {
        if style.comments {
            lines.push("# [mcp_servers.not] command = \"x\"".to_owned());
        }
        lines.push(format!("[mcp_servers.s{index}] # one"));
        if server.foreign_first {
            lines.push("startup_timeout_sec = 20 # seconds".to_owned());
        }
        if server.remote {
            lines.push("url = \"https://example.com/\"".to_owned());
            if server.env {
                lines.push("http_headers = { X-Token = \"a\" }".to_owned());
            }
        } else {
            lines.push("  command = 'npx'".to_owned());
            lines.extend(["args = [", "  \"-y\", # yes", "  '''it\"s''',", "]"].map(str::to_owned));
        }
        if server.foreign_last {
            lines.push("enabled = true".to_owned());
        }
        if server.env && !server.remote {
            if style.one_line {
                lines.push("env = { A = \"1\" }".to_owned());
            } else {
                lines.push(format!("[mcp_servers.s{index}.env]"));
                lines.push("A = \"[mcp_servers.x]\"".to_owned());
            }
        }
        lines.push(String::new());
    }
    lines.extend(["[tui]", "theme = 'dark'"].map(str::to_owned));
    style.finish(&lines)
}

pub(super) fn yaml(style: &Style) -> String {
    // Tabs indent nothing in YAML.
    let indent = style.indent.replace('\t', "  ");
    let inner = |depth: usize| indent.repeat(depth);
    let mut lines = vec!["GOOSE_MODEL: x".to_owned(), "odd: |".to_owned(), "  extensions:".to_owned()];
    lines.push("extensions:".to_owned());
    for (index, server) in style.servers.iter().enumerate() {
        if style.comments {
            lines.push(format!("{}# a comment: here", inner(1)));
        }
        lines.push(format!("{}s{index}:", inner(1)));
        let mut member = |text: &str| lines.push(format!("{}{text}", inner(2)));
        if server.foreign_first {
            member("enabled: true # on");
        }
        if server.remote {
            member("type: streamable_http");
            member("uri: https://example.com/#part");
            if server.env {
                member("headers: {X-Token: \"a, b\"}");
            }
        } else {
            member("cmd: 'npx'");
            if style.one_line {
                member("args: [-y, \"it's\"]");
            } else {
                member("args:");
                member("- -y");
                member("- it's");
            }
            if server.env {
                member("envs:");
                member(&format!("{}A: \"1\"", inner(1)));
            }
            member("type: stdio");
        }
        if server.foreign_last {
            member("timeout: 300");
        }
    }
    lines.push("last: [1, 2]".to_owned());
    style.finish(&lines)
}
