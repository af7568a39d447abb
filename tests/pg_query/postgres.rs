//! What would PostgreSQL do, by its own syntax tree?

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ask::rank;

/// What a text does at least.
#[derive(Debug)]
pub(crate) struct Deeds {
    pub(crate) kinds: BTreeSet<&'static str>,
    pub(crate) writes: BTreeSet<String>,
    pub(crate) reads: BTreeSet<String>,
    pub(crate) risk: &'static str,
    pub(crate) opaque: bool,
    ctes: BTreeSet<String>,
}

/// Functions that reach out of the database.
const REACHING: [&str; 12] = [
    "pg_read_file",
    "pg_read_binary_file",
    "pg_ls_dir",
    "pg_stat_file",
    "lo_import",
    "lo_export",
    "dblink",
    "dblink_exec",
    "dblink_connect",
    "dblink_send_query",
    "pg_ls_logdir",
    "pg_ls_waldir",
];

/// Nothing if PostgreSQL does not understand it.
pub(crate) fn deeds(text: &str) -> Option<Deeds> {
    let parsed = pg_query::parse(text, 0).ok()?;
    let tree = serde_json::to_value(&parsed.protobuf).unwrap();
    let mut deeds = Deeds {
        kinds: BTreeSet::new(),
        writes: BTreeSet::new(),
        reads: BTreeSet::new(),
        risk: "low",
        opaque: false,
        ctes: BTreeSet::new(),
    };
    deeds.ctes_of(&tree);
    deeds.walk(&tree);
    Some(deeds)
}

fn name_of(relation: &Value) -> Option<String> {
    let part = |field: &str| relation[field].as_str().unwrap_or_default().to_owned();
    let parts = [part("catalogname"), part("schemaname"), part("relname")];
    let name: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    (!name.is_empty()).then(|| name.join("."))
}

impl Deeds {
    fn ctes_of(&mut self, tree: &Value) {
        match tree {
            Value::Array(items) => items.iter().for_each(|item| self.ctes_of(item)),
            Value::Object(fields) => {
                if let Some(name) = fields.get("ctename").and_then(Value::as_str) {
                    self.ctes.insert(name.to_owned());
                }
                fields.values().for_each(|field| self.ctes_of(field));
            }
            _ => {}
        }
    }

    fn walk(&mut self, tree: &Value) {
        match tree {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(fields) => {
                for (key, field) in fields {
                    if self.meet(key, field) {
                        self.walk(field);
                    }
                }
            }
            _ => {}
        }
    }

    fn done(&mut self, kind: &'static str, risk: &'static str) {
        self.kinds.insert(kind);
        self.at_least(risk);
    }

    fn at_least(&mut self, risk: &'static str) {
        if rank(risk) > rank(self.risk) {
            self.risk = risk;
        }
    }

    fn written(&mut self, relation: &Value) {
        self.writes.extend(name_of(relation));
    }

