#[path = "../../../tests/channels/letterbox.rs"]
mod letterbox;

use letterbox::{Manners, Server, plain_of};

use super::*;
use crate::channels::message::Message;
use crate::channels::template::tests::message;
use crate::facts::Risk;
use crate::store::{Durability, Store, StoreOptions};

const NOW: Timestamp = Timestamp::from_micros(1_795_334_400_000_000);

fn options(server: &Server, tls: Tls) -> MailOptions {
    MailOptions {
        server: "127.0.0.1".to_owned(),
        port: server.port,
        tls,
        login: None,
        from: "Countersign <gate@example.com>".to_owned(),
        link_is_enough: LinkRule::Low,
        private: Private::Refused,
        authority: Some(server.authority.clone()),
    }
}

async fn mail(options: MailOptions) -> Mail {
    let store = Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap();
    let links = Links::new(store, Some(Url::parse("https://gw.example.com/").unwrap()), options.link_is_enough);
    let whose: Whose = Arc::new(|address| (address == "ada@example.com").then(|| "ada".to_owned()));
    Mail::new(options, links, whose).unwrap()
}

fn parcel(to: &str, message: Message) -> Parcel {
    Parcel { id: "01a1-requested-1-mail".to_owned(), to: to.to_owned(), message, now: NOW }
}

fn header<'a>(data: &'a str, name: &str) -> &'a str {
    let head = data.split("\n\n").next().unwrap();
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

#[tokio::test]
async fn a_letter_is_named_and_stands_with_others_about_its_call() {
    let mut server = Server::start(Manners::default()).await;
    let mail = mail(options(&server, Tls::None)).await;
    let asked = parcel("ada@example.com", message(What::Requested, Risk::Low));
    let ended = Parcel {
        id: "01a1-rejected-2-mail".to_owned(),
        ..parcel("ada@example.com", message(What::Rejected, Risk::Low))
    };
    for parcel in [&asked, &asked, &ended] {
        let went = mail.deliver(parcel).await;
        assert_eq!(went, Went::Taken { said: "250 taken as 4711".to_owned() });
    }
    let (first, second, last) = (server.letter().await, server.letter().await, server.letter().await);
    assert_eq!(first.to, "TO:<ada@example.com>");
    let id = header(&first.data, "Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{}", first.data);
    assert_eq!(id, header(&second.data, "Message-ID"), "a second copy is recognised");
    assert_ne!(id, header(&last.data, "Message-ID"));
    for name in ["In-Reply-To", "References"] {
        assert!(!header(&first.data, name).is_empty());
        assert_eq!(header(&first.data, name), header(&last.data, name), "they stand together");
    }
    assert_eq!(header(&first.data, "Auto-Submitted"), "auto-generated");
    let (asked, over) = (plain_of(&first.data), plain_of(&last.data));
    assert!(asked.contains("If you agree: a credential is made for this call alone, for at most 20s: read"), "{asked}");
    // NOT-02: the code stands beside the address and not in it.
    let address = asked.lines().find(|line| line.starts_with("https://gw.example.com/l/")).unwrap();
    let code = asked.lines().find_map(|line| line.strip_prefix("With this code: ")).unwrap();
    assert!(code.len() == 4 && address.len() == "https://gw.example.com/l/".len() + 64, "{asked}");
    assert!(over.contains("nothing to do") && !over.contains("/l/") && over.contains("/calls/"), "{over}");
}

#[tokio::test]
async fn a_letter_to_somebody_who_is_not_listed_or_about_more_leads_to_the_call() {
    // NOT-03
    let mut server = Server::start(Manners::default()).await;
    let mail = mail(options(&server, Tls::None)).await;
    for (to, what, risk, answers) in [
        ("ada@example.com", What::Reminded, Risk::Low, true),
        ("eve@example.com", What::Requested, Risk::Low, false),
        ("ada@example.com", What::Requested, Risk::High, false),
        ("ada@example.com", What::Questioned, Risk::Low, false),
        ("ada@example.com", What::Many, Risk::High, true),
        ("ada@example.com", What::Test, Risk::Low, false),
    ] {
        mail.deliver(&parcel(to, message(what, risk))).await;
        let text = plain_of(&server.letter().await.data);
        assert_eq!(text.contains("gw.example.com/l/"), answers, "{to} {what:?} {risk:?}: {text}");
        assert_eq!(
            text.contains("gw.example.com/calls/"),
            what != What::Test && !(answers && what != What::Many),
            "{text}"
        );
    }
}

#[tokio::test]
async fn nothing_in_a_call_leaves_its_place_in_a_letter() {
    // NOT-10, REN-01, REN-03, REN-04, REN-08, REN-10
    let mut server = Server::start(Manners::default()).await;
    let mail = mail(options(&server, Tls::None)).await;
    let mut told = message(What::Requested, Risk::High);
    told.matters[0].arguments =
        Some(crate::channels::message::Arguments::Whole("{\"password\":\"hunter2\"}".to_owned()));
    told.matters[0].reason =
        Some(format!("first{}<img src=x onerror=alert(1)>\r\nBcc: eve@example.com", "\n".repeat(3000)));
    mail.deliver(&parcel("ada@example.com", told.clone())).await;
    let letter = server.letter().await;
    let head = letter.data.split("\n\n").next().unwrap();
    assert!(!head.contains("Bcc") && head.lines().all(|line| line.len() <= 998), "{head}");
    let Letter { subject, text, html } = Letter::of(&told, &[Way::Page("https://gw.example.com/calls/1".to_owned())]);
    assert!(subject.chars().count() < 250 && !subject.contains(['\r', '\n']), "{subject}");
    for shown in [&text, &html] {
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("[3000 blank characters]"), "{shown}");
        assert!(!shown.contains('\u{202e}') && shown.contains("\\u{202e}"), "{shown}");
        assert!(!shown.replace("https://gw.example.com/", "").contains("://"), "no address but ours: {shown}");
    }
    assert!(!html.contains("<img") && html.contains("&lt;img src=x"), "{html}");
    assert_eq!(html.matches("href=").count(), 1);
    assert!(!html.contains("src=\"") && !html.contains("<script") && !html.contains("<link"), "{html}");
    assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
}

