//! Paths as agents write them, and where they lead.

use proptest::prelude::*;

use super::*;

const ROOTS: [&str; 3] = ["/srv/work", "/srv/work/deep/", "/home/bob"];
const DRIVES: [&str; 2] = [r"C:\Work", r"\\server\share\team"];

/// Text, path, root, class, and the reasons for doubt.
type Row = (&'static str, &'static str, Option<&'static str>, Option<Class>, &'static [Reason]);

const POSIX: &[Row] = &[
    ("/srv/work/a.txt", "/srv/work/a.txt", Some("/srv/work"), None, &[]),
    ("/srv/work", "/srv/work", Some("/srv/work"), None, &[]),
    ("/srv/work/", "/srv/work", Some("/srv/work"), None, &[]),
    ("//srv///work//a", "/srv/work/a", Some("/srv/work"), None, &[]),
    ("/srv/./work/./a", "/srv/work/a", Some("/srv/work"), None, &[]),
    ("/srv/work/deep/a", "/srv/work/deep/a", Some("/srv/work/deep"), None, &[]),
    ("/srv/work/b/../a", "/srv/work/a", Some("/srv/work"), None, &[]),
    ("/srv/workers/a", "/srv/workers/a", None, None, &[]),
    ("/SRV/work/a", "/SRV/work/a", None, None, &[]),
    ("/srv/work/../other", "/srv/other", None, None, &[]),
    ("/srv/work/../../etc/passwd", "/etc/passwd", None, None, &[]),
    ("/../../srv/work/a", "/srv/work/a", Some("/srv/work"), None, &[]),
    ("/", "/", None, None, &[]),
    ("a/b.txt", "a/b.txt", None, None, &[]),
    ("./a/../b", "b", None, None, &[]),
    ("a/../..", "..", None, None, &[]),
    (".", ".", None, None, &[]),
    ("", ".", None, None, &[Reason::Empty]),
    ("~/notes.txt", "~/notes.txt", None, None, &[Reason::Home]),
    ("~bob/.ssh/id_rsa", "~bob/.ssh/id_rsa", None, Some(Class::PrivateKey), &[Reason::Home]),
    ("$HOME/a", "$HOME/a", None, None, &[Reason::Variable]),
    ("/srv/work/${X}/a", "/srv/work/${X}/a", None, None, &[Reason::Variable]),
    ("/srv/work/$(id)", "/srv/work/$(id)", None, None, &[Reason::Variable]),
    ("/srv/work/*.txt", "/srv/work/*.txt", Some("/srv/work"), None, &[Reason::Wildcard]),
    (
        "/srv/work/%2e%2e/%2e%2e/etc/shadow",
        "/srv/work/%2e%2e/%2e%2e/etc/shadow",
        None,
        Some(Class::Accounts),
        &[Reason::Encoded],
    ),
    ("/srv/work/%252e%252e/x", "/srv/work/%252e%252e/x", None, None, &[Reason::Encoded]),
    ("/srv/work/..%2f..%2fx", "/srv/work/..%2f..%2fx", None, None, &[Reason::Encoded]),
    ("/srv/work/%c0%ae%c0%ae/x", "/srv/work/%c0%ae%c0%ae/x", None, None, &[Reason::Encoded]),
    ("/srv/work/a%20b", "/srv/work/a%20b", Some("/srv/work"), None, &[Reason::Encoded]),
    ("/srv/work/100%", "/srv/work/100%", Some("/srv/work"), None, &[]),
    ("/srv/work/..\\..\\x", "/srv/work/..\\..\\x", None, None, &[Reason::Backslash]),
    ("C:\\Users\\a\\.ssh\\id_rsa", "C:\\Users\\a\\.ssh\\id_rsa", None, Some(Class::PrivateKey), &[Reason::Backslash]),
    ("/srv/work/a\0.png", "/srv/work/a\0.png", Some("/srv/work"), None, &[Reason::Nul]),
    ("/etc/shadow\0.png", "/etc/shadow\0.png", None, Some(Class::Accounts), &[Reason::Nul]),
    ("/etc/shadow%00.png", "/etc/shadow%00.png", None, Some(Class::Accounts), &[Reason::Encoded, Reason::Nul]),
    ("/srv/work/a\n", "/srv/work/a\n", Some("/srv/work"), None, &[Reason::Control, Reason::OuterSpaces]),
    (" /etc/shadow", " /etc/shadow", None, Some(Class::Accounts), &[Reason::OuterSpaces]),
    ("／etc／shadow", "／etc／shadow", None, Some(Class::Accounts), &[Reason::Folded]),
    ("/etc/sh\u{200b}adow", "/etc/sh\u{200b}adow", None, Some(Class::Accounts), &[Reason::Folded]),
    ("/srv/work/‥/x", "/srv/work/‥/x", None, None, &[Reason::Folded]),
    ("file:///etc/shadow", "file:/etc/shadow", None, Some(Class::Accounts), &[Reason::Url]),
    ("FILE://localhost/srv/work/a", "FILE:/localhost/srv/work/a", None, None, &[Reason::Url]),
    ("/proc/self/environ", "/proc/self/environ", None, Some(Class::Environment), &[]),
    ("/proc/1/environ", "/proc/1/environ", None, Some(Class::Environment), &[]),
    ("/proc/self/root/etc/shadow", "/proc/self/root/etc/shadow", None, Some(Class::Accounts), &[Reason::ProcessLink]),
    ("/proc/self/fd/3", "/proc/self/fd/3", None, None, &[Reason::ProcessLink]),
    ("/dev/fd/3", "/dev/fd/3", None, None, &[Reason::ProcessLink]),
    ("/proc/self/mem", "/proc/self/mem", None, Some(Class::Memory), &[]),
    ("/etc/./shadow", "/etc/shadow", None, Some(Class::Accounts), &[]),
    ("/etc/SHADOW", "/etc/SHADOW", None, Some(Class::Accounts), &[]),
    ("/etc/shadow-", "/etc/shadow-", None, Some(Class::Accounts), &[]),
    ("/etc/passwd", "/etc/passwd", None, None, &[]),
    ("/home/bob/.ssh/config", "/home/bob/.ssh/config", Some("/home/bob"), Some(Class::PrivateKey), &[]),
    ("/home/bob/.ssh/id_ed25519.pub", "/home/bob/.ssh/id_ed25519.pub", Some("/home/bob"), None, &[]),
    ("/home/bob/.aws/credentials", "/home/bob/.aws/credentials", Some("/home/bob"), Some(Class::Cloud), &[]),
    ("/home/bob/.kube/config", "/home/bob/.kube/config", Some("/home/bob"), Some(Class::Cluster), &[]),
    ("/home/bob/.bash_history", "/home/bob/.bash_history", Some("/home/bob"), Some(Class::History), &[]),
    ("/home/bob/.git-credentials", "/home/bob/.git-credentials", Some("/home/bob"), Some(Class::Passwords), &[]),
    ("/home/bob/.config/gcloud/x.db", "/home/bob/.config/gcloud/x.db", Some("/home/bob"), Some(Class::Cloud), &[]),
    (
        "/home/bob/.mozilla/firefox/p/cookies.sqlite",
        "/home/bob/.mozilla/firefox/p/cookies.sqlite",
        Some("/home/bob"),
        Some(Class::BrowserProfile),
        &[],
    ),
    ("repo/.git/config", "repo/.git/config", None, Some(Class::Settings), &[]),
    (".env", ".env", None, Some(Class::Environment), &[]),
    (".env.production", ".env.production", None, Some(Class::Environment), &[]),
    (".env.example", ".env.example", None, None, &[]),
    ("src/environment.ts", "src/environment.ts", None, None, &[]),
    ("tls/server.KEY", "tls/server.KEY", None, Some(Class::PrivateKey), &[]),
    ("src/keyboard.rs", "src/keyboard.rs", None, None, &[]),
    (
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        None,
        Some(Class::Cluster),
        &[],
    ),
    ("app/[id]/page.tsx", "app/[id]/page.tsx", None, None, &[]),
    ("/srv/work/naïve café.txt", "/srv/work/naïve café.txt", Some("/srv/work"), None, &[]),
];

