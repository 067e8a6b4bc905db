//! The server.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::Fetching;

#[derive(Debug, Args)]
#[command(after_help = "\
Without --http and --ui one client is served over stdin and stdout.

With --tokens the pages of --ui ask for the same tokens: a browser asks for name and password, the token is the password.

The file of tokens has a line for each: NAME REFERENCE, where the reference is
  env:VARIABLE    the environment variable that holds the token
  file:PATH       the file that holds it
  sha256:DIGEST   the token's SHA-256, in hexadecimal
Tokens have at least 24 characters (openssl rand -hex 32). A principal may have several lines, and so several tokens. \
Each principal sees its own sessions and evidence and no other's.

Beyond this machine nothing is served without --tokens, nor without TLS unless a proxy ends it.")]
#[command(group(clap::ArgGroup::new("served").args(["http", "ui"]).multiple(true)))]
pub(in crate::cli) struct Serve {
    /// Serve streamable HTTP at this address, path /mcp. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) http: Option<SocketAddr>,
    /// Serve pages that show what is in the evidence: sessions, records, constraints. They only read.
    #[arg(long)]
    pub(in crate::cli) ui: bool,
    /// Where the pages are. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", requires = "ui", default_value = "127.0.0.1:7878")]
    pub(in crate::cli) listen: SocketAddr,
    #[command(flatten)]
    pub(in crate::cli) fetching: Fetching,
    #[command(flatten)]
    pub(in crate::cli) options: ServeHttp,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ServeHttp {
    /// Who may call, and with which bearer tokens. Without it: whoever reaches the address, this machine only.
    #[arg(long, value_name = "FILE", requires = "served")]
    pub(in crate::cli) tokens: Option<PathBuf>,
    /// Certificate chain, PEM.
    #[arg(long, value_name = "PATH", requires_all = ["http", "tls_key"])]
    pub(in crate::cli) tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[arg(long, value_name = "PATH", requires_all = ["http", "tls_cert"])]
    pub(in crate::cli) tls_key: Option<PathBuf>,
    /// A proxy in front ends TLS: allow plain HTTP beyond this machine.
    #[arg(long, requires = "served")]
    pub(in crate::cli) behind_proxy: bool,
    /// A name by which clients reach the server, beside its address (repeatable).
    #[arg(long, value_name = "NAME", requires = "served")]
    pub(in crate::cli) allow_host: Vec<String>,
    /// An origin whose pages may call, beside those of this machine (repeatable).
    #[arg(long, value_name = "ORIGIN", requires = "http")]
    pub(in crate::cli) allow_origin: Vec<String>,
    /// Calls a second for each principal, twice as many in a burst; 0 is no limit. Default: 100 with --tokens, else 0.
    #[arg(long, value_name = "N", requires = "http", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(in crate::cli) rate: Option<u32>,
    /// Calls under way at once for each principal.
    #[arg(long, value_name = "N", requires = "http", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(in crate::cli) concurrent: u32,
    /// The largest request body, in KiB.
    #[arg(long, value_name = "KIB", requires = "http", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(in crate::cli) body: u32,
    /// Seconds that headers, and then the body, of a request may take.
    #[arg(long, value_name = "SECONDS", requires = "http", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(in crate::cli) patience: u32,
}
