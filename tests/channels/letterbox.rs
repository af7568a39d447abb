//! A mail server that keeps what it is given, and says what it is told to say.

use std::sync::Arc;

use base64::Engine as _;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// What it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manners {
    /// It offers STARTTLS.
    pub(super) starttls: bool,
    /// It speaks TLS from the first byte.
    pub(super) implicit: bool,
    /// What it says to the recipient.
    pub(super) recipient: Option<&'static str>,
    /// It goes away in the middle of the letter.
    pub(super) breaks: bool,
}

/// A letter it was given.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) to: String,
    pub(super) data: String,
    pub(super) login: Option<String>,
    pub(super) tls: bool,
}

pub(super) struct Server {
    pub(super) port: u16,
    pub(super) authority: String,
    letters: mpsc::UnboundedReceiver<Letter>,
}

#[derive(Default)]
struct Talk {
    letter: Option<String>,
    login: Option<String>,
    tls: bool,
}

enum After {
    Done,
    Tls,
}

impl Server {
    pub(super) async fn start(manners: Manners) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (give, letters) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manners, acceptor.clone(), give.clone()));
            }
        });
        Self { port, authority: pem(made.cert.der()), letters }
    }

    /// The next letter.
    pub(super) async fn letter(&mut self) -> Letter {
        self.letters.recv().await.unwrap()
    }

    /// Whether no letter has come.
    pub(super) fn is_empty(&mut self) -> bool {
        self.letters.try_recv().is_err()
    }
}

fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

async fn serve(
    stream: TcpStream,
    manners: Manners,
    acceptor: TlsAcceptor,
    give: mpsc::UnboundedSender<Letter>,
) -> Option<()> {
    if manners.implicit {
        let stream = acceptor.accept(stream).await.ok()?;
        let talk = Talk { tls: true, ..Talk::default() };
        talked(&mut BufReader::new(stream), (manners, true), talk, &give).await?;
        return Some(());
    }
    let mut stream = BufReader::new(stream);
    if let After::Tls = talked(&mut stream, (manners, true), Talk::default(), &give).await? {
        let stream = acceptor.accept(stream.into_inner()).await.ok()?;
        let talk = Talk { tls: true, ..Talk::default() };
        talked(&mut BufReader::new(stream), (manners, false), talk, &give).await?;
    }
    Some(())
}

async fn talked<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    (manners, greets): (Manners, bool),
    mut talk: Talk,
    give: &mpsc::UnboundedSender<Letter>,
) -> Option<After> {
    if greets {
        say(stream, "220 mail.test").await?;
    }
    loop {
        let line = hear(stream).await?;
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match verb {
            "EHLO" if manners.starttls && !talk.tls => say(stream, "250-mail.test\r\n250 STARTTLS").await?,
            "EHLO" => say(stream, "250-mail.test\r\n250 AUTH PLAIN LOGIN").await?,
            "STARTTLS" => {
                say(stream, "220 go on").await?;
                return Some(After::Tls);
            }
            "AUTH" => {
                let given = rest.split_once(' ').unwrap().1;
                let plain = base64::engine::general_purpose::STANDARD.decode(given).unwrap();
                let login = String::from_utf8(plain).unwrap().replace('\0', " ").trim().to_owned();
                let fine = login.ends_with(" right");
                talk.login = Some(login);
                say(stream, if fine { "235 welcome" } else { "535 who are you" }).await?;
            }
            "MAIL" => say(stream, "250 fine").await?,
            "RCPT" => {
                talk.letter = Some(rest.to_owned());
                say(stream, manners.recipient.unwrap_or("250 fine")).await?;
            }
            "DATA" => {
                say(stream, "354 go on").await?;
                let mut data = String::new();
                loop {
                    let line = hear(stream).await?;
                    if manners.breaks {
                        return None;
                    }
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push('\n');
                }
                let to = talk.letter.take().unwrap();
                give.send(Letter { to, data, login: talk.login.clone(), tls: talk.tls }).ok()?;
                say(stream, "250 taken as 4711").await?;
            }
            "QUIT" => {
                say(stream, "221 bye").await?;
                return Some(After::Done);
            }
            other => panic!("what is {other}?"),
        }
    }
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, words: &str) -> Option<()> {
    stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await.ok()?;
    stream.get_mut().flush().await.ok()
}

/// The plain text of a letter.
pub(super) fn plain_of(data: &str) -> String {
    let part = data.split("Content-Type: text/plain").nth(1).unwrap();
    let (head, body) = part.split_once("\n\n").unwrap();
    let body = body.split("\n--").next().unwrap();
    if head.contains("base64") {
        let joined: String = body.split_whitespace().collect();
        return String::from_utf8(base64::engine::general_purpose::STANDARD.decode(joined).unwrap()).unwrap();
    }
    if !head.contains("quoted-printable") {
        return body.to_owned();
    }
    let joined = body.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}
