//! What is put before a person who approves, what stands, and what waits.

use super::Text;
use super::page::{BOLD, DIM, Page, styled};
use crate::app::run_connector::{DryAnswer, dry_line};
use crate::app::{approvals, approve, inbox};
use crate::base::text;
use crate::workflow::approvals::What;

impl Text for approve::Petition {
    fn text(&self, page: &mut Page) {
        let Self { request, statement, bar: _, session, why, owner, systems, flows, drilled, assumed, risk } = self;
        page.line(match statement.what {
            What::LiveRun => "You are asked to let this contract run against real systems.",
            What::AcceptRisk => "You are asked to take a risk that stays open.",
            What::InferredConstraints => "You are asked to confirm everything this contract assumes.",
        });
        page.gap();
        page.pair("integration", format!("{}: {why}", statement.name));
        page.pair("paged", owner);
        page.pair("contract", &request.contract);
        page.pair("digest", &statement.contract);
        for (name, digest) in &statement.systems {
            page.pair("description", format!("{name} {digest}"));
        }
        if let Some(session) = session {
            page.pair("session", session);
        }
        if let (Some((name, _)), Some(words)) = (&statement.risk, risk) {
            page.pair("risk", format!("{name}: {words}"));
        }
        for system in systems {
            page.pair("reaches", system);
        }
        for flow in flows {
            page.pair("does", flow);
        }
        page.pair("drilled", drilled);
        for line in assumed {
            page.pair("assumes", line);
        }
        if !assumed.is_empty() {
            page.line("  Nobody has settled what it assumes; approving takes it as true.");
        }
        page.gap();
        page.line("  The approval is of this digest. When the contract or a description changes, it is void.");
    }
}

impl Text for approve::Answer {
    fn text(&self, page: &mut Page) {
        let risk = self.risk.as_ref().map(|r| format!(" {r}")).unwrap_or_default();
        page.line(format!("approved {}", styled(BOLD, &format!("{}{risk}", self.approved.as_str()))));
        page.pair("contract", &self.contract);
        page.pair("digest", &self.digest);
        page.pair("by", format!("{} through {}", self.by, self.channel.as_str()));
        if let Some(key) = &self.key {
            page.pair("key", key);
        }
        if let Some(session) = &self.session {
            page.pair("session", session);
        }
        page.pair("event", self.event.to_string());
        page.next(&self.next);
    }
}

impl Text for approvals::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("{} {DIM}{}{DIM:#}", styled(BOLD, &self.contract), self.digest));
        for line in &self.approvals {
            let what = line.what.as_str();
            match (&line.by, line.channel, &line.place) {
                (Some(by), Some(channel), Some(place)) => {
                    page.pair(what, format!("approved by {by} through {} ({place})", channel.as_str()));
                }
                _ => page.pair(what, format!("not approved; asks for: {}", line.asks.as_str())),
            }
            for near in &line.near {
                page.line(format!("    {DIM}{near}{DIM:#}"));
            }
        }
        page.next(&self.next);
    }
}

impl Text for inbox::Answer {
    fn text(&self, page: &mut Page) {
        if self.waiting.is_empty() {
            page.line("nothing waits for a person");
            return;
        }
        page.line(format!("{} for a person", text::plural(self.waiting.len() as u64, "question")));
        for w in &self.waiting {
            page.gap();
            page.line(styled(BOLD, &w.question));
            let session = match (&w.integration, &w.session) {
                (Some(name), Some(session)) => format!("{session} ({name})"),
                (_, Some(session)) => session.clone(),
                _ => "none".to_owned(),
            };
            page.pair(w.what, &w.about);
            page.pair("session", session);
            page.pair("since", format!("{}, asked by {}", w.since, w.client));
            if let Some(so_far) = &w.so_far {
                page.pair("so far", so_far);
            }
            page.pair("asks for", w.asks.as_str());
            page.pair("type", &w.command);
        }
    }
}

impl Text for DryAnswer {
    fn text(&self, page: &mut Page) {
        page.line("dry run: nothing was written, no checkpoint was moved");
        for f in &self.flows {
            page.gap();
            page.line(styled(BOLD, &f.flow));
            page.line(format!("  {}", dry_line(f)));
            page.line(format!("  {DIM}{}{DIM:#}", text::plural(f.requests, "request")));
            for r in &f.rejected {
                page.line(format!("  {DIM}would be rejected:{DIM:#} {}  {}: {}", r.key, r.code, r.because));
            }
            if let Some(because) = &f.stopped {
                page.line(format!("  stopped: {because}"));
            }
            for what in &f.cannot_be_restored {
                page.line(format!("  {DIM}cannot be restored by a rollback:{DIM:#} {what}"));
            }
        }
        page.next(&self.next);
    }
}
