//! Which files are secrets by their name alone?

use schemars::JsonSchema;
use serde::Serialize;

/// What kind of secret a file holds. When several fit, the later one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SensitiveClass")]
pub enum Class {
    /// Settings that often hold a token, as `.git/config` does.
    Settings,
    /// What somebody typed, passwords among it.
    History,
    /// A browser's cookies and saved passwords.
    BrowserProfile,
    /// Environment variables of a program.
    Environment,
    /// Passwords of people and programs.
    Passwords,
    /// A registry's or a service's token.
    Token,
    /// Keys of a cloud.
    Cloud,
    /// Keys of a cluster.
    Cluster,
    /// The system's own accounts.
    Accounts,
    /// The memory of a process or of the system.
    Memory,
    /// A private key.
    PrivateKey,
}

/// Endings of file names.
const ENDINGS: &[(&str, Class)] = &[
    (".pem", Class::PrivateKey),
    (".key", Class::PrivateKey),
    (".p12", Class::PrivateKey),
    (".pfx", Class::PrivateKey),
    (".ppk", Class::PrivateKey),
    (".jks", Class::PrivateKey),
    (".keystore", Class::PrivateKey),
    (".p8", Class::PrivateKey),
    (".ovpn", Class::PrivateKey),
    (".agekey", Class::PrivateKey),
    (".kdbx", Class::Passwords),
    (".kdb", Class::Passwords),
    (".psafe3", Class::Passwords),
    (".keychain", Class::Passwords),
    (".keychain-db", Class::Passwords),
    (".keytab", Class::Accounts),
    (".tfstate", Class::Cloud),
    ("_history", Class::History),
];

/// Whole names of files, in whichever folder.
const NAMES: &[(&str, Class)] = &[
    ("id_rsa", Class::PrivateKey),
    ("id_dsa", Class::PrivateKey),
    ("id_ecdsa", Class::PrivateKey),
    ("id_ed25519", Class::PrivateKey),
    ("id_ecdsa_sk", Class::PrivateKey),
    ("id_ed25519_sk", Class::PrivateKey),
    ("ssh_host_rsa_key", Class::PrivateKey),
    ("ssh_host_ecdsa_key", Class::PrivateKey),
    ("ssh_host_ed25519_key", Class::PrivateKey),
    ("shadow", Class::Accounts),
    ("shadow-", Class::Accounts),
    ("gshadow", Class::Accounts),
    ("master.passwd", Class::Accounts),
    ("sudoers", Class::Accounts),
    ("krb5.keytab", Class::Accounts),
    ("ntds.dit", Class::Accounts),
    (".netrc", Class::Passwords),
    ("_netrc", Class::Passwords),
    (".pgpass", Class::Passwords),
    ("pgpass.conf", Class::Passwords),
    (".my.cnf", Class::Passwords),
    (".mylogin.cnf", Class::Passwords),
    (".htpasswd", Class::Passwords),
    (".git-credentials", Class::Passwords),
    (".smbcredentials", Class::Passwords),
    ("wp-config.php", Class::Passwords),
    ("credentials", Class::Passwords),
    ("credentials.json", Class::Cloud),
    ("service-account.json", Class::Cloud),
    ("service_account.json", Class::Cloud),
    ("application_default_credentials.json", Class::Cloud),
    ("access_tokens.db", Class::Cloud),
    (".boto", Class::Cloud),
    (".s3cfg", Class::Cloud),
    ("terraform.tfvars", Class::Cloud),
    ("kubeconfig", Class::Cluster),
    (".kubeconfig", Class::Cluster),
    (".npmrc", Class::Token),
    (".yarnrc.yml", Class::Token),
    (".pypirc", Class::Token),
    (".dockercfg", Class::Token),
    (".vault-token", Class::Token),
    (".envrc", Class::Environment),
    (".env", Class::Environment),
    ("logins.json", Class::BrowserProfile),
    ("key4.db", Class::BrowserProfile),
    ("cookies.sqlite", Class::BrowserProfile),
    ("login data", Class::BrowserProfile),
    (".lesshst", Class::History),
];

