//! Which user of the operating system started us?

use crate::call::caller::{Caller, Person, Proof};

/// The caller on the other end of standard input: whoever runs this process.
pub fn caller() -> Caller {
    let uid = rustix::process::getuid().as_raw();
    let accounts = std::fs::read("/etc/passwd").unwrap_or_default();
    let claimed = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
    caller_of(uid, &String::from_utf8_lossy(&accounts), claimed.as_deref())
}

/// Without an account entry the number names the caller. The environment is set by whoever starts us, so it is good
/// for a name people read, never for the one policy judges.
fn caller_of(uid: u32, accounts: &str, claimed: Option<&str>) -> Caller {
    let account = accounts.lines().find_map(|line| Account::read(line).filter(|account| account.uid == uid));
    let (id, name) = match account {
        Some(account) => (account.login.to_owned(), account.name.map(str::to_owned)),
        None => (format!("#{uid}"), claimed.filter(|name| !name.chars().any(char::is_control)).map(str::to_owned)),
    };
    Caller {
        principal: format!("os:{id}"),
        agent: None,
        user: Some(Person { id, name }),
        groups: Vec::new(),
        proof: Proof::Os { uid },
    }
}

struct Account<'a> {
    login: &'a str,
    uid: u32,
    name: Option<&'a str>,
}

impl<'a> Account<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let login = fields.next().filter(|login| !login.is_empty())?;
        let uid = fields.nth(1)?.parse().ok()?;
        // The first part of the comment field is the person's name, by custom.
        let name = fields.nth(1).and_then(|comment| comment.split(',').next()).filter(|name| !name.is_empty());
        Some(Self { login, uid, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\nbroken line\n:x:1000:1:No Login:/:\n\
                            alice:x:1000:1000:Alice Liddell,,,:/home/alice:/bin/sh\nbob:x:1001:1001::/home/bob:\n";

    #[test]
    fn the_account_names_the_caller_and_the_environment_never_does() {
        let cases = [
            (1000, None, "os:alice", Some("Alice Liddell")),
            (1001, Some("root"), "os:bob", None),
            (4711, Some("root"), "os:#4711", Some("root")),
            (4711, None, "os:#4711", None),
        ];
        for (uid, claimed, principal, name) in cases {
            let caller = caller_of(uid, ACCOUNTS, claimed);
            assert_eq!(caller.principal, principal);
            assert_eq!(caller.user.unwrap().name.as_deref(), name);
            assert_eq!(caller.proof, Proof::Os { uid });
        }
    }

    #[test]
    fn this_process_has_a_caller() {
        assert!(caller().principal.starts_with("os:"));
    }
}
