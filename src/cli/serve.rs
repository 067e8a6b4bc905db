//! `serve`: over stdin and stdout to one client, or over HTTP to many; and pages for a browser.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;

use super::args::{Format, Serve, ServeHttp};
use super::{exit, output, stop, tokens};
use crate::app::{App, Fault, No, Refusal};
use crate::base::fs;
use crate::base::rng::Rng;
use crate::mcp::{self, HttpOptions, Limits, Principals, Tls};
use crate::ui::{self, UiOptions};

/// Calls a second for each principal, where nobody said otherwise.
const RATE: u32 = 100;
/// The largest certificate chain or key read, in bytes.
const PEM: u64 = 1024 * 1024;

/// Serves until the client leaves or a signal comes, and tells the exit code.
pub(super) fn run(app: App, format: Format, args: Serve) -> u8 {
    let Serve { http, ui, listen, fetching: _, options: args } = args;
    if http.is_none() && !ui {
        return stdio(app);
    }
    match options(&app.cwd, http, ui.then_some(listen), args).and_then(|options| network(app, options)) {
        Ok(()) => exit::FINE,
        Err(no) => output::no(format, &no),
    }
}

fn stdio(app: App) -> u8 {
    // One thread answers the protocol; use cases run on the blocking pool.
    let served = Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string()).and_then(|runtime| {
        let ended = runtime.block_on(async {
            let token = stop::on_signal();
            mcp::serve_stdio(Arc::new(app), async move { token.cancelled().await }).await
        });
        // A reader of stdin may still block in its own thread; it must not keep the process.
        runtime.shutdown_background();
        ended
    });
    match served {
        Ok(()) => exit::FINE,
        Err(because) => {
            output::err(&format!(
                "failed: {because}\nnext: start it from an MCP client; `platform-integration --help` lists the commands\n"
            ));
            exit::FAULT
        }
    }
}

/// What is served over the network.
struct Network {
    principals: Option<Principals>,
    http: Option<HttpOptions>,
    ui: Option<UiOptions>,
}

fn network(mut app: App, options: Network) -> Result<(), No> {
    let whom = match &options.principals {
        Some(principals) => principals.names().join(", "),
        None => "whoever is on this machine".to_owned(),
    };
    // Who comes from elsewhere has no business with the files of this machine beyond the work.
    app.confined = options.principals.is_some();
    let app = Arc::new(app);
    let runtime =
        Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|e| Fault::internal(&e))?;
    let served = runtime.block_on(async {
        let token = stop::on_signal();
        let looking = match options.ui {
            Some(ui) => Some(ui::serve_ui(Arc::new(app.looking(Rng::from_os())), ui, token.clone()).await?),
            None => None,
        };
        let listening = match options.http {
            Some(http) => Some(mcp::serve_http(app, http, token).await?),
            None => None,
        };
        // stdout stays empty in every way of serving.
        if let Some(listening) = &listening {
            output::err(&format!("serving MCP at {} to {whom}; Ctrl-C stops it\n", listening.url));
        }
        if let Some(looking) = &looking {
            output::err(&format!("showing the evidence at {} to {whom}; Ctrl-C stops it\n", looking.url));
        }
        for ended in [listening.map(|l| l.ended), looking.map(|l| l.ended)].into_iter().flatten() {
            ended.await.map_err(|e| Fault::internal(&e))?;
        }
        Ok(())
    });
    // A call that was cut off may still be at work in its own thread; it has not answered and will not.
    runtime.shutdown_background();
    served
}

fn options(cwd: &Path, listen: Option<SocketAddr>, pages: Option<SocketAddr>, args: ServeHttp) -> Result<Network, No> {
    let principals = args.tokens.map(|file| tokens::read(cwd, &file)).transpose()?;
    if principals.as_ref().is_some_and(Principals::is_empty) && listen.is_none() {
        return Err(Refusal::new(
            "no-principal",
            "the file of tokens names nobody, so nobody could look",
            "add a line to it: NAME env:VARIABLE, NAME file:PATH or NAME sha256:DIGEST",
        )
        .into());
    }
    let ui = pages.map(|listen| UiOptions {
        known: principals.clone().map(|all| -> ui::Known { Arc::new(move |token| all.of(token).map(str::to_owned)) }),
        behind_proxy: args.behind_proxy,
        hosts: args.allow_host.clone(),
        ..UiOptions::new(listen)
    });
    let Some(listen) = listen else { return Ok(Network { principals, http: None, ui }) };
    let tls = match (args.tls_cert, args.tls_key) {
        (Some(certificate), Some(key)) => {
            let read = |path: &Path| fs::read_bytes(&cwd.join(path), PEM).map_err(|e| unreadable(&e));
            tokens::warn_if_readable_by_others(&cwd.join(&key), "the private key");
            Some(Tls::new(&read(&certificate)?, &read(&key)?)?)
        }
        _ => None,
    };
    let patience = Duration::from_secs(args.patience.into());
    let rate = args.rate.unwrap_or(if principals.is_some() { RATE } else { 0 });
    let limits = Limits {
        body: args.body as usize * 1024,
        concurrent: args.concurrent as usize,
        per_second: (rate > 0).then_some(rate),
        headers: patience,
        body_within: patience,
        ..Limits::default()
    };
    let http = HttpOptions {
        principals: principals.clone(),
        tls,
        behind_proxy: args.behind_proxy,
        hosts: args.allow_host,
        origins: args.allow_origin,
        limits,
        ..HttpOptions::new(listen)
    };
    Ok(Network { principals, http: Some(http), ui })
}

fn unreadable(e: &fs::FileError) -> Refusal {
    Refusal::new("unreadable-file", e.to_string(), "give the path of a PEM file that this user may read")
}
