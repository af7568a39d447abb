//! Who notices when everything on the machine was put back or rewritten, the keys with it?

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::audit::checkpoint::Checkpoint;
use countersign::audit::cosignature::Witness;
use countersign::audit::note::Note;
use countersign::audit::tree::{Hash, is_consistent};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::Story;
use crate::world::{Plan, Told, World};

pub(crate) const STORIES: &[Story] = &[
    ("a_backup_put_back_with_its_keys_is_noticed_by_a_folder", folder),
    ("a_backup_put_back_with_its_keys_is_noticed_by_a_repository", repository),
    ("a_witness_signs_what_goes_on_and_no_second_history", witness),
    ("a_time_stamp_is_one_that_another_program_believes", stamped),
    ("an_anchor_that_fails_is_told_of_and_keeps_nothing_from_running", failing),
];

fn world(anchor: &str) -> World {
    let more = format!("[[anchors]]\nname = \"outside\"\nevery = \"200ms\"\n{anchor}\n");
    World::new(&Plan { more: Box::leak(more.into_boxed_str()), ..Plan::default() })
}

/// Serves this many calls, and leaves.
async fn serve(world: &mut World, calls: u64) {
    world.serve().await;
    let session = world.session(json!({})).await;
    for number in 0..calls {
        session.call(number, "drop_table", json!({ "text": format!("call {number}") })).await;
    }
    world.stop().await;
}

fn said(note: &str) -> Checkpoint {
    Checkpoint::of(&Note::parse(note).unwrap()).unwrap()
}

async fn standing(world: &World) -> Value {
    let (code, told) = world.run(&["audit", "anchors", "--json"]).await;
    assert_eq!(code, 0, "{told}");
    serde_json::from_str::<Value>(&told).unwrap()[0].take()
}

/// Runs a program to its end.
async fn run(place: &Path, program: &str, arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(place).stdin(Stdio::null()).kill_on_drop(true);
    let done = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {told}");
    told.trim().to_owned()
}

/// Keeps a copy of what is on the machine, or puts it back.
async fn copy(world: &World, from: &str, to: &str, what: &[&str]) {
    for name in what {
        let (from, to) = (world.path(&format!("{from}{name}")), world.path(&format!("{to}{name}")));
        if to.is_dir() {
            std::fs::remove_dir_all(&to).unwrap();
        }
        run(&world.path(""), "cp", &["-a", &from.display().to_string(), &to.display().to_string()]).await;
    }
    for beside in ["book.db-wal", "book.db-shm"] {
        drop(std::fs::remove_file(world.path(beside)));
    }
}

const TOKEN: &str = "a-token-for-whoever-watches-anchors-0123456789";
const MACHINE: [&str; 2] = ["book.db", "book-keys"];

/// The gateway does not start, because this is older than what was anchored.
async fn refused(world: &World) {
    let (code, told) = world.run(&["serve"]).await;
    assert!(code == 1 && told.contains("not the one that was signed"), "{code} {told}");
    assert!(told.contains("the anchor `outside`") && told.contains("audit rollover"), "{told}");
}

fn folder() -> Told {
    // STO-05, AUD-02
    Box::pin(async {
        let mut world = world("kind = \"folder\"\npath = \"worm\"");
        std::fs::create_dir(world.path("worm")).unwrap();
        serve(&mut world, 3).await;
        let first = said(&std::fs::read_to_string(world.path("worm/checkpoint")).unwrap());
        let kept = std::fs::read_to_string(world.path(&format!("worm/checkpoints/{}", first.size))).unwrap();
        assert_eq!(said(&kept).root, first.root);
        let stands = standing(&world).await;
        assert_eq!((stands["size"].as_u64(), stands["behind"].as_u64()), (Some(first.size), Some(0)), "{stands}");
        let (code, told) = world.run(&["audit", "verify"]).await;
        assert_eq!(code, 0, "{told}");
        std::fs::create_dir(world.path("backup")).unwrap();
        copy(&world, "", "backup/", &MACHINE).await;
        serve(&mut world, 2).await;
        let last = said(&std::fs::read_to_string(world.path("worm/checkpoint")).unwrap());
        assert!(last.size > first.size);
        copy(&world, "backup/", "", &MACHINE).await;
        refused(&world).await;
        let (code, told) = world.run(&["audit", "verify", "--checkpoint", "worm/checkpoint"]).await;
        assert!(code == 1 && told.contains("its end was cut off"), "{code} {told}");
        // Where only what can be added to is left of it.
        std::fs::remove_file(world.path("worm/checkpoint")).unwrap();
        refused(&world).await;
        let (code, told) = world.run(&["audit", "rollover", "--reason", "the disk is lost"]).await;
        assert_eq!(code, 0, "{told}");
        serve(&mut world, 1).await;
        let after = said(&std::fs::read_to_string(world.path("worm/checkpoint")).unwrap());
        assert!(after.origin.ends_with("/from-2"), "{after:?}");
        assert_eq!(
            said(&std::fs::read_to_string(world.path(&format!("worm/checkpoints/{}", last.size))).unwrap()),
            last
        );
    })
}

