//! What does a program bring from, or send to, another machine?

use super::Access;
use super::judge::{Judge, Run};
use super::operand::{has, is};
use super::script::Reason;
use super::word::Word;
use crate::facts::risk::Risk;

/// They fetch, and send when told so.
const FETCHERS: [&str; 6] = ["curl", "wget", "http", "https", "xh", "aria2c"];
/// They copy files between machines.
const COPIERS: [&str; 3] = ["scp", "sftp", "rsync"];
/// They send whatever they read.
const PIPES: [&str; 15] = [
    "nc",
    "ncat",
    "netcat",
    "socat",
    "telnet",
    "ftp",
    "tftp",
    "lftp",
    "mail",
    "mailx",
    "sendmail",
    "mutt",
    "smbclient",
    "swaks",
    "rclone",
];
/// They only ask for a name or an answer.
const ASKERS: [&str; 8] = ["nslookup", "dig", "ping", "host", "whois", "traceroute", "nmap", "drill"];

/// Letters of curl that take a value; those of wget.
const CURL: &[char] = &[
    'A', 'b', 'c', 'C', 'd', 'D', 'e', 'E', 'F', 'H', 'K', 'm', 'o', 'P', 'Q', 'r', 't', 'T', 'u', 'U', 'w', 'x', 'X',
    'y', 'Y', 'z',
];
const WGET: &[char] = &['a', 'o', 'O', 'e', 'i', 'B', 't', 'T', 'w', 'Q', 'P', 'U', 'D', 'A', 'G', 'I', 'X', 'l', 'R'];
/// Long options of curl and wget that take a value in the next word.
const VALUED: [&str; 32] = [
    "--header",
    "--user-agent",
    "--user",
    "--output",
    "--output-document",
    "--request",
    "--max-time",
    "--connect-timeout",
    "--write-out",
    "--referer",
    "--cookie",
    "--cookie-jar",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-urlencode",
    "--data-ascii",
    "--json",
    "--form",
    "--form-string",
    "--upload-file",
    "--retry",
    "--retry-delay",
    "--max-redirs",
    "--dump-header",
    "--range",
    "--cacert",
    "--timeout",
    "--limit-rate",
    "--url",
    "--proxy",
    "--config",
];
/// Options whose value is written to.
const WRITING: [&str; 13] = [
    "-o",
    "--output",
    "-O",
    "--output-document",
    "-c",
    "--cookie-jar",
    "-D",
    "--dump-header",
    "--trace",
    "--trace-ascii",
    "--stderr",
    "-a",
    "-P",
];
/// Beginnings of options that send.
const SENDING: [&str; 10] = [
    "--data",
    "--form",
    "--upload",
    "--post",
    "--body",
    "--json",
    "--url-query",
    "--config",
    "--method",
    "--input-file",
];
/// Beginnings of options that run programs, or lead elsewhere than the address says.
const ODD: [&str; 21] = [
    "--use-askpass",
    "--on-",
    "--resolve",
    "--connect-to",
    "--unix-socket",
    "--abstract-unix",
    "--doh",
    "--engine",
    "--libcurl",
    "--execute",
    "--rsh",
    "--rsync-path",
    "--sh-exec",
    "--lua-exec",
    "--exec",
    "--script",
    "--dns-servers",
    "--interface",
    "--proxy-command",
    "--daemon",
    "--remote-option",
];

pub(super) fn is_known(name: &str) -> bool {
    [&FETCHERS[..], &COPIERS, &PIPES, &ASKERS].iter().any(|list| list.contains(&name))
}

pub(super) fn judge(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    judge.raise(Risk::Medium, Reason::ReachesNetwork);
    if words.iter().any(|word| ODD.iter().any(|odd| word.text.starts_with(odd))) {
        judge.opaque(Reason::OptionUnknown);
    }
    if words.iter().any(|word| word.splits) {
        // Words of their own among the options.
        judge.opaque(Reason::OptionNotLiteral);
    }
    if FETCHERS.contains(&name) {
        fetch(judge, run, name, words);
    } else if COPIERS.contains(&name) {
        copy(judge, name, words);
    } else {
        let hosts = words
            .iter()
            .filter(|word| !word.text.starts_with('-') && !word.text.bytes().all(|byte| byte.is_ascii_digit()));
        if ASKERS.contains(&name) {
            hosts.for_each(|word| judge.reaches(word, name));
            return;
        }
        hosts.take(2).for_each(|word| judge.reaches(word, name));
        judge.raise(Risk::Critical, Reason::DataLeaves);
        let lower: Vec<String> = words.iter().map(|word| word.text.to_ascii_lowercase()).collect();
        let runs = lower.iter().any(|text| ["exec", "system", "shell", "!"].iter().any(|sign| text.contains(sign)));
        if runs || has(words, &["-e", "-c"]) {
            judge.opaque(Reason::OpaqueProgram);
        }
    }
}

