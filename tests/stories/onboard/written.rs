//! Files as the clients write them, with one server in each.

use serde_json::{Value, json};

/// Files as their clients write them; the server is called `shop` in each.
pub(super) fn files() -> Vec<Written> {
    [under_mcp_servers(), under_other_names()].concat()
}

/// A file, what it says, and where its server stands.
type Written = (&'static str, String, &'static [&'static str]);

fn usual() -> String {
    let program = std::env::current_exe().unwrap();
    format!("\"command\": {program:?}, \"args\": [], \"env\": {{ \"STORY_SERVER\": \"1\" }}")
}

fn under_mcp_servers() -> Vec<Written> {
    let usual = usual();
    let servers: &[&str] = &["mcpServers", "shop"];
    vec![
        (
            ".claude.json",
            format!(
                "{{\n  \"numStartups\": 7,\n  \"mcpServers\": {{\n    \"shop\": {{\n      \"type\": \"stdio\",\n      {usual}\n    }}\n  }},\n  \"projects\": {{}}\n}}"
            ),
            servers,
        ),
        (
            "work/.mcp.json",
            format!("{{\"mcpServers\":{{\"shop\":{{{}}}}}}}\n", usual.replace("\"1\"", "\"${STORY}\"")),
            servers,
        ),
        (
            ".config/Claude/claude_desktop_config.json",
            format!("{{\r\n\t\"mcpServers\": {{\r\n\t\t\"shop\": {{ {usual} }}\r\n\t}}\r\n}}\r\n"),
            servers,
        ),
        (
            ".cursor/mcp.json",
            format!("\u{feff}{{\n  \"mcpServers\": {{ \"shop\": {{ {usual}, \"disabled\": false }} }}\n}}\n"),
            servers,
        ),
        (".codeium/windsurf/mcp_config.json", format!("{{ \"mcpServers\": {{ \"shop\": {{ {usual} }} }} }}"), servers),
        (
            ".gemini/settings.json",
            format!("{{ \"theme\": \"x\", \"mcpServers\": {{ \"shop\": {{ \"timeout\": 1000, {usual} }} }} }}"),
            servers,
        ),
        (".junie/mcp/mcp.json", format!("{{ \"mcpServers\": {{ \"shop\": {{ {usual} }} }} }}"), servers),
    ]
}

fn under_other_names() -> Vec<Written> {
    let (usual, program) = (usual(), std::env::current_exe().unwrap());
    vec![
        (
            ".config/Code/User/mcp.json",
            format!(
                "{{\n\t// mine\n\t\"inputs\": [],\n\t\"servers\": {{\n\t\t\"shop\": {{ \"type\": \"stdio\", {usual}, }},\n\t}},\n}}\n"
            ),
            &["servers", "shop"],
        ),
        (
            ".config/zed/settings.json",
            format!(
                "// Zed\n{{\n  \"theme\": \"One\",\n  \"context_servers\": {{\n    \"shop\": {{ \"source\": \"custom\", {usual} }}\n  }}\n}}\n"
            ),
            &["context_servers", "shop"],
        ),
        (
            ".codex/config.toml",
            format!(
                "model = \"x\" # mine\r\n\r\n[mcp_servers.shop]\r\ncommand = {program:?}\r\nstartup_timeout_sec = 20\r\n\r\n[mcp_servers.shop.env]\r\nSTORY_SERVER = \"1\"\r\n\r\n[tui]\r\n"
            ),
            &["mcp_servers", "shop"],
        ),
        (
            ".config/goose/config.yaml",
            format!(
                "GOOSE_MODEL: x\nextensions:\n  # mine\n  developer:\n    type: builtin\n    enabled: true\n  shop:\n    enabled: true\n    type: stdio\n    cmd: {}\n    args: []\n    envs:\n      STORY_SERVER: '1'\n    timeout: 300\n",
                program.display()
            ),
            &["extensions", "shop"],
        ),
    ]
}

/// An entry of any file, as JSON.
pub(super) fn entry(text: &str, path: &[&str]) -> Value {
    if path.first() == Some(&"extensions") {
        let member = |name: &str| {
            let found = text.lines().filter_map(|line| line.strip_prefix(&format!("    {name}: ")));
            let mut values = found.filter_map(|value| serde_json::from_str::<Value>(value).ok());
            values.next_back().unwrap_or_else(|| panic!("{text}"))
        };
        return json!({ "cmd": member("cmd"), "args": member("args") });
    }
    let whole: Value = if path.first() == Some(&"mcp_servers") {
        toml_edit::de::from_str(text).unwrap()
    } else {
        let plain: Vec<&str> =
            text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().starts_with("//")).collect();
        serde_json::from_str(&plain.join("\n").replace(", }", " }").replace("},\n\t},\n}", "}\n\t}\n}")).unwrap()
    };
    path.iter().fold(&whole, |value, name| &value[name]).clone()
}