fn repository() -> Told {
    // STO-05
    Box::pin(async {
        let mut world = world("kind = \"git\"\npath = \"tree\"\nremote = \"origin\"");
        let place = world.path("");
        run(&place, "git", &["init", "--quiet", "--bare", "elsewhere.git"]).await;
        run(&place, "git", &["init", "--quiet", "tree"]).await;
        run(&place, "git", &["-C", "tree", "remote", "add", "origin", "../elsewhere.git"]).await;
        serve(&mut world, 2).await;
        let branch = run(&place, "git", &["-C", "tree", "symbolic-ref", "--short", "HEAD"]).await;
        let shown = format!("{branch}:checkpoint");
        let first = said(&(run(&place, "git", &["-C", "elsewhere.git", "show", &shown]).await + "\n"));
        let log = run(&place, "git", &["-C", "elsewhere.git", "log", "--format=%H %s", &branch]).await;
        let stands = standing(&world).await;
        let newest = format!("{} {} ", stands["said"].as_str().unwrap(), first.size);
        assert!(log.starts_with(&newest), "{log}: {stands}");
        std::fs::create_dir(world.path("backup")).unwrap();
        let machine = [&MACHINE[..], &["tree"]].concat();
        copy(&world, "", "backup/", &machine).await;
        serve(&mut world, 1).await;
        // The work tree was put back as well; what was pushed was not.
        copy(&world, "backup/", "", &machine).await;
        refused(&world).await;
    })
}

/// What came in, and what goes out.
type Answering = Box<dyn FnMut(String, Vec<u8>) -> (u16, Vec<u8>) + Send>;

/// Answers requests one after the other.
async fn answer(listener: TcpListener, mut answering: Answering) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let (mut first, mut length, mut line) = (String::new(), 0, String::new());
        stream.read_line(&mut first).await.unwrap();
        while stream.read_line(&mut line).await.unwrap() > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let (status, body) = answering(first, body);
        let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        // Whoever asked may have stopped meanwhile.
        drop(stream.write_all(&[head.as_bytes(), &body].concat()).await);
    }
}

/// What a witness has seen of one log.
#[derive(Debug, Default)]
struct Seen {
    size: u64,
    root: Hash,
    signed: usize,
    refused: usize,
}

/// C2SP `tlog-witness`, for one log.
fn sign(seen: &mut Seen, pair: &Ed25519KeyPair, key: &Witness, body: &str) -> (u16, Vec<u8>) {
    let (head, note) = body.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
    let proof: Vec<Hash> = lines.map(|line| BASE64.decode(line).unwrap().try_into().unwrap()).collect();
    let (note, said) = (Note::parse(note).unwrap(), said(note));
    if old != seen.size {
        return (409, format!("{}\n", seen.size).into_bytes());
    }
    if !is_consistent((old, &seen.root), (said.size, &said.root), &proof) {
        seen.refused += 1;
        return (422, Vec::new());
    }
    (seen.size, seen.root, seen.signed) = (said.size, said.root, seen.signed + 1);
    let seconds = 1_800_000_000_u64;
    let signature = pair.sign(Witness::message(seconds, &note.text).as_bytes());
    let bytes = [&key.id()[..], &seconds.to_be_bytes(), signature.as_ref()].concat();
    (200, format!("\u{2014} witness.example {}\n", BASE64.encode(bytes)).into_bytes())
}

fn witness() -> Told {
    // AUD-04
    Box::pin(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
        let key = Witness::new("witness.example", pair.public_key().as_ref().try_into().unwrap());
        let mut world = world(&format!(
            "kind = \"witness\"\nurl = \"http://{}/w\"\nkey = \"{key}\"",
            listener.local_addr().unwrap()
        ));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (noted, signs) = (Arc::clone(&seen), key.clone());
        tokio::spawn(answer(
            listener,
            Box::new(move |first, body| {
                assert!(first.starts_with("POST /w/add-checkpoint "), "{first}");
                sign(&mut noted.lock().unwrap(), &pair, &signs, &String::from_utf8(body).unwrap())
            }),
        ));
        serve(&mut world, 3).await;
        let stands = standing(&world).await;
        let (note, line) = (stands["note"].as_str().unwrap(), stands["said"].as_str().unwrap());
        assert_eq!(said(note).size, seen.lock().unwrap().size, "{stands}");
        assert_eq!(key.signed(&Note::parse(note).unwrap().text, line).unwrap().seconds, 1_800_000_000);
        std::fs::create_dir(world.path("backup")).unwrap();
        copy(&world, "", "backup/", &MACHINE).await;
        serve(&mut world, 2).await;
        let (size, signed) = {
            let seen = seen.lock().unwrap();
            (seen.size, seen.signed)
        };
        assert!(signed >= 2 && size > said(note).size, "it went on: {seen:?}");
        // What was put back knows less than the witness signed.
        copy(&world, "backup/", "", &MACHINE).await;
        refused(&world).await;
        // The same keys sign another history, which comes to be longer while nobody asks the witness.
        let config = std::fs::read_to_string(world.path("countersign.toml")).unwrap();
        world.write("countersign.toml", &without(&world));
        serve(&mut world, 9).await;
        world.write("countersign.toml", &config);
        world.serve().await;
        world.logged("it signed another history of this log").await;
        world.stop().await;
        assert!(standing(&world).await["trouble"].as_str().unwrap().contains("another history"));
        let seen = seen.lock().unwrap();
        assert!(seen.size == size && seen.signed == signed && seen.refused > 0, "{seen:?}");
    })
}

