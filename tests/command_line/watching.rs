//! What is told while somebody writes policies.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::Place;

#[test]
fn a_watch_tells_what_a_change_did() {
    let place = Place::with("");
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    let policy = |tool: &str| {
        format!("package countersign.p\n\nallow contains {{\"id\": \"a\"}} if input.call.tool == \"{tool}\"\n")
    };
    write("p.rego", &policy("echo"));
    write(
        "p_test.rego",
        "package p_test\n\ntest_echo if count(data.countersign.p.allow) == 1 with input as {\"call\": {\"tool\": \"echo\"}}\n",
    );
    let mut watching = Watching(
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["policy", "test", "--watch", "."])
            .current_dir(place.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let printed = std::io::BufReader::new(watching.0.stdout.take().unwrap());
    let (heard, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || std::io::BufRead::lines(printed).try_for_each(|line| heard.send(line.unwrap())));
    let until = |wanted: &str| {
        let mut before = Vec::new();
        loop {
            match lines.recv_timeout(Duration::from_mins(1)) {
                Ok(line) if line.contains(wanted) => return,
                Ok(line) => before.push(line),
                Err(why) => panic!("`{wanted}` was not said ({why}), but: {before:#?}"),
            }
        }
    };
    until("1 test, all passed");
    write("p.rego", &policy("other"));
    until("fail  p_test test_echo");
    until("1 test, 1 failed");
    write("p.rego", "package countersign.p\n\nallow contains {\n");
    until("Nothing was loaded");
    write("p.rego", &policy("echo"));
    until("test_echo  passes now");
}

/// It never ends by itself.
struct Watching(std::process::Child);

impl Drop for Watching {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
