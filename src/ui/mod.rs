//! Row 2: `serve --ui`, pages over the evidence of a store for who asks what the agents did. They read and do nothing
//! else: only GET and HEAD, no cookie, no form that sends, nothing recorded. What may reach them is decided in
//! [`gate`], before anything is read; what they show is put together in [`pages`].

mod gate;
mod listen;
mod pages;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Fault, No, Refusal};
use crate::base::text;

/// Pages put together at once; more wait.
const AT_ONCE: usize = 4;

/// Tells the principal of a token.
pub type Known = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What `serve --ui` was started with.
#[derive(Clone)]
pub struct UiOptions {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who is let in; nothing lets in whoever is on this machine, as the local user.
    pub known: Option<Known>,
    /// A proxy in front ends TLS, so plain HTTP beyond loopback is meant.
    pub behind_proxy: bool,
    /// Names or `name:port` that `Host` may carry, beside loopback and the address itself.
    pub hosts: Vec<String>,
}

impl UiOptions {
    /// On this address, for the local user.
    #[must_use]
    pub const fn new(listen: SocketAddr) -> Self {
        Self { listen, known: None, behind_proxy: false, hosts: Vec::new() }
    }

    /// Whether this may be served.
    ///
    /// # Errors
    /// `open-to-the-network`, `plain-over-the-network`.
    pub fn check(&self) -> Result<(), Refusal> {
        let beyond = if !self.listen.ip().is_loopback() {
            self.listen.ip().to_string()
        } else if self.behind_proxy {
            "it through a proxy".to_owned()
        } else if let Some(host) = self.hosts.iter().find(|h| !gate::is_loopback(h)) {
            text::quoted(host, 80)
        } else {
            return Ok(());
        };
        if self.known.is_none() {
            return Err(Refusal::new(
                "open-to-the-network",
                format!("whoever reaches {beyond} could read all evidence"),
                "say who may look: --tokens FILE, with a line NAME env:VARIABLE for each; or --listen on 127.0.0.1 alone",
            ));
        }
        if !self.behind_proxy && !self.listen.ip().is_loopback() {
            return Err(Refusal::new(
                "plain-over-the-network",
                format!("tokens and evidence would cross the network to {beyond} unencrypted"),
                "put a proxy in front that ends TLS and say --behind-proxy; or --listen on 127.0.0.1 alone",
            ));
        }
        Ok(())
    }
}

/// What answers requests.
struct Ui {
    app: Arc<App>,
    known: Option<Known>,
    hosts: Vec<String>,
    room: Semaphore,
    policy: String,
}

/// A server that listens.
#[derive(Debug)]
pub struct Looking {
    /// Where, with the port that was bound.
    pub addr: SocketAddr,
    /// What a browser is given.
    pub url: String,
    /// Ends when the token asked it to stop.
    pub ended: JoinHandle<()>,
}

/// Listens, and serves the pages until `stop` is cancelled.
///
/// # Errors
/// A refusal when the options would leave the evidence open (see [`UiOptions::check`]), a fault when the address cannot
/// be had.
pub async fn serve_ui(app: Arc<App>, options: UiOptions, stop: CancellationToken) -> Result<Looking, No> {
    options.check()?;
    let UiOptions { listen, known, behind_proxy: _, hosts } = options;
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(|e| {
        Fault::new(
            format!("{listen} cannot be listened on: {e}"),
            "choose another port, or port 0 for a free one: serve --ui --listen 127.0.0.1:0",
        )
    })?;
    let addr = listener.local_addr().map_err(|e| Fault::internal(&e))?;
    let ui = Arc::new(Ui {
        app,
        known,
        hosts: gate::hosts(addr.ip(), hosts),
        room: Semaphore::new(AT_ONCE),
        policy: gate::policy(),
    });
    let ended = tokio::spawn(listen::run(listener, ui, stop));
    Ok(Looking { addr, url: format!("http://{addr}/"), ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_open_to_the_network_by_mistake() {
        let on = |listen: &str| UiOptions::new(listen.parse().expect("an address"));
        let code = |options: UiOptions| options.check().map_or_else(|r| r.code, |()| "served".to_owned());
        let known: Option<Known> = Some(Arc::new(|_| None));
        let outside = vec!["look.example.com".to_owned()];
        assert_eq!(code(on("127.0.0.1:0")), "served");
        assert_eq!(code(on("[::1]:0")), "served");
        assert_eq!(code(UiOptions { hosts: vec!["localhost:80".to_owned()], ..on("127.0.0.1:0") }), "served");
        assert_eq!(code(on("0.0.0.0:0")), "open-to-the-network");
        assert_eq!(code(UiOptions { hosts: outside.clone(), ..on("127.0.0.1:0") }), "open-to-the-network");
        assert_eq!(code(UiOptions { behind_proxy: true, ..on("127.0.0.1:0") }), "open-to-the-network");
        assert_eq!(code(UiOptions { known: known.clone(), ..on("0.0.0.0:0") }), "plain-over-the-network");
        assert_eq!(code(UiOptions { known: known.clone(), behind_proxy: true, ..on("0.0.0.0:0") }), "served");
        assert_eq!(code(UiOptions { known, hosts: outside, ..on("127.0.0.1:0") }), "served");
    }
}
