//! Where is a secret found that was made for one call? Nowhere but where it goes.

use std::path::Path;

use serde_json::json;

use super::{out, world};
use crate::minter::CANARY;
use crate::world::Told;

/// The files below a folder that hold a text.
fn holding(folder: &Path, wanted: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, wanted));
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(wanted.len()).any(|window| window == wanted)) {
            found.push(path.display().to_string());
        }
    }
    found
}

pub(super) fn nowhere() -> Told {
    // A40, CRE-03, CRE-08, CRE-09
    Box::pin(async {
        let mut world = world();
        world.serve_so(&["--set", "log.level=trace"]).await;
        let session = world.session(json!({})).await;
        let mut heard = String::new();
        for (number, (tool, say)) in
            [("whoami", ""), ("whoami", "fail"), ("whoami", "log"), ("whoami", "progress"), ("die", "")]
                .iter()
                .enumerate()
        {
            let body = json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call",
                "params": { "name": tool, "arguments": { "say": say }, "_meta": { "progressToken": number } } });
            heard += &session.send(body.to_string()).await.1;
        }
        for arguments in
            [&["log", "tail", "-n", "1000", "--json"][..], &["leases", "list", "--all", "--json"], &["config", "show"]]
        {
            heard += &world.run(arguments).await.1;
        }
        heard += &world.request(reqwest::Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        // Nobody else of this machine looks into the memory of a gateway, and none is left of it when it dies.
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", world.process())).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
        heard += &world.stop().await;
        assert!(heard.contains("•••"), "the server did say it: {heard}");
        assert!(!heard.contains(CANARY), "{}", heard.lines().find(|line| line.contains(CANARY)).unwrap_or_default());
        assert_eq!(holding(&world.path(""), CANARY.as_bytes()), Vec::<String>::new());
        assert_eq!(out(&world).len(), 0);
    })
}
