//! The servers that are compared.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::machine::said;

/// How a server is started and what it is asked.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    /// Where it works; kept until the server is no more.
    dir: PathBuf,
    http: fn(u16) -> Vec<String>,
    /// Tool and arguments.
    pub(crate) asks: (&'static str, Value),
    _kept: Option<tempfile::TempDir>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Server {
    /// This one, on the bundled example.
    pub(crate) fn ours() -> Self {
        Self::of(tempfile::tempdir_in(root().join("target")).unwrap())
    }

    /// This one with everything it writes in memory; nothing where the machine has no RAM disk.
    pub(crate) fn on_ram(&self) -> Option<Self> {
        tempfile::tempdir_in("/dev/shm").ok().map(Self::of)
    }

    fn of(dir: tempfile::TempDir) -> Self {
        let api = "billing.openapi.yaml";
        std::fs::copy(root().join("examples/billing-to-crm/apis").join(api), dir.path().join(api)).unwrap();
        Self {
            name: "platform-integration",
            program: PathBuf::from(env!("CARGO_BIN_EXE_platform-integration")),
            args: vec!["serve".to_owned()],
            dir: dir.path().to_owned(),
            http: |port| vec!["--http".to_owned(), format!("127.0.0.1:{port}")],
            asks: ("map_system", json!({"api": api, "name": "billing"})),
            _kept: Some(dir),
        }
    }

    /// A server on the official Node SDK, where it is installed.
    pub(crate) fn node() -> Option<Self> {
        let program = root().join("target/baselines/node/server.mjs");
        program.is_file().then(|| {
            let name =
                format!("Node {} SDK {}", said("node", &["--version"]), installed("target/baselines/node", "sdk-"));
            Self::other(name, PathBuf::from("node"), &program)
        })
    }

    /// A server on the official Python SDK, where it is installed.
    pub(crate) fn python() -> Option<Self> {
        let program = root().join("target/baselines/python/bin/python");
        program.is_file().then(|| {
            let version = said(&program.display().to_string(), &["--version"]);
            let name = format!("{version} SDK {}", installed("target/baselines/python", "mcp-"));
            Self::other(name, program, &root().join("tests/baselines/server.py"))
        })
    }

    fn other(name: String, program: PathBuf, script: &Path) -> Self {
        Self {
            name: Box::leak(name.into_boxed_str()),
            program,
            args: vec![script.display().to_string()],
            dir: root(),
            http: |port| vec![port.to_string()],
            asks: ("nothing", json!({})),
            _kept: None,
        }
    }

    /// Over stdin and stdout.
    pub(crate) fn spawn(&self) -> Child {
        self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Over HTTP, with the URL of the protocol.
    pub(crate) fn listen(&self) -> (Child, String) {
        // Free a moment ago; nobody else on this machine is given ports of loopback that fast.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = self.command().args((self.http)(port)).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        (child, format!("http://127.0.0.1:{port}/mcp"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir).stderr(Stdio::null()).env_remove("RUST_LOG");
        for (name, _) in std::env::vars().filter(|(n, _)| n.starts_with("OTEL_")) {
            command.env_remove(name);
        }
        command
    }

    /// The call, as a message with this id.
    pub(crate) fn call(&self, id: usize) -> String {
        let (tool, arguments) = &self.asks;
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
            .to_string()
    }
}

pub(crate) const HELLO: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
pub(crate) const READY: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// The version that the installer left a mark of.
fn installed(dir: &str, mark: &str) -> String {
    let entries = std::fs::read_dir(root().join(dir)).unwrap();
    entries
        .filter_map(|e| e.ok()?.file_name().into_string().ok()?.strip_prefix(mark).map(str::to_owned))
        .next()
        .unwrap_or_else(|| "of unknown version".to_owned())
}

/// An answer that is a result and no error.
pub(crate) fn check(answer: &str) {
    assert!(answer.contains("\"result\"") && !answer.contains("\"isError\":true"), "{answer}");
}
