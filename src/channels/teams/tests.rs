use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::channels::message::Arguments;
use crate::channels::notice::What;
use crate::channels::template::tests::message;
use crate::clock::Timestamp;
use crate::facts::Risk;

fn parcel() -> Parcel {
    let message = message(What::Requested, Risk::High);
    Parcel { id: "01-requested-1-teams".to_owned(), to: String::new(), message, now: Timestamp::default() }
}

fn card(body: &str) -> Value {
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&"AdaptiveCard".into(), &"1.4".into()));
    card.clone()
}

/// Everything that stands in a text block or a fact, where Markdown is read.
fn read_as_markdown(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| read_as_markdown(item, found)),
        Value::Object(members) => {
            if members.get("type").is_some_and(|kind| kind == "TextBlock") {
                found.push(members["text"].as_str().unwrap().to_owned());
            }
            found.extend(members.get("value").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| read_as_markdown(member, found));
        }
        _ => {}
    }
}

#[test]
fn a_card_tells_and_leads_and_takes_no_answer() {
    // A30, NOT-10, REN-01, REN-02, REN-03, REN-04
    for what in What::ALL {
        for risk in [Risk::Low, Risk::Critical] {
            let mut told = message(what, risk);
            if let Some(matter) = told.matters.first_mut() {
                matter.arguments = Some(Arguments::Whole("{\"password\":\"hunter2\"}".to_owned()));
            }
            let body = card::body(&told);
            assert!(!body.contains("hunter2") && !body.contains('\u{202e}'), "{body}");
            let ours = body.replace("https://gw.example.com/", "").replace("http://adaptivecards.io/", "");
            assert!(!ours.contains("://"), "no address but ours: {body}");
            let lent = "a credential is made for this call alone, for at most 20s: read";
            assert!(what != What::Requested || body.contains(lent), "{body}");
            let card = card(&body);
            let actions = card["actions"].as_array().cloned().unwrap_or_default();
            assert_eq!(actions.len(), usize::from(what != What::Test), "{what:?}");
            assert!(actions.iter().all(|action| action["type"] == "Action.OpenUrl"), "{actions:?}");
            let mut texts = Vec::new();
            read_as_markdown(&card, &mut texts);
            for text in texts {
                assert!(!text.contains(['*', '<', '[', '`', '@', '_']), "{what:?}: {text}");
            }
        }
    }
    let many = card(&card::body(&message(What::Many, Risk::Low)));
    assert_eq!(many["actions"][0]["url"], "https://gw.example.com/inbox");
}

#[test]
fn a_card_is_never_too_large() {
    // REN-07
    let mut told = message(What::Requested, Risk::High);
    let known = told.matters[0].known[0].clone();
    let long = "\u{202e}\u{1f600}\"".repeat(4000);
    told.matters[0].known = vec![known; 500];
    told.matters[0].reason = Some(long.clone());
    told.matters[0].target.clone_from(&long);
    let one = told.matters[0].clone();
    for matters in [1, 60] {
        told.matters = vec![one.clone(); matters];
        let body = card::body(&told);
        assert!(body.len() <= card::MOST_BYTES, "{}", body.len());
        card(&body);
    }
}

#[test]
fn an_address_that_is_gone_is_known_by_its_host() {
    for (url, fault) in [
        ("https://prod-12.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=y", None),
        ("https://x.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/1?sig=y", None),
        ("http://127.0.0.1:1/x", None),
        ("https://acme.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4", Some(TeamsFault::Connector)),
        ("https://outlook.office.com/webhook/1", Some(TeamsFault::Connector)),
        ("http://prod-12.westeurope.logic.azure.com/x", Some(TeamsFault::Address)),
        ("https://user:pass@prod-12.westeurope.logic.azure.com/x", Some(TeamsFault::Address)),
        ("teams", Some(TeamsFault::Address)),
        ("mailto:a@example.com", Some(TeamsFault::Address)),
    ] {
        assert_eq!(checked(url).err(), fault, "{url}");
    }
}

/// A flow that says this to one request, and what it was sent.
async fn flow(answer: &'static str) -> (Teams, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/workflows/1?sig=topsecret", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&heard).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    break;
                }
            }
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the request broke off");
            heard.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8(heard).unwrap()
    });
    let options = TeamsOptions { url: Secret::new(url), private: Private::Refused };
    assert!(!format!("{options:?}").contains("topsecret"));
    (Teams::new(&options).unwrap(), heard)
}

#[tokio::test]
async fn what_the_flow_says_decides_whether_it_is_tried_again() {
    for (answer, word, after) in [
        ("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", "taken", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1", "taken", None),
        ("HTTP/1.1 429 Slow\r\nretry-after: 17\r\ncontent-length: 0\r\n\r\n", "later", Some(17)),
        ("HTTP/1.1 429 Slow\r\nretry-after: 99999999\r\ncontent-length: 0\r\n\r\n", "later", Some(3600)),
        ("HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n", "later", None),
        ("HTTP/1.1 400 Bad\r\ncontent-length: 8\r\n\r\n\u{1b}[2Jbad!", "refused", None),
        ("HTTP/1.1 404 Gone\r\ncontent-length: 0\r\n\r\n", "later", None),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", "gone", None),
        // WHK-02
        ("HTTP/1.1 301 There\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n", "refused", None),
    ] {
        let (teams, heard) = flow(answer).await;
        let went = teams.deliver(&parcel()).await;
        let request = heard.await.unwrap();
        assert!(request.starts_with("POST /workflows/1?sig=topsecret HTTP/1.1\r\n"), "{request}");
        card(request.split_once("\r\n\r\n").unwrap().1);
        let (found, said, wait) = match &went {
            Went::Taken { said } => ("taken", said, None),
            Went::Later { why, after } => ("later", why, after.map(|after| after.as_secs())),
            Went::Refused { why } => ("refused", why, None),
            Went::Gone { why } => ("gone", why, None),
        };
        assert_eq!((found, wait), (word, after), "{answer}: {went:?}");
        assert!(!said.contains("topsecret") && !said.contains('\u{1b}'), "{said}");
    }
    let options =
        TeamsOptions { url: Secret::new("https://10.0.0.1/?sig=topsecret".to_owned()), private: Private::Refused };
    // SSR-01
    let went = Teams::new(&options).unwrap().deliver(&parcel()).await;
    assert!(
        matches!(&went, Went::Later { why, .. } if why.contains("private") && !why.contains("topsecret")),
        "{went:?}"
    );
}
