//! What does a program change in a container, a cluster or a cloud?

use super::judge::{Judge, Run};
use super::script::Reason;
use super::word::Word;
use crate::facts::risk::Risk;

/// What the verbs of a program do.
struct Program {
    names: &'static [&'static str],
    /// They only show.
    reads: &'static [&'static str],
    /// They run a program, or what somebody else has written.
    runs: &'static [&'static str],
    /// They throw something away.
    destroys: &'static [&'static str],
    /// They change something.
    changes: &'static [&'static str],
    /// They carry data elsewhere.
    sends: &'static [&'static str],
}

const PROGRAMS: [Program; 7] = [
    Program {
        names: &["docker", "podman", "nerdctl", "docker-compose"],
        reads: &[
            "ps", "images", "logs", "version", "info", "top", "inspect", "ls", "stats", "port", "history", "diff",
            "search",
        ],
        runs: &[
            "run", "exec", "build", "buildx", "compose", "up", "create", "load", "import", "plugin", "-H", "--host",
        ],
        destroys: &["rm", "rmi", "prune", "kill", "stop", "down", "remove", "leave"],
        changes: &[
            "start", "restart", "pause", "unpause", "pull", "tag", "rename", "update", "login", "commit", "connect",
        ],
        sends: &["push", "cp", "save", "export"],
    },
    Program {
        names: &["kubectl", "oc", "helm", "k9s", "kustomize"],
        reads: &[
            "get",
            "describe",
            "logs",
            "version",
            "top",
            "explain",
            "api-resources",
            "cluster-info",
            "diff",
            "list",
            "status",
            "history",
            "template",
            "lint",
            "can-i",
        ],
        runs: &["exec", "run", "debug", "attach", "plugin", "proxy", "port-forward", "--kubeconfig", "--post-renderer"],
        destroys: &["delete", "drain", "uninstall", "rollback", "evict", "replace"],
        changes: &[
            "apply", "create", "patch", "edit", "scale", "label", "annotate", "cordon", "uncordon", "taint", "expose",
            "set", "rollout", "install", "upgrade", "approve",
        ],
        sends: &["cp"],
    },
    Program {
        names: &["terraform", "tofu", "terragrunt", "pulumi"],
        reads: &["show", "output", "validate", "version", "providers", "graph", "list", "plan", "preview", "fmt"],
        runs: &["console", "run-all"],
        destroys: &["destroy", "rm", "force-unlock", "-destroy", "--destroy"],
        changes: &[
            "apply",
            "import",
            "taint",
            "untaint",
            "mv",
            "push",
            "up",
            "refresh",
            "init",
            "workspace",
            "login",
            "replace-provider",
        ],
        sends: &[],
    },
    Program {
        names: &["aws"],
        reads: &["describe-*", "list-*", "get-*", "head-*", "ls", "filter-*", "lookup-*", "help", "wait"],
        runs: &[
            "send-command",
            "start-session",
            "ssh",
            "execute-*",
            "invoke",
            "configure",
            "run-*",
            "--endpoint-url*",
            "--cli-input*",
        ],
        destroys: &[
            "delete-*",
            "terminate-*",
            "rm",
            "rb",
            "stop-*",
            "deregister-*",
            "purge-*",
            "remove-*",
            "detach-*",
            "revoke-*",
            "--delete",
        ],
        changes: &[
            "create-*",
            "put-*",
            "update-*",
            "modify-*",
            "attach-*",
            "start-*",
            "reboot-*",
            "add-*",
            "set-*",
            "tag-*",
            "mb",
            "authorize-*",
            "assume-*",
            "enable-*",
            "disable-*",
            "deploy",
        ],
        sends: &["cp", "sync", "mv", "publish", "send-*", "upload-*", "presign"],
    },
    Program {
        names: &["gcloud", "gsutil", "az", "doctl", "s3cmd"],
        reads: &["list", "describe", "show", "ls", "cat", "version", "info", "stat", "du"],
        runs: &["ssh", "invoke", "run-command", "--impersonate*"],
        destroys: &["delete", "rm", "rb", "destroy", "stop", "purge", "remove", "del"],
        changes: &[
            "create",
            "update",
            "set",
            "add",
            "start",
            "deploy",
            "mb",
            "login",
            "resize",
            "add-iam-policy-binding",
        ],
        sends: &["cp", "rsync", "scp", "mv", "put", "sync", "upload"],
    },
    Program {
        names: &["gh", "glab"],
        reads: &["list", "view", "status", "diff", "checks", "version"],
        runs: &["extension", "alias", "codespace", "exec", "api", "config", "run-script"],
        destroys: &["delete", "close", "archive", "remove", "cancel"],
        changes: &[
            "create", "edit", "merge", "comment", "review", "reopen", "checkout", "clone", "fork", "ready", "rerun",
            "sync", "set", "enable", "disable", "lock", "login",
        ],
        sends: &["upload", "gist"],
    },
    Program {
        names: &["systemctl", "launchctl"],
        reads: &["status", "show", "cat", "is-active", "is-enabled", "is-failed", "list-*", "get-default", "list"],
        runs: &["edit", "set-environment", "import-environment", "link", "submit"],
        destroys: &["stop", "kill", "disable", "mask", "halt", "poweroff", "reboot", "isolate", "unload"],
        changes: &[
            "start",
            "restart",
            "reload",
            "enable",
            "unmask",
            "daemon-reload",
            "set-default",
            "try-restart",
            "load",
        ],
        sends: &[],
    },
];

