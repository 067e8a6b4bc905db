//! The server that a manifest declares must start, and answer in the protocol.

use crate::base::text::quoted;
use crate::finding::{Finding, Location, Severity};
use crate::probe::NoServer;
use crate::verify::facts::Server;
use crate::verify::{Check, Profile, Rule, Subject};

const NOT_STARTED: Rule = Rule {
    code: "server-not-started",
    id: "PI051",
    severity: Severity::Error,
    finds: "A declared server does not start, or does not answer server/discover or initialize.",
    source: "a client that cannot start the server shows the agent no tool and often no reason",
};
const NOT_PROTOCOL: Rule = Rule {
    code: "server-not-protocol",
    id: "PI051",
    severity: Severity::Error,
    finds: "A server writes to stdout what is no message of the protocol.",
    source: "MCP 2026-07-28, transports, stdio: the server MUST NOT write anything to its stdout that is not a valid MCP message",
};

pub(super) const CHECK: Check = Check { rules: &[NOT_STARTED, NOT_PROTOCOL], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.facts.servers.iter().flat_map(|server| of(subject, server)).collect()
}

fn of(subject: &Subject<'_>, server: &Server) -> Vec<Finding> {
    let at = || match &server.declared_in {
        Some(manifest) => Location::at(subject.project.show(manifest), server.at),
        None => subject.skills().next().map_or_else(Location::default, |s| subject.top(&s.main().path)),
    };
    let command = quoted(&server.command.join(" "), 120);
    let name = if server.key.is_empty() {
        format!("the server `{command}`")
    } else {
        format!("server {}", quoted(&server.key, 64))
    };
    match &server.answered {
        Ok(surface) => {
            let noise = surface.noise.iter().map(|line| {
                NOT_PROTOCOL
                    .at(at(), format!("{name} writes to stdout what is no message: {line}"))
                    .fix("write logs to stderr")
            });
            let gaps = surface.gaps.iter().map(|gap| {
                NOT_PROTOCOL
                    .at(at(), format!("{name}: {}", quoted(gap, 200)))
                    .fix("answer what the capabilities declare, or do not declare it")
            });
            noise.chain(gaps).collect()
        }
        // Said where it is said what was not verified.
        Err(NoServer::NotTried { .. }) => Vec::new(),
        Err(no @ NoServer::Rubbish { .. }) => {
            vec![NOT_PROTOCOL.at(at(), format!("{name} does not answer: {no}")).fix("write logs to stderr")]
        }
        Err(no) => {
            let fix = match no {
                NoServer::NoProgram { program } => {
                    format!("name a program that is there instead of {}, or install it", quoted(program, 120))
                }
                _ => format!("see that `{command}` answers server/discover or initialize on stdout"),
            };
            vec![NOT_STARTED.at(at(), format!("{name} did not start: {no}")).fix(fix)]
        }
    }
}