    /// Whether what is inside matters too.
    fn meet(&mut self, key: &str, node: &Value) -> bool {
        match key {
            "InsertStmt" => self.change("insert", node),
            "UpdateStmt" => self.change("update", node),
            "DeleteStmt" => self.change("delete", node),
            "MergeStmt" => self.change("merge", node),
            "TruncateStmt" => {
                self.done("truncate", "high");
                for relation in node["relations"].as_array().unwrap() {
                    self.written(&relation["node"]["RangeVar"]);
                }
                return false;
            }
            "into_clause" if !node.is_null() => {
                self.done("create", "medium");
                self.written(&node["rel"]);
            }
            "CreateTableAsStmt" => {
                self.done("create", "medium");
                self.written(&node["into"]["rel"]);
            }
            "CreateStmt" | "IndexStmt" => {
                self.done("create", "medium");
                self.written(&node["relation"]);
            }
            "ViewStmt" => {
                self.done("create", "medium");
                self.written(&node["view"]);
            }
            "AlterTableStmt" => {
                self.done("alter", "medium");
                self.written(&node["relation"]);
            }
            "DropStmt" => self.drop(node),
            "DropdbStmt" => self.done("drop", "critical"),
            "CopyStmt" => self.copy(node),
            "DoStmt" => {
                self.done("block", "high");
                self.opaque = true;
            }
            "ExecuteStmt" => {
                self.done("execute", "high");
                self.opaque = true;
            }
            "PrepareStmt" => {
                self.done("prepare", "low");
                return false;
            }
            "CallStmt" => self.done("call", "medium"),
            "GrantStmt" | "GrantRoleStmt" => {
                self.done("grant/role", "high");
                return false;
            }
            "CreateRoleStmt" | "AlterRoleStmt" | "AlterRoleSetStmt" | "DropRoleStmt" => self.done("role", "high"),
            "LockStmt" => {
                self.done("lock", "low");
                return false;
            }
            "VariableSetStmt" => {
                let named = ["role", "session_authorization"].contains(&node["name"].as_str().unwrap_or_default());
                if named && !node["args"].as_array().is_none_or(Vec::is_empty) {
                    self.done("role", "high");
                }
            }
            "ExplainStmt" => {
                self.kinds.insert("explain");
                return analysed(node);
            }
            // Neither the code of a rule nor the relations that upkeep names are read or written now.
            "RuleStmt" | "VacuumStmt" | "CommentStmt" | "ReindexStmt" | "ClusterStmt" => return false,
            "FuncCall" => self.function(node),
            "RangeVar" => self.read(node),
            _ if key.ends_with("Stmt") && ["Create", "Alter", "Drop"].iter().any(|word| key.starts_with(word)) => {
                self.at_least("medium");
                return false;
            }
            _ => {}
        }
        true
    }

    fn change(&mut self, kind: &'static str, node: &Value) {
        self.done(kind, "medium");
        self.written(&node["relation"]);
        if matches!(kind, "update" | "delete") && node["where_clause"].is_null() {
            self.at_least("high");
        }
    }

    fn drop(&mut self, node: &Value) {
        self.done("drop", "medium");
        // Of tables alone the names are those of relations.
        if node["remove_type"] != 42 {
            return;
        }
        self.at_least("high");
        for object in node["objects"].as_array().unwrap() {
            let parts = object["node"]["List"]["items"].as_array().unwrap().iter();
            let parts: Vec<&str> = parts.map(|part| part["node"]["String"]["sval"].as_str().unwrap()).collect();
            self.writes.insert(parts.join("."));
        }
    }

    fn copy(&mut self, node: &Value) {
        let into = node["is_from"] == true;
        if node["is_program"] == true {
            self.done("host_exec", "critical");
        } else if node["filename"] != "" {
            self.done("file_io", "critical");
        } else {
            self.done(if into { "import/insert" } else { "export" }, "low");
        }
        if into {
            self.written(&node["relation"]);
        } else {
            self.read(&node["relation"]);
        }
    }

    fn function(&mut self, node: &Value) {
        let name = node["funcname"].as_array().unwrap().last().unwrap();
        if name["node"]["String"]["sval"].as_str().is_some_and(|name| REACHING.contains(&name)) {
            self.at_least("critical");
        }
    }

    fn read(&mut self, relation: &Value) {
        if let Some(name) = name_of(relation).filter(|name| !self.ctes.contains(name)) {
            self.reads.insert(name);
        }
    }
}

/// Whether an `EXPLAIN` executes: the last word on it holds.
fn analysed(node: &Value) -> bool {
    let mut on = false;
    for option in node["options"].as_array().unwrap() {
        let option = &option["node"]["DefElem"];
        if option["defname"] == "analyze" || option["defname"] == "analyse" {
            let said = &option["arg"]["node"];
            let word = said["String"]["sval"].as_str().unwrap_or_default().to_lowercase();
            let zero = said["Integer"].is_object() && said["Integer"]["ival"].as_i64() == Some(0);
            on = !(["false", "off", "no"].contains(&word.as_str()) || zero);
        }
    }
    on
}
