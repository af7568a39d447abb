//! A gateway whose calls people answer over HTTP, and everybody who tries.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::identity::make_key;
use crate::world::{Plan, World, answer};

/// The policy that makes calls wait.
pub(crate) const POLICY: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if {
	input.call.tool in {"echo", "die"}
}
"#;

/// ada and ida answer; max has an agent, and answers for others; ben looks; eve has no part in anything; una and uwe may break the glass; rob is software.
pub(crate) const PEOPLE: &str = r#"
[people.ada]
accounts = ["key:ada"]
roles = ["reviewer"]
[people.ida]
accounts = ["key:ida"]
roles = ["reviewer"]
[people.max]
accounts = ["key:max"]
roles = ["reviewer"]
[people.ben]
accounts = ["key:ben"]
roles = ["auditor"]
[people.eve]
accounts = ["key:eve"]
[people.una]
accounts = ["key:una"]
roles = ["break-glass"]
[people.uwe]
accounts = ["key:uwe"]
roles = ["break-glass"]
[people.rob]
accounts = ["key:rob"]
roles = ["reviewer"]
"#;

const KEYS: &str = "accept = [\"keys\"]";

/// A gateway, everybody's keys, and what may be said of its answers.
pub(crate) struct Office {
    pub(crate) world: World,
    pub(crate) keys: BTreeMap<&'static str, String>,
    document: Value,
}

impl Office {
    /// Open, with agents that are kept waiting for so long.
    pub(crate) async fn open(wait: &str) -> Self {
        Self::under(POLICY, wait).await
    }

    /// The same under other rules.
    pub(crate) async fn under(policy: &'static str, wait: &str) -> Self {
        Self::before(policy, "", &json!([]), wait).await
    }

    /// The same before a server that is set up like this and has these tools too.
    pub(crate) async fn before(policy: &'static str, server: &'static str, tools: &Value, wait: &str) -> Self {
        let world = World::new(&Plan { http: KEYS, policy, server, more: PEOPLE, ..Plan::default() });
        Self::around(world, tools, wait).await
    }

    /// The same under other rules, with this at the end of the configuration in the place of the people.
    pub(crate) async fn with(policy: &'static str, more: &'static str, wait: &str) -> Self {
        let world = World::new(&Plan { http: KEYS, policy, more, ..Plan::default() });
        Self::around(world, &json!([]), wait).await
    }

    /// The same around a world of one's own.
    pub(crate) async fn around(mut world: World, tools: &Value, wait: &str) -> Self {
        world.write("tools.json", &tools.to_string());
        let mut keys = BTreeMap::new();
        for name in ["ada", "ida", "max", "ben", "eve", "una", "uwe", "stray"] {
            keys.insert(name, make_key(&world, name, &[]).await);
        }
        keys.insert("rob", make_key(&world, "rob", &["--agent", "nightly"]).await);
        keys.insert("bot", make_key(&world, "bot", &["--user", "max"]).await);
        world.serve_so(&["--set", &format!("limits.approval_wait={wait}")]).await;
        Self { world, keys, document: countersign::review::openapi::document() }
    }

    /// What the agent is answered.
    pub(crate) async fn call(&self, number: u64, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let post = self.world.modern_post(number, "tools/call", params).bearer_auth(&self.keys["bot"]);
        answer(&post.send().await.unwrap().text().await.unwrap())
    }

    /// What somebody who looks is answered.
    pub(crate) async fn get(&self, who: &str, path: &str) -> (u16, Value) {
        let request = self.world.request(Method::GET, &format!("/api/v1{path}")).bearer_auth(&self.keys[who]);
        self.heard(request).await
    }

    /// What somebody who answers is answered.
    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.world.request(Method::POST, &format!("/api/v1{path}")).bearer_auth(&self.keys[who]);
        self.heard(request.header("content-type", "application/json").body(body.to_string())).await
    }

    /// Whatever comes back has the form the description says it has, and is kept by nobody on the way.
    pub(crate) async fn heard(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let reply = request.send().await.unwrap();
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let path = reply.url().path().to_owned();
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        let told: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        let form = match (status, path.trim_start_matches("/api/v1").trim_end_matches('/')) {
            (400.., _) => "Problem",
            (_, "/me") => "Me",
            (_, "/approvals") => "Page",
            (_, "/grants") => "Grants",
            (_, "/leases") => "Leases",
            (_, lease) if lease.starts_with("/leases/") => "LeaseCard",
            (_, grant) if grant.starts_with("/grants/") => "GrantCard",
            (_, reach) if reach.ends_with("/reach") => "Reach",
            (_, "/openapi.json") => return (status, told),
            _ => "Card",
        };
        let kind = if form == "Problem" { "application/problem+json" } else { "application/json" };
        assert_eq!(headers["content-type"], kind, "{path}");
        let schema =
            json!({ "$ref": format!("#/components/schemas/{form}"), "components": self.document["components"] });
        let faults: Vec<String> =
            jsonschema::validator_for(&schema).unwrap().iter_errors(&told).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{path} is no {form}: {faults:?} {told}");
        if form == "Problem" {
            assert_eq!(told["status"], status);
        }
        (status, told)
    }

    /// The calls that wait, once there are so many.
    pub(crate) async fn waiting(&self, count: u64) -> Vec<Value> {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        for _ in 0..200 {
            looks.tick().await;
            let (_, page) = self.get("ada", "/approvals?state=pending").await;
            let items = page["items"].as_array().unwrap().clone();
            if items.iter().map(|item| item["count"].as_u64().unwrap()).sum::<u64>() == count {
                return items;
            }
        }
        panic!("there never were {count}");
    }

    /// The address of the one call that waits, and its digest.
    pub(crate) async fn one(&self) -> (String, Value) {
        let card = &self.waiting(1).await[0]["card"];
        (format!("/approvals/{}", card["id"].as_str().unwrap()), card["digest"].clone())
    }
}