#[tokio::test]
async fn what_the_server_says_decides_whether_it_is_tried_again() {
    for (recipient, breaks, went) in [
        (Some("451 come back"), false, "later"),
        (Some("421 too many"), false, "later"),
        (Some("550 nobody here"), false, "refused"),
        (Some("553 https://evil.example \u{1b}[2J"), false, "refused"),
        (None, true, "later"),
        (None, false, "taken"),
    ] {
        let server = Server::start(Manners { recipient, breaks, ..Manners::default() }).await;
        let mail = mail(options(&server, Tls::None)).await;
        let done = mail.deliver(&parcel("ada@example.com", message(What::Requested, Risk::Low))).await;
        let (word, said) = match &done {
            Went::Taken { said } => ("taken", said),
            Went::Later { why, .. } => ("later", why),
            Went::Refused { why } => ("refused", why),
            Went::Gone { why } => ("gone", why),
        };
        assert_eq!(word, went, "{recipient:?}: {done:?}");
        assert!(!said.contains(['\u{1b}', '\n']) && !said.contains("://"), "{said}");
    }
    let server = Server::start(Manners::default()).await;
    let mail = mail(options(&server, Tls::None)).await;
    for to in ["", "ada", "ada@example.com\r\nRCPT TO:<eve@example.com>", "ada@example.com, eve@example.com"] {
        let done = mail.deliver(&parcel(to, message(What::Test, Risk::Low))).await;
        assert!(matches!(done, Went::Refused { .. }), "{to}: {done:?}");
    }
}

#[tokio::test]
async fn a_password_leaves_only_over_tls_to_whom_it_is_for() {
    let login = |password: &str| Some(("gate".to_owned(), Secret::new(password.to_owned())));
    for (manners, tls) in [
        (Manners { starttls: true, ..Manners::default() }, Tls::Starttls),
        (Manners { implicit: true, ..Manners::default() }, Tls::Implicit),
    ] {
        let mut server = Server::start(manners).await;
        let fine = mail(MailOptions { login: login("right"), ..options(&server, tls) }).await;
        let done = fine.deliver(&parcel("ada@example.com", message(What::Test, Risk::Low))).await;
        assert!(matches!(done, Went::Taken { .. }), "{tls:?}: {done:?}");
        let letter = server.letter().await;
        assert_eq!((letter.tls, letter.login.as_deref()), (true, Some("gate right")));
        let wrong = mail(MailOptions { login: login("wrong"), ..options(&server, tls) }).await;
        let done = wrong.deliver(&parcel("ada@example.com", message(What::Test, Risk::Low))).await;
        assert!(matches!(&done, Went::Later { why, .. } if !why.contains("wrong")), "{done:?}");
        assert!(!format!("{wrong:?}").contains("wrong"));
        // Nobody vouches for this certificate.
        let stranger = mail(MailOptions { authority: None, login: login("right"), ..options(&server, tls) }).await;
        let done = stranger.deliver(&parcel("ada@example.com", message(What::Test, Risk::Low))).await;
        assert!(matches!(done, Went::Later { .. }), "{done:?}");
        assert!(server.is_empty());
    }
    // Whoever takes the offer of TLS out of the answer gets nothing.
    let mut server = Server::start(Manners::default()).await;
    let stripped = mail(MailOptions { login: login("right"), ..options(&server, Tls::Starttls) }).await;
    let done = stripped.deliver(&parcel("ada@example.com", message(What::Test, Risk::Low))).await;
    assert!(matches!(&done, Went::Later { why, .. } if why.contains("offers no TLS")), "{done:?}");
    assert!(server.is_empty());
}

#[tokio::test]
async fn a_mail_server_inside_is_reached_only_where_the_operator_said_so() {
    // SSR-01, SSR-02
    let server = Server::start(Manners::default()).await;
    for (host, private, why) in [
        ("10.0.0.1", Private::Refused, "private"),
        ("169.254.169.254", Private::Allowed, "never"),
        ("2852039166", Private::Allowed, "never"),
        ("[::ffff:10.0.0.1]", Private::Refused, "private"),
        ("93.184.216.34", Private::Refused, "this machine only"),
    ] {
        let options = MailOptions { server: host.to_owned(), private, ..options(&server, Tls::None) };
        let done = mail(options).await.deliver(&parcel("ada@example.com", message(What::Test, Risk::Low))).await;
        assert!(matches!(&done, Went::Refused { why: told } if told.contains(why)), "{host}: {done:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_mail_server_is_refused_before_it_is_used() {
    let server = Server::start(Manners::default()).await;
    let store = Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap();
    let links = Links::new(store, None, LinkRule::Never);
    for (host, from) in [
        ("smtp.example.com/x", "gate@example.com"),
        ("user@smtp.example.com", "gate@example.com"),
        ("", "gate@example.com"),
        ("smtp.example.com", "gate"),
        ("smtp.example.com", "a@example.com\r\nBcc: b@example.com"),
    ] {
        let options = MailOptions { server: host.to_owned(), from: from.to_owned(), ..options(&server, Tls::None) };
        Mail::new(options, links.clone(), Arc::new(|_| None)).unwrap_err();
    }
}
