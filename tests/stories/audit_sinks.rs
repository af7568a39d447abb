//! Is the record told elsewhere, and what runs while it is not?

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UdpSocket, UnixDatagram};

use crate::Story;
use crate::audit_export::{RULES, everything};
use crate::effects::class;
use crate::waiting::people;
use crate::world::{Plan, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("sinks_of_every_kind_are_told_every_entry", sunk),
    ("a_required_sink_that_hangs_stops_calls_until_it_takes_the_record_again", hung),
    ("a_sink_that_is_not_required_keeps_nothing_from_running", slow),
];

/// What has come to a collector.
async fn collected(listener: TcpListener, wanted: usize) -> Vec<Value> {
    let mut all = Vec::new();
    while all.len() < wanted {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
            if let Some((name, value)) = line.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().unwrap(),
                    "authorization" => assert_eq!(value.trim(), "Bearer kept-to-ourselves"),
                    "content-type" => assert_eq!(value.trim(), "application/x-ndjson"),
                    _ => {}
                }
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let text = String::from_utf8(body).unwrap();
        all.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    all
}

/// Messages that stand counted on a connection.
async fn counted(listener: TcpListener, wanted: usize) -> Vec<String> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut all = Vec::new();
    while all.len() < wanted {
        let mut length = 0_usize;
        loop {
            match stream.read_u8().await.unwrap() {
                b' ' => break,
                digit => length = length * 10 + usize::from(digit - b'0'),
            }
        }
        let mut message = vec![0; length];
        stream.read_exact(&mut message).await.unwrap();
        all.push(String::from_utf8(message).unwrap());
    }
    all
}

async fn datagrams(socket: UnixDatagram, wanted: usize) -> Vec<String> {
    let (mut all, mut message) = (Vec::new(), vec![0; 65_536]);
    while all.len() < wanted {
        let length = socket.recv(&mut message).await.unwrap();
        all.push(String::from_utf8(message[..length].to_vec()).unwrap());
    }
    all
}

fn sunk() -> Told {
    // A46, A51, AUD-14
    Box::pin(async {
        let (http, tcp) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("log");
        let unix = UnixDatagram::bind(&socket).unwrap();
        let more = format!(
            "[[sinks]]\nname = \"file\"\nkind = \"file\"\npath = \"sink/audit.csv\"\nformat = \"csv\"\nrequired = true\n\
             [[sinks]]\nname = \"siem\"\nkind = \"http\"\nurl = \"http://{}/in\"\nformat = \"ocsf\"\n\
             headers = {{ Authorization = \"Bearer kept-to-ourselves\" }}\n\
             [[sinks]]\nname = \"tcp\"\nkind = \"syslog\"\nto = \"tcp://{}\"\nformat = \"cef\"\nlongest = \"2KiB\"\n\
             [[sinks]]\nname = \"udp\"\nkind = \"syslog\"\nto = \"udp://{}\"\n\
             [[sinks]]\nname = \"unix\"\nkind = \"syslog\"\nto = \"unix:{}\"\n",
            http.local_addr().unwrap(),
            tcp.local_addr().unwrap(),
            udp.local_addr().unwrap(),
            socket.display(),
        );
        let more: &'static str = Box::leak(format!("{}{more}", people()).into_boxed_str());
        let mut world = World::new(&Plan { policy: RULES, more, ..Plan::default() });
        std::fs::create_dir(world.path("sink")).unwrap();
        world.serve_so(&["--set", "limits.approval_wait=30s"]).await;
        let call = everything(&world).await;
        let book = world.book().await;
        let (http, tcp, unix) =
            tokio::join!(collected(http, book.len()), counted(tcp, book.len()), datagrams(unix, book.len()));
        let seqs: Vec<&Value> = book.iter().map(|entry| &entry["seq"]).collect();
        assert_eq!(http.iter().map(|event| &event["metadata"]["sequence"]).collect::<Vec<_>>(), seqs);
        for (messages, form) in [(&tcp, "CEF:0|Countersign|"), (&unix, "{\"seq\":")] {
            assert!(messages.iter().all(|message| message.starts_with("<1") && message.contains(form)), "{form}");
            assert!(messages.iter().all(|message| !message.chars().any(char::is_control) && message.len() < 10_000));
            assert!(messages.iter().any(|message| message.contains(&call)));
        }
        let mut message = [0; 8192];
        let length = udp.recv(&mut message).await.unwrap();
        assert!(String::from_utf8_lossy(&message[..length]).contains(" countersign "));
        let path = world.path("sink/audit.csv");
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while std::fs::read_to_string(&path).unwrap_or_default().lines().count() < book.len() + 1 {
            looks.tick().await;
        }
        // A gateway that comes back goes on where it was.
        world.stop().await;
        let told = std::fs::read_to_string(&path).unwrap().lines().count();
        world.serve_so(&["--set", "limits.approval_wait=30s"]).await;
        let all = world.book().await.len() + 1;
        while std::fs::read_to_string(&path).unwrap().lines().count() < all {
            looks.tick().await;
        }
        assert!(told <= all);
        let text = std::fs::read_to_string(&path).unwrap();
        let places: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        let whole: Vec<String> = world.book().await.iter().map(|entry| format!("\"{}\"", entry["seq"])).collect();
        assert_eq!(places, whole, "each once, in order");
    })
}