/// Words after which what is shown is a secret.
const SECRETS: [&str; 6] =
    ["secret", "secrets", "get-secret-value", "get-parameter*", "get-password-data", "access-secret*"];

pub(super) fn is_known(name: &str) -> bool {
    PROGRAMS.iter().any(|program| program.names.contains(&name))
}

pub(super) fn judge(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    let Some(program) = PROGRAMS.iter().find(|program| program.names.contains(&name)) else { return };
    if words.iter().any(Word::may_be_option) {
        judge.opaque(Reason::OptionNotLiteral);
    }
    // A verb may stand behind options with values, so every word that could be one counts, and the worst of them holds.
    let any = |verbs: &[&str]| words.iter().any(|word| verbs.iter().any(|verb| fits(verb, &word.text)));
    if matches!(name, "docker" | "podman" | "kubectl" | "oc") && words.first().is_some_and(|word| word.bare() == "exec")
    {
        return inside(judge, run, name, words);
    }
    let secret = words
        .iter()
        .any(|word| SECRETS.iter().any(|secret| word.text.split(['/', ',']).any(|part| fits(secret, part))));
    if secret {
        judge.raise(Risk::High, Reason::Sensitive);
    }
    let (runs, destroys) = (any(program.runs), any(program.destroys));
    let (sends, changes) = (any(program.sends), any(program.changes));
    if name == "systemctl" && (destroys || changes) {
        judge.raise(Risk::High, Reason::ChangesSystem);
    }
    if destroys {
        judge.raise(Risk::High, Reason::Destroys);
    }
    if changes {
        judge.raise(Risk::High, Reason::ChangesElsewhere);
    }
    if sends {
        judge.raise(Risk::Critical, Reason::DataLeaves);
    }
    if runs {
        judge.opaque(Reason::RunsElsewhere);
    }
    let asks = words.iter().all(|word| matches!(word.bare(), "--version" | "--help"));
    if !(runs || destroys || sends || changes || any(program.reads) || asks) {
        judge.opaque(Reason::OptionUnknown);
    }
    let first = words.first().map_or("", |word| word.text.as_str());
    if first.starts_with('-')
        && !asks
        && !matches!(first, "-n" | "--namespace" | "--profile" | "--region" | "--project" | "--user")
    {
        judge.opaque(Reason::OptionUnknown);
    }
    if matches!(
        name,
        "aws"
            | "gcloud"
            | "gsutil"
            | "az"
            | "gh"
            | "glab"
            | "doctl"
            | "s3cmd"
            | "terraform"
            | "tofu"
            | "terragrunt"
            | "pulumi"
    ) {
        judge.raise(Risk::Medium, Reason::ReachesNetwork);
    }
}

/// Whether a word is this verb; one that ends in a star is a beginning.
fn fits(verb: &str, text: &str) -> bool {
    verb.strip_suffix('*').map_or(verb == text, |start| text.starts_with(start))
}

/// `exec`: the program that runs there is read like any other.
fn inside(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    judge.raise(Risk::Medium, Reason::RunsElsewhere);
    let mut rest = words.get(1..).unwrap_or_default();
    while let Some((first, others)) = rest.split_first().filter(|(first, _)| first.text.starts_with('-')) {
        rest = others;
        match first.text.as_str() {
            "-i" | "-t" | "-it" | "-ti" | "-d" | "--" => {}
            "-u" | "-w" | "--user" | "--workdir" | "-n" | "-c" => rest = others.get(1..).unwrap_or_default(),
            _ => judge.opaque(Reason::OptionUnknown),
        }
    }
    let mut rest = rest.get(1..).unwrap_or_default();
    if let Some((first, others)) = rest.split_first() {
        if first.text == "--" {
            rest = others;
        } else if first.text.starts_with('-') {
            judge.opaque(Reason::OptionUnknown);
        }
    }
    let mut through = run.through.clone();
    through.push(name.to_owned());
    judge.run(&Run { words: rest, through, ..run.clone() });
}