const WINDOWS: &[Row] = &[
    (r"C:\Work\a.txt", "c:/work/a.txt", Some("c:/work"), None, &[]),
    (r"c:/WORK/b/../A.TXT", "c:/work/a.txt", Some("c:/work"), None, &[]),
    (r"C:\Work\..\Windows", "c:/windows", None, None, &[]),
    (r"C:\Worker\a", "c:/worker/a", None, None, &[]),
    (r"D:\Work\a", "d:/work/a", None, None, &[]),
    (r"a\..\..\b", "../b", None, None, &[]),
    (r"C:a.txt", "c:a.txt", None, None, &[Reason::DriveRelative]),
    (r"\Work\a", "/work/a", None, None, &[Reason::DriveRelative]),
    (r"\\Server\Share\Team\a", "//server/share/team/a", Some("//server/share/team"), None, &[Reason::Share]),
    (r"\\server\share\team\..\..\x", "//server/share/x", None, None, &[Reason::Share]),
    (r"\\?\C:\Work\a", "c:/work/a", Some("c:/work"), None, &[Reason::Device]),
    (
        r"\\?\UNC\server\share\team\a",
        "//server/share/team/a",
        Some("//server/share/team"),
        None,
        &[Reason::Device, Reason::Share],
    ),
    (r"\\.\PhysicalDrive0", "physicaldrive0", None, None, &[Reason::Device]),
    (r"C:\Work\NUL", "c:/work/nul", Some("c:/work"), None, &[Reason::Device]),
    (r"C:\Work\con.txt", "c:/work/con.txt", Some("c:/work"), None, &[Reason::Device]),
    (r"com1", "com1", None, None, &[Reason::Device]),
    (r"C:\Work\console.txt", "c:/work/console.txt", Some("c:/work"), None, &[]),
    (r"C:\Work\a.txt:hidden", "c:/work/a.txt", Some("c:/work"), None, &[Reason::Stream]),
    (r"C:\keys\id_rsa::$DATA", "c:/keys/id_rsa", None, Some(Class::PrivateKey), &[Reason::Stream]),
    (r"C:\keys\ID_RSA. .", "c:/keys/id_rsa", None, Some(Class::PrivateKey), &[Reason::TrailingDots]),
    (r"C:\Work\.. \x", "c:/x", None, None, &[Reason::TrailingDots]),
    (r"C:\PROGRA~1\x", "c:/progra~1/x", None, None, &[Reason::ShortName]),
    (r"%USERPROFILE%\a", "%userprofile%/a", None, None, &[Reason::Variable]),
    (r"C:\Windows\System32\config\SAM", "c:/windows/system32/config/sam", None, Some(Class::Accounts), &[]),
    (r"C:\Work\%2e%2e\x", "c:/work/%2e%2e/x", None, None, &[Reason::Encoded]),
    (
        r"C:\Users\a\AppData\Local\Google\Chrome\User Data\Default\Cookies",
        "c:/users/a/appdata/local/google/chrome/user data/default/cookies",
        None,
        Some(Class::BrowserProfile),
        &[],
    ),
];