fn hung() -> Told {
    // AUD-15
    Box::pin(async {
        let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let more = format!(
            "[[sinks]]\nname = \"siem\"\nkind = \"http\"\nurl = \"http://{}/in\"\nrequired = true\nmax_lag = \"1s\"\n\
             timeout = \"500ms\"\nheaders = {{ Authorization = \"Bearer kept-to-ourselves\" }}\n",
            deaf.local_addr().unwrap()
        );
        let more: &'static str = Box::leak(format!("{}{more}", people()).into_boxed_str());
        let mut world = World::new(&Plan { policy: RULES, more, ..Plan::default() });
        world.serve_so(&["--set", "limits.approval_wait=100ms"]).await;
        let session = world.session(json!({})).await;
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        let mut number = 1;
        // Sooner or later nothing runs any more; and no call waits for the sink.
        let refused = loop {
            looks.tick().await;
            number += 1;
            let asked = session.call(number, "echo", json!({}));
            let answer = tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap();
            if answer["result"]["isError"] == true {
                assert_eq!(class(&answer), "audit_unavailable");
                break answer;
            }
        };
        let sent = world.ledger().len();
        assert!(refused.to_string().contains("nothing may run"), "{refused}");
        let ready = world.request(reqwest::Method::GET, "/readyz").send().await.unwrap();
        assert_eq!(ready.status().as_u16(), 503);
        // What it did not do is known as soon as it was waited for.
        let why = loop {
            let why = world.request(reqwest::Method::GET, "/readyz").send().await.unwrap().text().await.unwrap();
            assert!(why.contains("the sink `siem` is"), "{why}");
            if why.contains("behind, and nothing may run without it: ") {
                break why;
            }
            looks.tick().await;
        };
        assert!(why.contains("it took nothing within 500ms"), "{why}");
        assert_eq!(class(&session.call(900, "echo", json!({})).await), "audit_unavailable");
        assert_eq!(world.ledger().len(), sent, "nothing was sent");
        // That it was refused is in the record, which could be written all the time.
        let refused =
            world.book().await.iter().any(|entry| event(entry) == "refused" && entry["class"] == "audit_unavailable");
        assert!(refused, "refusals are recorded");
        tokio::spawn(collected(deaf, usize::MAX));
        loop {
            looks.tick().await;
            number += 1;
            let answer = session.call(number, "echo", json!({})).await;
            if answer["result"]["isError"] != true {
                break;
            }
        }
        drop(session);
        assert_eq!(world.request(reqwest::Method::GET, "/readyz").send().await.unwrap().status().as_u16(), 200);
        world.stop().await;
    })
}

fn slow() -> Told {
    // AUD-15
    Box::pin(async {
        let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let more = format!(
            "[[sinks]]\nname = \"siem\"\nkind = \"http\"\nurl = \"http://{}/in\"\nmax_lag = \"1s\"\ntimeout = \"200ms\"\n",
            deaf.local_addr().unwrap()
        );
        let more: &'static str = Box::leak(format!("{}{more}", people()).into_boxed_str());
        let mut world = World::new(&Plan { policy: RULES, more, ..Plan::default() });
        world.serve_so(&["--set", "limits.approval_wait=100ms"]).await;
        let session = world.session(json!({})).await;
        text(&session.call(1, "echo", json!({})).await);
        world.logged("the sink did not take the record").await;
        let session = world.session(json!({})).await;
        // Long after a required one would stop everything.
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        for number in 2..24 {
            looks.tick().await;
            text(&session.call(number, "echo", json!({})).await);
        }
        assert_eq!(world.request(reqwest::Method::GET, "/readyz").send().await.unwrap().status().as_u16(), 200);
    })
}
