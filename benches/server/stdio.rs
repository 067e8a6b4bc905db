//! Over pipes: a line out, a line in.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use crate::machine;
use crate::server::{HELLO, READY, Server, check};
use crate::times::{Load, median};

struct Client {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    line: String,
}

impl Client {
    fn start(server: &Server) -> Self {
        let mut child = server.spawn();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout, line: String::new() }
    }

    fn send(&mut self, message: &str) {
        // One write: a message in two would be two wake-ups of the other side.
        self.stdin.write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn ask(&mut self, message: &str) -> &str {
        self.send(message);
        self.line.clear();
        self.stdout.read_line(&mut self.line).unwrap();
        check(&self.line);
        &self.line
    }

    fn greet(&mut self) {
        self.ask(HELLO);
        self.send(READY);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// From the start of the process to its first answer, in milliseconds; a server that keeps something has made it before.
pub(crate) fn start(server: &Server, times: usize) -> f64 {
    let once = || {
        let from = Instant::now();
        let mut client = Client::start(server);
        client.ask(HELLO);
        from.elapsed()
    };
    once();
    median((0..times).map(|_| once()).collect())
}

/// Calls, one after the other, and the memory of the server when it was idle before them.
pub(crate) fn calls(server: &Server, times: usize) -> (f64, Load) {
    let mut client = Client::start(server);
    client.greet();
    client.ask(&server.call(1));
    std::thread::sleep(Duration::from_millis(300));
    let idle = machine::resident(client.child.id());
    for id in 2..=(times / 10 + 2) {
        client.ask(&server.call(id));
    }
    let from = Instant::now();
    let each = (0..times)
        .map(|n| {
            let message = server.call(1_000_000 + n);
            let from = Instant::now();
            client.ask(&message);
            from.elapsed()
        })
        .collect();
    (idle, Load::of(each, from.elapsed()))
}

/// How long the answer to the call is.
pub(crate) fn answer_bytes(server: &Server) -> usize {
    let mut client = Client::start(server);
    client.greet();
    client.ask(&server.call(1)).len()
}
