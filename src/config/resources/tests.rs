//! Catalogues, good and bad.

use insta::assert_snapshot;

use super::*;

fn files(texts: &[&str]) -> Files {
    texts.iter().enumerate().map(|(at, text)| (format!("{at}.toml"), (*text).to_owned())).collect()
}

fn complaint(texts: &[&str]) -> String {
    read(&files(texts)).expect_err("this is wrong").to_string()
}

#[test]
fn a_catalogue_is_understood() {
    let text = r#"
[[resource]]
table = "crm.*"
server = "db"
owner = "group:crm"
sensitivity = "personal"
zone = "eu"
environment = "production"
compliance = ["gdpr"]
tags = { retention = "2y" }

[[resource]]
host = "*.acme.example"
"#;
    assert!(read(&files(&[text, ""])).is_ok());
    assert!(read(&files(&[])).is_ok());
    assert_ne!(digest(&files(&[text])), digest(&files(&[])));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    assert_snapshot!(complaint(&["[[resource]]\ntable = \"crm.x\"\nhost = \"x\"\n"]), @r#"
    0.toml:1:1: this entry is about `table` and `host` at once
     1 | [[resource]]
       | ^^^^^^^^^^^^
       = give it one of `table`, `host`, `path`, `repository`, `tool`
    "#);
    assert_snapshot!(complaint(&["[[resource]]\npath = \"work/**\"\nsensitivty = \"x\"\n"]), @r#"
    0.toml:2:8: `work/**` is not a path from the root on, or a folder before `/**`
     2 | path = "work/**"
       |        ^^^^^^^^^
       = write a path from the root on, or a folder before `/**`, such as `/srv/work/**`

    0.toml:3:1: unknown key `sensitivty` in [resource.0]
     3 | sensitivty = "…"
       | ^^^^^^^^^^
       = did you mean `sensitivity`?
    "#);
    let same = "[[resource]]\ntable = \"crm.x\"\n";
    assert_snapshot!(complaint(&[same, "\n[[resource]]\ntable = \"CRM.X\"\nzone = \"eu\"\n"]), @r#"
    1.toml:3:9: 0.toml:2 says something of the same resource
     3 | table = "CRM.X"
       |         ^^^^^^^
       = keep one of the two
    "#);
    for (text, wanted) in [
        ("[[resource]]\nowner = \"x\"\n", "does not say which resource"),
        ("[[resources]]\ntable = \"x\"\n", "did you mean `resource`?"),
        ("[resource]\ntable = \"x\"\n", "a list of tables should stand here"),
        ("[[resource]]\ntool = \"a/b\"\nserver = \"a\"\n", "take `server` away"),
        ("[[resource]]\ntable = \"x\"\nserver = \"A B\"\n", "is not the name of a server"),
        ("[[resource]]\ntable = \"x\"\nzone = \"\"\n", "is not a word"),
        ("[[resource]]\ntable = \"x\"\nzone = 7\n", "a text should stand here"),
        ("[[resource]\n", "this is not TOML"),
    ] {
        let error = complaint(&[text]);
        assert!(error.contains(wanted) && error.contains("0.toml:"), "{text}: {error}");
    }
}
