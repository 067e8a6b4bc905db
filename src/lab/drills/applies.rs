//! What a contract must have so that a drill can be played with it, each with the words for those that have it not.

use super::super::bench::{Bench, Identity, Purpose, Real};
use super::super::mock::{Blueprint, dig};
use super::{spoiled, versions};
use crate::connector::{Call, HookPlan, WritePlan};
use crate::model::{Operation, PageStyle};

/// A second attempt is allowed at all.
pub(in crate::lab) fn retries(bench: &Bench) -> Result<(), String> {
    if bench.plan.delivery.retry.attempts < 2 {
        return Err("the contract allows one attempt only".to_owned());
    }
    Ok(())
}

/// The target can be kept from a second effect: not where a person accepted duplicates by name.
pub(in crate::lab) fn protected(bench: &Bench) -> Result<(), String> {
    retries(bench)?;
    match &bench.plan.target.write {
        WritePlan::Create { idempotency: None, .. } => Err("duplicates were accepted by name".to_owned()),
        _ => Ok(()),
    }
}

/// Records are written many at a time.
pub(super) fn in_batches(bench: &Bench) -> Result<(), String> {
    match &bench.plan.target.write {
        WritePlan::Bulk { size: 2.., .. } => Ok(()),
        _ => Err("each record is written by a request of its own".to_owned()),
    }
}

/// Each result of a batch names the record that it is of, so that they may come in any order.
pub(super) fn named(bench: &Bench) -> bool {
    matches!(bench.plan.target.write, WritePlan::Bulk { result_key: Some(_), .. })
}

/// Something that the flow writes can be taken back: changed by an upsert, or made where one record can be read and deleted.
pub(super) fn undoable(bench: &Bench) -> Result<(), String> {
    let target = &bench.plan.target;
    let looked_at = matches!(target.write, WritePlan::Upsert { .. });
    let reads = target.back.get.is_some() && (target.back.delete.is_some() || looked_at);
    if !looked_at && !reads {
        return Err(format!(
            "nothing of it can be taken back: the description of {} has no operations that read and delete one record by its key",
            target.system
        ));
    }
    if let WritePlan::Put { put, .. } = &target.write {
        // 201 and only 201 says that there was none before (RFC 9110 section 9.3.4).
        let mut known = bench.target.system.operations.iter();
        let known = known.find(|op| op.method == put.method && op.path == put.path);
        if known.is_some_and(|op| op.responses.iter().all(|r| r.status != "201")) {
            return Err(format!(
                "nothing of it can be taken back: {} of {} does not answer 201, so nobody can tell what it made from what it replaced",
                put.id, target.system
            ));
        }
    }
    if bench.plan.source.list.is_none() {
        return Err(
            "the source only sends webhooks: what is taken back comes again only when it changes there".to_owned()
        );
    }
    identifiable(bench)
}

/// One record can be told from the others in a request to the target.
pub(in crate::lab) fn identifiable(bench: &Bench) -> Result<(), String> {
    match bench.identity {
        Identity::Whole => Err("no field of a mapped record tells it from the others".to_owned()),
        _ => Ok(()),
    }
}

/// The source sends events.
pub(super) fn hooked(bench: &Bench) -> Result<&HookPlan, String> {
    let hook = bench.plan.source.webhook.as_ref().ok_or_else(|| "the source sends no webhook".to_owned())?;
    match bench.real {
        Some(Real { service: false, .. }) => {
            Err("the program is run as a job; webhooks come to one with --service".to_owned())
        }
        _ => Ok(hook),
    }
}

/// Something is read by requests: pages of the source, or a look-up before a write.
pub(in crate::lab) fn reads(bench: &Bench) -> Result<(), String> {
    match (&bench.plan.source.list, &bench.plan.target.write) {
        (None, WritePlan::Put { .. } | WritePlan::Bulk { .. } | WritePlan::Create { .. }) => {
            Err("nothing is read by requests: the source sends webhooks, and writes look nothing up".to_owned())
        }
        _ => Ok(()),
    }
}

/// The source is paged.
pub(super) fn paged(bench: &Bench) -> Result<&crate::model::Pagination, String> {
    if bench.plan.source.list.is_none() {
        return Err("the source sends webhooks; no list of it is read".to_owned());
    }
    bench.plan.source.pagination.as_ref().ok_or_else(|| "the source is not paged".to_owned())
}

/// The source's pages are counted, by number or by offset.
pub(super) fn counted(bench: &Bench) -> Result<(), String> {
    match paged(bench)?.style {
        PageStyle::Page | PageStyle::Offset => Ok(()),
        _ => Err("pages follow a cursor, which stays at its place when records come and go".to_owned()),
    }
}

/// Changes are read by a field of the record.
pub(super) fn by_field(bench: &Bench) -> Result<&(Vec<String>, String), String> {
    let source = &bench.plan.source;
    source.incremental.as_ref().ok_or_else(|| match source.feed {
        Some(_) => "changes are followed by a token, and no field of a record decides what is read".to_owned(),
        None => "every run reads everything".to_owned(),
    })
}

/// Changes are read by a time, or a number, that the lab can move.
pub(super) fn datable(bench: &Bench) -> Result<(), String> {
    let (path, _) = by_field(bench)?;
    let held = spoiled::drawn(bench);
    match held.iter().all(|r| dig(r, path).and_then(|v| versions::shifted(v, 1_000)).is_some()) {
        true => Ok(()),
        false => Err(format!("{} is neither a time with a zone nor a number", path.join("."))),
    }
}

/// What is called for an answer that the description promises to be JSON.
pub(super) fn promises_json(bench: &Bench) -> Vec<Purpose> {
    let json = |blueprint: &Blueprint, call: &Call| {
        let known = |o: &&Operation| o.method == call.method && o.path == call.path;
        let op = blueprint.system.operations.iter().find(known);
        let success = op.and_then(Operation::success);
        call.query.is_some() || success.is_some_and(|r| r.schema.is_some() && r.content_type.contains("json"))
    };
    let mut out = Vec::new();
    if bench.plan.source.list.as_ref().is_some_and(|list| json(&bench.source, list)) {
        out.push(Purpose::List);
    }
    let calls: Vec<(Purpose, &Call)> = match &bench.plan.target.write {
        WritePlan::Upsert { find, create, update, .. } => {
            vec![(Purpose::Find, find), (Purpose::Create, create), (Purpose::Update, update)]
        }
        WritePlan::Put { put, .. } => vec![(Purpose::Put, put)],
        WritePlan::Bulk { write, .. } => vec![(Purpose::Bulk, write)],
        WritePlan::Create { create, .. } => vec![(Purpose::Create, create)],
    };
    out.extend(calls.into_iter().filter(|(_, call)| json(&bench.target, call)).map(|(purpose, _)| purpose));
    out
}