/// Names in a row, anywhere in a path; `*` is any one name.
const ROWS: &[(&[&str], Class)] = &[
    (&[".ssh"], Class::PrivateKey),
    (&[".gnupg"], Class::PrivateKey),
    (&["etc", "ssl", "private"], Class::PrivateKey),
    (&["etc", "pki", "tls", "private"], Class::PrivateKey),
    (&["etc", "letsencrypt", "live"], Class::PrivateKey),
    (&["etc", "wireguard"], Class::PrivateKey),
    (&["proc", "*", "mem"], Class::Memory),
    (&["proc", "kcore"], Class::Memory),
    (&["proc", "*", "environ"], Class::Environment),
    (&["proc", "*", "task", "*", "environ"], Class::Environment),
    (&["dev", "mem"], Class::Memory),
    (&["dev", "kmem"], Class::Memory),
    (&["windows", "system32", "config", "sam"], Class::Accounts),
    (&["windows", "system32", "config", "security"], Class::Accounts),
    (&["windows", "system32", "config", "system"], Class::Accounts),
    (&["windows", "repair", "sam"], Class::Accounts),
    (&["etc", "sudoers.d"], Class::Accounts),
    (&["etc", "security", "opasswd"], Class::Accounts),
    (&[".aws"], Class::Cloud),
    (&[".azure"], Class::Cloud),
    (&[".gcloud"], Class::Cloud),
    (&[".config", "gcloud"], Class::Cloud),
    (&["roaming", "gcloud"], Class::Cloud),
    (&[".oci"], Class::Cloud),
    (&[".aliyun"], Class::Cloud),
    (&[".terraform.d", "credentials.tfrc.json"], Class::Cloud),
    (&[".config", "doctl"], Class::Cloud),
    (&[".kube"], Class::Cluster),
    (&["etc", "kubernetes"], Class::Cluster),
    (&["run", "secrets"], Class::Cluster),
    (&["etc", "rancher", "k3s", "k3s.yaml"], Class::Cluster),
    (&[".docker", "config.json"], Class::Token),
    (&[".config", "gh"], Class::Token),
    (&[".config", "hub"], Class::Token),
    (&[".cargo", "credentials.toml"], Class::Token),
    (&[".gem", "credentials"], Class::Token),
    (&[".m2", "settings.xml"], Class::Token),
    (&[".gradle", "gradle.properties"], Class::Token),
    (&[".claude", ".credentials.json"], Class::Token),
    (&[".codex", "auth.json"], Class::Token),
    (&[".password-store"], Class::Passwords),
    (&["library", "keychains"], Class::Passwords),
    (&["microsoft", "credentials"], Class::Passwords),
    (&["microsoft", "protect"], Class::Passwords),
    (&[".mozilla", "firefox"], Class::BrowserProfile),
    (&["firefox", "profiles"], Class::BrowserProfile),
    (&[".config", "google-chrome"], Class::BrowserProfile),
    (&["google", "chrome", "user data"], Class::BrowserProfile),
    (&["application support", "google", "chrome"], Class::BrowserProfile),
    (&[".config", "chromium"], Class::BrowserProfile),
    (&["microsoft", "edge", "user data"], Class::BrowserProfile),
    (&[".git", "config"], Class::Settings),
];

/// The worst that the names of a path say. Case says nothing, because on some disks it means nothing.
pub(super) fn class(names: &[String]) -> Option<Class> {
    let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let file = names.last()?;
    if is_harmless(file) {
        return None;
    }
    let by_name = NAMES.iter().filter(|(name, _)| file == name);
    let by_ending = ENDINGS.iter().filter(|(ending, _)| file.ends_with(ending));
    let environment = (file.starts_with(".env.") || file.strip_suffix(".env").is_some()).then_some(Class::Environment);
    let fits = |row: &[&str]| {
        let same = |(name, want): (&String, &&str)| *want == "*" || name == want;
        names.windows(row.len()).any(|names| names.iter().zip(row).all(same))
    };
    let by_row = ROWS.iter().filter(|(row, _)| fits(row)).map(|(_, class)| *class);
    by_name.chain(by_ending).map(|(_, class)| *class).chain(environment).chain(by_row).max()
}

/// A name as a careless system sees it: lower-case, without a stream, and without dots and spaces at its end.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let file = lower.split(':').next().unwrap_or_default();
    file.trim_end_matches(['.', ' ', '~']).trim_start().to_owned()
}

/// Public keys and examples are for everybody.
fn is_harmless(file: &str) -> bool {
    file.strip_suffix(".pub").is_some()
        || matches!(file, "known_hosts" | ".env.example" | ".env.sample" | ".env.template" | ".env.dist")
}