fn check(rows: &[Row], style: Style, roots: &[&str]) {
    for (text, path, root, class, reasons) in rows {
        let facts = read(text, style, roots);
        assert_eq!(facts.path, *path, "{text:?}");
        assert_eq!(facts.root.as_deref(), *root, "{text:?}: {facts:?}");
        assert_eq!(facts.sensitive, *class, "{text:?}");
        assert_eq!(facts.reasons, reasons.iter().copied().collect(), "{text:?}");
        assert_eq!(facts.complete, reasons.is_empty(), "{text:?}");
    }
}

#[test]
fn posix_paths_lead_where_they_say() {
    // POL-11
    check(POSIX, Style::Posix, &ROOTS);
}

#[test]
fn windows_paths_lead_where_they_say() {
    // POL-11
    check(WINDOWS, Style::Windows, &DRIVES);
}

#[test]
fn climbing_out_is_seen_in_every_reading() {
    for (text, escapes) in [
        ("/srv/work/a", false),
        ("/srv/work/a/../b", false),
        ("/etc/passwd", false),
        ("/srv/work/../x", true),
        ("/srv/work/../work/x", false),
        ("/srv/work/%2e%2e/x", true),
        ("/srv/work/..\\x", true),
        ("/srv/work/．．/x", true),
        ("../x", true),
        ("a/../x", false),
        ("a/../../x", true),
        ("a/../../a", true),
    ] {
        assert_eq!(read(text, Style::Posix, &ROOTS).escapes, escapes, "{text}");
    }
    assert!(read(r"C:\Work\..\x", Style::Windows, &DRIVES).escapes);
    let long = read(&"a".repeat(LONGEST + 1), Style::Posix, &ROOTS);
    assert!(long.escapes && !long.complete);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,200}", windows in any::<bool>()) {
        let style = if windows { Style::Windows } else { Style::Posix };
        let facts = read(&text, style, &[&text, "/", "C:\\"]);
        prop_assert_eq!(facts.complete, facts.reasons.is_empty());
    }

    #[test]
    fn a_tidy_path_stays_as_it_is(text in "(/|//|[a-zA-Z]:|[a-zA-Z]:\\\\)?([a-zA-Z. ]{0,5}[/\\\\]){0,5}[a-z.%~$]{0,4}", windows in any::<bool>()) {
        let style = if windows { Style::Windows } else { Style::Posix };
        let once = read(&text, style, &[]).path;
        prop_assert_eq!(&read(&once, style, &[]).path, &once);
    }

    #[test]
    fn no_way_of_writing_hides_a_sensitive_file(at in 0..5_usize, form in 0..7_usize) {
        let plain =
            ["/etc/shadow", "/home/bob/.ssh/id_rsa", "/home/bob/.aws/credentials", "/proc/self/environ", "/srv/work/.env"][at];
        let text = match form {
            0 => plain.to_uppercase(),
            1 => plain.replace('/', "//"),
            2 => plain.replace('/', "/./"),
            3 => plain.replace('/', "/x/../"),
            4 => plain.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat(),
            5 => plain.replace('/', "\\"),
            _ => plain.replace('/', "%252f"),
        };
        let facts = read(&text, Style::Posix, &[]);
        prop_assert!(facts.sensitive >= read(plain, Style::Posix, &[]).sensitive, "{} {:?}", text, facts);
    }

    #[test]
    fn no_way_of_writing_puts_an_outer_file_inside(up in 1..4_usize, form in 0..6_usize) {
        let dots = ["..", "%2e%2e", "%252E%252e", "．．", "..%2f..", "..\\.."][form];
        let text = format!("/srv/work/{}/secret", vec![dots; up].join("/"));
        let facts = read(&text, Style::Posix, &["/srv/work"]);
        prop_assert!(facts.root.is_none() && facts.escapes, "{} {:?}", text, facts);
    }
}
