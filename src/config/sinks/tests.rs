//! What is read of `[[sinks]]`, and what is refused?

use super::*;
use crate::config::reading::alone;

fn read(text: &str) -> Result<Vec<Sink>, String> {
    alone(text, Sink::read_all)
}

#[test]
fn every_kind_is_read_with_what_is_usual() {
    let sinks = read(
        "[[sinks]]\nname = \"file\"\nkind = \"file\"\npath = \"/var/log/audit.jsonl\"\n\
         [[sinks]]\nname = \"siem\"\nkind = \"http\"\nformat = \"ocsf\"\nurl = \"https://siem.example.com/x\"\n\
         required = true\nmax_lag = \"5s\"\ntimeout = \"2s\"\nfrom = \"first\"\nheaders = { authorization = \"Bearer kept-to-ourselves\" }\n\
         [[sinks]]\nname = \"log\"\nkind = \"syslog\"\nformat = \"cef\"\nto = \"tls://siem.example.com:6514\"\n",
    )
    .unwrap();
    let [file, http, syslog] = sinks.as_slice() else { panic!("{sinks:?}") };
    assert!(matches!(&file.kind, Kind::File(file) if file.rotate.count() == 100 << 20));
    assert_eq!((file.format, file.required, file.max_lag.duration().as_secs()), (Format::Jsonl, false, 60));
    assert_eq!((http.format, http.required, http.from), (Format::Ocsf, true, From::First));
    assert!(!format!("{http:?}").contains("kept-to-ourselves"));
    let Kind::Syslog(log) = &syslog.kind else { panic!("{syslog:?}") };
    assert_eq!((&log.to, log.longest.count()), (&Wire::Tls("siem.example.com".to_owned(), 6514, None), 8 << 10));
}

#[test]
fn what_cannot_work_is_named() {
    let file = "[[sinks]]\nname = \"a\"\nkind = \"file\"\npath = \"x\"\n";
    for (text, wanted) in [
        ("[[sinks]]\nkind = \"file\"\npath = \"x\"\n".to_owned(), "name"),
        ("[[sinks]]\nname = \"A\"\nkind = \"file\"\npath = \"x\"\n".to_owned(), "small letter"),
        ("[[sinks]]\nname = \"a\"\nkind = \"kafka\"\n".to_owned(), "kind"),
        (format!("{file}{file}"), "one name"),
        (format!("{file}url = \"https://x.example\"\n"), "url"),
        (format!("{file}timeout = \"2m\"\n"), "a minute"),
        (format!("{file}format = \"xml\"\n"), "jsonl"),
        (format!("{file}rotate = \"1B\"\n"), "a size"),
        ("[[sinks]]\nname = \"a\"\nkind = \"http\"\n".to_owned(), "url"),
    ] {
        let fault = read(&text).unwrap_err();
        assert!(fault.contains(wanted), "{text}: {fault}");
    }
    for to in [
        "siem:514",
        "tcp://siem",
        "ftp://siem:1",
        "tcp://u@siem:1",
        "udp://siem:1/x",
        "tls://siem:x",
        "unix:",
        "tcp://:1",
    ] {
        let fault = read(&format!("[[sinks]]\nname = \"a\"\nkind = \"syslog\"\nto = \"{to}\"\n")).unwrap_err();
        assert!(fault.contains("tls://"), "{to}: {fault}");
    }
}
