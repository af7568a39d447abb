//! What is measured, and how is it started? Every process is ours, in a folder of its own, and ends with its value.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a target may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where everything lives that a run needs.
pub(crate) struct Place {
    pub(crate) gateway: PathBuf,
    pub(crate) stub: PathBuf,
    folder: TempDir,
}

/// A running process that listens.
pub(crate) struct Target {
    child: Child,
    pub(crate) port: u16,
}

impl Place {
    pub(crate) fn make(gateway: &Path) -> anyhow::Result<Self> {
        let gateway = gateway.canonicalize().with_context(|| format!("there is no {}", gateway.display()))?;
        Ok(Self { gateway, stub: std::env::current_exe()?, folder: tempfile::tempdir()? })
    }

    /// What gateways of one database sign and seal with.
    pub(crate) fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// The tool server itself.
    pub(crate) fn stub(&self, tools: usize) -> anyhow::Result<Target> {
        let mut child =
            Command::new(&self.stub).args(["stub", "http", &tools.to_string()]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("the stub has no output")?).read_line(&mut line)?;
        Ok(Target { child, port: line.trim().parse().context("the stub did not start")? })
    }

    /// nginx as anybody would put it in front of one server, with kept connections.
    pub(crate) fn nginx(&self, upstream: u16) -> anyhow::Result<Target> {
        let port = free_port()?;
        let room = self.room("nginx")?;
        let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("    {kind}_temp_path {}/{kind};\n", room.display()))
            .concat();
        let config = format!(
            "{user}daemon off;\nworker_processes auto;\npid {room}/nginx.pid;\nerror_log {room}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n    access_log off;\n    keepalive_requests 100000000;\n{temporary}\
             \x20   upstream stub {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}\n\
             \x20   server {{\n        listen 127.0.0.1:{port};\n        location / {{\n\
             \x20           proxy_pass http://stub;\n            proxy_http_version 1.1;\n\
             \x20           proxy_set_header Connection \"\";\n        }}\n    }}\n}}\n",
            room = room.display()
        );
        let file = room.join("nginx.conf");
        fs::write(&file, config)?;
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].into_iter().find(|path| Path::new(path).exists());
        let mut command = Command::new(program.unwrap_or("nginx"));
        command.arg("-e").arg(room.join("error.log")).arg("-c").arg(&file).stdin(Stdio::null());
        let child = command.spawn().context("nginx cannot be started; on Debian: apt-get install nginx")?;
        Target { child, port }.listening()
    }

    /// The gateway in front of servers, with policy and record.
    pub(crate) fn gateway(&self, name: &str, servers: &[(String, String)]) -> anyhow::Result<Target> {
        let port = free_port()?;
        let config = self.config(name, port, servers)?;
        let child = self.serve(&config)?;
        Target { child, port }.listening()
    }

    /// The gateway of a configuration that says where it listens.
    pub(crate) fn target(&self, config: &Path) -> anyhow::Result<Target> {
        let text = fs::read_to_string(config)?;
        let port = text.split_once("listen = \"127.0.0.1:").and_then(|(_, rest)| rest.split('"').next()?.parse().ok());
        let port = port.context("the configuration says where it listens")?;
        Target { child: self.serve(config)?, port }.listening()
    }

    /// Writes a configuration with rules of its own in a new folder.
    pub(crate) fn written(&self, name: &str, config: &str, rules: &str) -> anyhow::Result<PathBuf> {
        let room = self.room(name)?;
        fs::create_dir(room.join("rules"))?;
        fs::write(room.join("rules/bench.rego"), rules)?;
        let file = room.join("countersign.toml");
        fs::write(&file, config)?;
        Ok(file)
    }

    /// Starts `countersign serve` and waits for nothing.
    pub(crate) fn serve(&self, config: &Path) -> anyhow::Result<Child> {
        let log = fs::File::create(config.with_extension("log"))?;
        let folder = config.parent().context("a file is in a folder")?;
        let mut command = Command::new(&self.gateway);
        command.args(["serve", "--config"]).arg(config).current_dir(folder).stdin(Stdio::null());
        Ok(command.stdout(log.try_clone()?).stderr(log).spawn()?)
    }

    /// Writes a configuration in a new folder. Servers are names and the line that says how they are reached.
    pub(crate) fn config(&self, name: &str, port: u16, servers: &[(String, String)]) -> anyhow::Result<PathBuf> {
        let room = self.room(name)?;
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let mut config = format!(
            "[http]\nlisten = \"127.0.0.1:{port}\"\naccept = [\"anyone\"]\n\n[policy]\npaths = [{:?}]\n\n\
             [store]\nurl = \"sqlite:book.db\"\n",
            policies.display().to_string()
        );
        for (name, reached) in servers {
            write!(config, "\n[servers.{name}]\n{reached}\n")?;
        }
        let file = room.join("countersign.toml");
        fs::write(&file, config)?;
        Ok(file)
    }

    fn room(&self, name: &str) -> anyhow::Result<PathBuf> {
        let room = self.folder.path().join(name);
        if room.exists() {
            fs::remove_dir_all(&room)?;
        }
        fs::create_dir(&room)?;
        Ok(room)
    }
}

impl Target {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a loss of power would.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn listening(mut self) -> anyhow::Result<Self> {
        listens(&mut self.child, self.port)?;
        Ok(self)
    }
}

/// Waits until a program listens on its port: they do not all say so, and to be let in is what is wanted. Looked at each
/// millisecond, so that the time it takes is known to one.
pub(crate) fn listens(child: &mut Child, port: u16) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let begun = Instant::now();
        let mut looks = tokio::time::interval(Duration::from_millis(1));
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("a program ended before it listened on port {port}: {status}");
            }
            if begun.elapsed() > PATIENCE {
                bail!("a program does not listen on port {port} after {} s", PATIENCE.as_secs());
            }
            looks.tick().await;
        }
        Ok(())
    })
}

impl Drop for Target {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Ends a process in order: nginx takes its workers with it, and the gateway closes its record.
pub(crate) fn end(child: &mut Child) {
    // Its number may be somebody else's by now.
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    if let Ok(pid) = i32::try_from(child.id())
        && let Some(pid) = Pid::from_raw(pid)
    {
        kill_process(pid, Signal::TERM).ok();
    }
    child.wait().ok();
}

/// How a server over HTTP is reached.
pub(crate) fn at(port: u16) -> String {
    format!("url = \"http://127.0.0.1:{port}/mcp\"")
}

pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
