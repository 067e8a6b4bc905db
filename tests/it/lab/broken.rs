//! Our connector, broken in what the one of other hands does not do: deletions, and writes that are answered 202.

use std::sync::Arc;

use platform_integration::connector::{
    DELETED, DeletesPlan, Plan, Report, Request, Response, Transport, TransportError, World, run_once,
};
use platform_integration::lab::Subject;
use platform_integration::model::Method;

use super::plans::{self, Bench};

/// One break: its name, who has it, the drill that exists for it, and where it shows.
pub(crate) struct Broken {
    pub(crate) name: &'static str,
    pub(crate) subject: &'static dyn Subject,
    pub(crate) drill: &'static str,
    pub(crate) shows: fn() -> Vec<Bench>,
}

/// All of them.
pub(crate) const BROKEN: [Broken; 6] = [
    Broken { name: "ForgetsDeletions", subject: &Forgetful, drill: "deleted-at-source", shows: plans::deleting },
    Broken { name: "FailedDeletionIsDone", subject: &Hasty, drill: "delete-fails", shows: plans::deleting },
    Broken { name: "NothingLeftIsRefusal", subject: &Literal, drill: "delete-fails", shows: plans::deleting },
    Broken { name: "DeletedForEver", subject: &Final, drill: "restored-at-source", shows: plans::deleting },
    Broken { name: "SweepsPartOfList", subject: &Rash, drill: "sweep-after-partial-read", shows: sweeping },
    Broken { name: "AcceptedIsDone", subject: &Trusting, drill: "accepted-then-failed", shows: accepted },
];

fn sweeping() -> Vec<Bench> {
    vec![plans::deletes("deletes: sweep")]
}

fn accepted() -> Vec<Bench> {
    vec![plans::accepted()]
}

/// Never deletes.
struct Forgetful;

#[async_trait::async_trait]
impl Subject for Forgetful {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let mut plan = plan.clone();
        plan.source.deletes = DeletesPlan::Ignore;
        run_once(&plan, world).await
    }
}

/// Takes a list that ended in an error for a whole one.
struct Rash;

#[async_trait::async_trait]
impl Subject for Rash {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let report = run_once(plan, world).await;
        let effects = world.ledger.effects_after(&plan.flow, None, 1).unwrap_or_default();
        let known = effects.first().and_then(|e| e.target_id.clone());
        if let (Some(_), Some(id)) = (&report.stopped, known) {
            let url = format!("{}/guests/{id}", plan.target.base_url);
            let delete = Request { method: Method::Delete, url, headers: Vec::new(), body: Vec::new().into() };
            let _: Result<Response, _> = world.transport.send(&plan.target.system, delete).await;
        }
        report
    }
}

/// Takes a deletion that failed for done.
struct Hasty;

/// Carries requests; every deletion is said to have been carried out.
struct AllGone(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for AllGone {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let deletes = request.method == Method::Delete;
        let answer = self.0.send(system, request).await;
        let gone = || Response { status: 204, headers: Vec::new(), body: Vec::new().into() };
        if deletes { Ok(answer.ok().filter(|a| a.status < 500).unwrap_or_else(gone)) } else { answer }
    }
}

#[async_trait::async_trait]
impl Subject for Hasty {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let deaf = World { transport: Arc::new(AllGone(Arc::clone(&world.transport))), ..world.clone() };
        run_once(plan, &deaf).await
    }
}

/// Takes a deletion that finds nothing for one that was refused.
struct Literal;

/// Carries requests; where nothing is left to be deleted that is an error.
struct NotThere(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for NotThere {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let deletes = request.method == Method::Delete;
        let answer = self.0.send(system, request).await;
        answer.map(|a| if deletes && a.status == 404 { Response { status: 409, ..a } } else { a })
    }
}

#[async_trait::async_trait]
impl Subject for Literal {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let deaf = World { transport: Arc::new(NotThere(Arc::clone(&world.transport))), ..world.clone() };
        run_once(plan, &deaf).await
    }
}

/// Takes what it has deleted once for deleted for ever.
struct Final;

/// Carries requests; what is to be made is said to have been made.
struct NeverAgain(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for NeverAgain {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        if request.method != Method::Post {
            return self.0.send(system, request).await;
        }
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Ok(Response { status: 201, headers, body: br#"{"id": "made-once"}"#.to_vec().into() })
    }
}

#[async_trait::async_trait]
impl Subject for Final {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let effects = world.ledger.effects_after(&plan.flow, None, 1000).unwrap_or_default();
        if effects.iter().all(|effect| effect.digest != DELETED) {
            return run_once(plan, world).await;
        }
        let deaf = World { transport: Arc::new(NeverAgain(Arc::clone(&world.transport))), ..world.clone() };
        run_once(plan, &deaf).await
    }
}

/// Takes 202 for done.
pub(crate) struct Trusting;

/// Carries requests; what was taken is said to have been done.
struct AsDone(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for AsDone {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let mut response = self.0.send(system, request).await?;
        if response.status == 202 {
            // Done, and nothing to tell of it (RFC 9110 section 15.3.5).
            response.status = 204;
        }
        Ok(response)
    }
}

#[async_trait::async_trait]
impl Subject for Trusting {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        run_once(plan, &World { transport: Arc::new(AsDone(Arc::clone(&world.transport))), ..world.clone() }).await
    }
}