fn fetch(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    let mut rest = words.iter();
    let mut named = false;
    let mut places = Vec::new();
    while let Some(word) = rest.next() {
        let text = word.text.as_str();
        if !text.starts_with('-') || text == "-" {
            places.push(word);
            continue;
        }
        judge.sends(word);
        let (option, value) = option(name, word, &mut rest);
        let key = option.as_str();
        sending(judge, name, key, value.as_ref());
        let bundle =
            name == "curl" && !text.starts_with("--") && text.split(CURL).next().unwrap_or_default().contains('O');
        named |= bundle || key.starts_with("--remote-name");
        let Some(value) = value else { continue };
        judge.sends(&value);
        // The same letter is a proxy's name, a tag or a try elsewhere.
        let writes = WRITING.contains(&key) && !(name == "curl" && matches!(key, "-a" | "-P" | "-O"));
        if writes && value.text != "-" && !(name == "wget" && matches!(key, "-c" | "-D")) {
            judge.writes(&value, Access::Write);
        }
        if matches!(key, "--url" | "-x" | "--proxy" | "--socks5" | "--preproxy") {
            judge.reaches(&value, name);
        }
    }
    for place in &places {
        if let Some(path) = place.text.strip_prefix("file:") {
            let path = Word { text: path.trim_start_matches("//").to_owned(), ..(*place).clone() };
            judge.reads(&path);
        } else {
            judge.reaches(place, name);
        }
    }
    // Without a name it is saved under the last part of its address.
    if matches!(name, "wget" | "aria2c") && !has(words, &["-O", "--output-document", "--spider"])
        || name != "wget" && named
    {
        judge.raise(Risk::Medium, Reason::Writes);
        judge.scatters |= has(words, &["-r", "--recursive", "-i", "-m", "--mirror"]);
        for word in &places {
            let last = word.text.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            if !last.is_empty() {
                judge.writes(&Word { text: last.to_owned(), ..(*word).clone() }, Access::Write);
            }
        }
    }
    // httpie sends `name=value` and `file@path`.
    let fields = !matches!(name, "curl" | "wget" | "aria2c") && places.len() > 1;
    if run.fed || run.given.is_some() || fields {
        judge.raise(Risk::Critical, Reason::DataLeaves);
    }
}

/// An option and its value, which may stand in the same word or in the next one.
fn option<'w>(name: &str, word: &Word, rest: &mut impl Iterator<Item = &'w Word>) -> (String, Option<Word>) {
    let text = word.text.as_str();
    let part = |text: &str| Word { text: text.to_owned(), ..word.clone() };
    if text.starts_with("--") {
        return match text.split_once('=') {
            Some((option, value)) => (option.to_owned(), Some(part(value))),
            None if VALUED.contains(&text) => (text.to_owned(), rest.next().cloned()),
            None => (text.to_owned(), None),
        };
    }
    let letters = if name == "curl" { CURL } else { WGET };
    let Some((before, after)) = text.find(letters).and_then(|place| text.split_at_checked(place)) else {
        return (text.to_owned(), None);
    };
    let mut after = after.chars();
    let option = after.next().map_or_else(|| before.to_owned(), |letter| format!("-{letter}"));
    let value = after.as_str();
    (option, if value.is_empty() { rest.next().cloned() } else { Some(part(value)) })
}

fn sending(judge: &mut Judge, name: &str, option: &str, value: Option<&Word>) {
    let short = name == "curl" && matches!(option, "-d" | "-F" | "-T" | "-K");
    if short || SENDING.iter().any(|start| option.starts_with(start)) && option != "--method" {
        judge.raise(Risk::Critical, Reason::DataLeaves);
        // What is written here is read from a file.
        if let Some(path) = value.and_then(|value| value.text.split_once('@').map(|(_, path)| path)) {
            judge.reads(&Word::literal(path.split(';').next().unwrap_or_default()));
        }
    }
    if option == "-K" || option.starts_with("--config") {
        judge.opaque(Reason::OptionUnknown);
    }
    let asks = option.starts_with("-X") || option.starts_with("--request") || option == "--method";
    let harmless = |text: &str| matches!(text, "GET" | "HEAD" | "OPTIONS");
    if asks && !value.is_some_and(|value| harmless(&value.text)) {
        judge.raise(Risk::High, Reason::ChangesElsewhere);
    }
}

fn copy(judge: &mut Judge, name: &str, words: &[Word]) {
    let mut places = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let text = word.text.as_str();
        if !text.starts_with('-') {
            places.push(word);
        } else if name == "rsync" && is(text, "-e") && !text.starts_with("--") {
            // `-e ssh` is what it does anyway.
            if rest.next().is_none_or(|program| program.bare() != "ssh") || !text.ends_with('e') {
                judge.opaque(Reason::OpaqueProgram);
            }
        } else if name != "rsync" && has(std::slice::from_ref(word), &["-o", "-S", "-F", "-D", "-b", "-J"]) {
            // ProxyCommand and its like run programs here.
            judge.opaque(Reason::OptionUnknown);
        } else if matches!(text, "-P" | "-i" | "-l" | "-c") && name != "rsync" {
            rest.next();
        } else if text.starts_with("--delete") {
            judge.raise(Risk::High, Reason::Destroys);
        }
    }
    let far = |word: &Word| word.text.contains(':') || !word.is_literal();
    for word in &places {
        if far(word) {
            judge.reaches(word, name);
        }
    }
    let Some((last, sources)) = places.split_last() else { return };
    judge.raise(Risk::Medium, Reason::Writes);
    if far(last) || name == "sftp" {
        judge.raise(Risk::Critical, Reason::DataLeaves);
        sources.iter().filter(|word| !far(word)).for_each(|word| judge.reads(word));
    } else {
        judge.writes(last, Access::Write);
        judge.scatters = true;
    }
}