const AUTHORITY: &str = "[tsa]\ndefault_tsa = own\n[own]\nserial = serial\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n\
    signer_digest = sha256\naccuracy = secs:1\nordering = no\ntsa_name = no\ness_cert_id_alg = sha256\n";

fn stamped() -> Told {
    Box::pin(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut world =
            world(&format!("kind = \"timestamp\"\nurl = \"http://{}/tsa\"", listener.local_addr().unwrap()));
        let place = world.path("");
        world.write("tsa.cnf", AUTHORITY);
        world.write("serial", "01\n");
        let usage =
            ["-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "keyUsage=critical,digitalSignature"];
        let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a time", "-days", "2"];
        let files = ["-keyout", "tsa.key", "-out", "tsa.pem"];
        run(&place, "openssl", &[&make[..], &usage, &files].concat()).await;
        let own = place.clone();
        tokio::spawn(answer(
            listener,
            Box::new(move |_, body| {
                std::fs::write(own.join("query"), body).unwrap();
                let reply = ["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-signer", "tsa.pem"];
                let mut command = std::process::Command::new("openssl");
                command.args(reply).args(["-inkey", "tsa.key", "-out", "reply"]).current_dir(&own);
                let done = command.output().unwrap();
                assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
                (200, std::fs::read(own.join("reply")).unwrap())
            }),
        ));
        serve(&mut world, 2).await;
        let stands = standing(&world).await;
        assert_eq!(stands["trouble"], "", "{stands}");
        world.write("checkpoint", stands["note"].as_str().unwrap());
        std::fs::write(world.path("token.der"), BASE64.decode(stands["said"].as_str().unwrap()).unwrap()).unwrap();
        let check = ["ts", "-verify", "-token_in", "-in", "token.der", "-data", "checkpoint", "-CAfile", "tsa.pem"];
        let told = run(&place, "openssl", &check).await;
        assert!(told.contains("Verification: OK"), "{told}");
    })
}

fn failing() -> Told {
    // AUD-05
    Box::pin(async {
        let anchor = format!("kind = \"folder\"\npath = \"gone\"\n[telemetry]\nmetrics_token = {TOKEN:?}");
        let mut world = world(&anchor);
        world.serve().await;
        world.session(json!({})).await.call(1, "drop_table", json!({})).await;
        world.logged("the anchor did not take the checkpoint").await;
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while !standing(&world).await["trouble"].as_str().unwrap().contains("gone") {
            looks.tick().await;
        }
        let (code, told) = world.run(&["audit", "anchors"]).await;
        assert!(code == 0 && told.contains("has no checkpoint yet") && told.contains("last trouble"), "{told}");
        // Nothing was ever anchored, and how long that is so is known all the same.
        while lag(&world).await.is_none_or(|lag| lag < 1.5) {
            looks.tick().await;
        }
        std::fs::create_dir(world.path("gone")).unwrap();
        world.logged("the anchor takes checkpoints again").await;
        while lag(&world).await.is_none_or(|lag| lag > 1.2) {
            looks.tick().await;
        }
        world.stop().await;
        assert!(world.path("gone/checkpoint").exists());
        // Without any, whoever starts it is told what that means.
        world.write("countersign.toml", &without(&world));
        world.serve().await;
        world.logged("no anchor is configured").await;
        world.stop().await;
    })
}

/// How many seconds ago everything was anchored, as whoever watches is told.
async fn lag(world: &World) -> Option<f64> {
    let told = world.request(reqwest::Method::GET, "/metrics").bearer_auth(TOKEN).send().await.unwrap();
    let told = told.text().await.unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("countersign_anchor_lag_seconds "))?;
    Some(line.parse().unwrap())
}

/// The configuration without anchors.
fn without(world: &World) -> String {
    let text = std::fs::read_to_string(world.path("countersign.toml")).unwrap();
    text.split("[[anchors]]").next().unwrap().to_owned()
}
