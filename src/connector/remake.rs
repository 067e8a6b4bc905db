//! Makes a record of the target again that a run deleted, of what it held.

use serde_json::{Map, Value, json};

use super::exchange::{self, Ask, Side};
use super::push::{Ack, acked};
use super::readback::{self, Hit, There};
use super::run::{Run, Stop};
use super::trace::Trace;
use super::undo::{as_before, refusal, sent};
use super::{Call, WritePlan, address, body};
use crate::base::digest::Digest;
use crate::evidence::Undo;

/// What came of it.
pub(super) enum Remade {
    /// It is there, under this key.
    There(String),
    /// Another record has taken its place; why.
    Other(String),
    /// It is not there; why.
    Failed(String),
}

/// What of a record a write may hold.
pub(super) fn values(own: &Run<'_>, before: &Value) -> Value {
    let writable = &own.plan.target.back.writable;
    let fields = before.as_object().into_iter().flatten();
    let kept = fields.filter(|(name, value)| !value.is_null() && writable.contains(name));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// Whether the flow has an operation that makes it again, once.
pub(super) fn possible(own: &Run<'_>, values: &Value) -> Result<(), &'static str> {
    if values.as_object().is_none_or(Map::is_empty) {
        return Err("no-writable-fields: the description does not tell which of its fields a write may hold");
    }
    match &own.plan.target.write {
        WritePlan::Put { .. } | WritePlan::Upsert { .. } | WritePlan::Create { idempotency: Some(_), .. } => Ok(()),
        WritePlan::Bulk { .. } => Err("no-create-operation: the flow writes in bulk, and makes no record alone"),
        WritePlan::Create { idempotency: None, .. } => {
            Err("no-safe-create: a creation whose answer is lost could not be told from one that never came")
        }
    }
}

/// Makes it, and looks whether it is there. Asked for once more after a crash it finds the record that it made.
pub(super) async fn remake(own: &Run<'_>, line: &Undo, values: &Value, trace: &mut Trace) -> Result<Remade, Stop> {
    let made = match &own.plan.target.write {
        WritePlan::Put { put, .. } => {
            let Some(id) = line.target_id.clone() else {
                return Ok(Remade::Failed("its key is not known".to_owned()));
            };
            let ask = Ask::write(
                put,
                address::of_record(&own.plan.target.base_url, put, &id),
                body::encode(&put.content_type, values),
            );
            match sent(own, &ask, trace).await {
                Ok(()) => Some(id),
                Err(miss) => return failed(refusal(miss)),
            }
        }
        WritePlan::Upsert { create, target_key, idempotency, .. } => {
            // An earlier try may have made it, and somebody else another one.
            match readback::searched(own, values, trace).await? {
                Hit::One(record) if as_before(values, &record) => {
                    return Ok(match record.get(target_key).and_then(body::scalar) {
                        Some(id) => Remade::There(id),
                        None => Remade::Failed(format!("the record found has no {target_key}")),
                    });
                }
                Hit::One(_) | Hit::Many(_) => {
                    return Ok(Remade::Other("another record has its natural key by now".to_owned()));
                }
                Hit::Unreadable(why) => return Ok(Remade::Failed(why)),
                Hit::None => {}
            }
            // Once, since only a look tells what came of an attempt without an answer.
            let ask = asked(own, line, create, idempotency.as_deref(), values);
            let answer = exchange::attempt(own, Side::Target, &ask, trace).await;
            match answer.and_then(|response| acked(own, create.answers_json, &response, target_key)) {
                Ok(Ack { id: Some(id), .. }) => Some(id),
                Ok(_) => match readback::searched(own, values, trace).await? {
                    Hit::One(record) => record.get(target_key).and_then(body::scalar),
                    Hit::None | Hit::Many(_) | Hit::Unreadable(_) => None,
                },
                Err(miss) => return failed(refusal(miss)),
            }
        }
        WritePlan::Create { create, idempotency } => {
            let ask = asked(own, line, create, idempotency.as_deref(), values);
            let mut tries = exchange::Tries::default();
            let key = &own.plan.target.back.key;
            let read = |response| acked(own, create.answers_json, &response, key);
            match exchange::repeat(own, Side::Target, &ask, &mut tries, trace, read).await {
                Ok(ack) => ack.id,
                Err(miss) => return failed(refusal(miss)),
            }
        }
        WritePlan::Bulk { .. } => None,
    };
    let Some(id) = made else {
        return Ok(Remade::Failed("the target did not say under which key it keeps it".to_owned()));
    };
    Ok(match readback::there(own, &line.key, Some(&id), Some(values), trace).await? {
        There::Record(id, is) if as_before(values, &is) => Remade::There(id),
        There::Record(..) => Remade::Failed("the target took what it held, and holds something else".to_owned()),
        There::Gone => Remade::Failed("the target took it, and it is not there".to_owned()),
        There::Unreadable(why) => Remade::Failed(format!("it was made again and cannot be looked at: {why}")),
    })
}

fn asked(own: &Run<'_>, line: &Undo, create: &Call, header: Option<&str>, values: &Value) -> Ask {
    let url = address::url(&own.plan.target.base_url, create, &[], &[]);
    let mut ask = Ask::write(create, url, body::encode(&create.content_type, values));
    if let Some(header) = header {
        let hash = Digest::of_json(&json!([own.plan.integration, line.flow, line.key, line.run, "undo"]));
        let hex = hash.as_str().trim_start_matches("sha256:").to_owned();
        ask.headers.push((header.to_ascii_lowercase(), format!("pi-{}", hex.get(..40).unwrap_or(&hex))));
    }
    ask
}

fn failed(refused: Result<Result<(), String>, Stop>) -> Result<Remade, Stop> {
    refused.map(|words| Remade::Failed(words.err().unwrap_or_default()))
}
