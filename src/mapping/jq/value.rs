//! JSON in and out of a program: numbers keep their digits.

use std::str::FromStr as _;

use jaq_core::ValT as _;
use jaq_json::{Map, Num, Val};
use serde_json::{Number, Value};

/// The value as a program sees it.
pub(super) fn from_json(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(b) => Val::Bool(*b),
        Value::Number(n) => Val::from_num(&n.to_string()).unwrap_or_default(),
        Value::String(s) => Val::from(s.clone()),
        Value::Array(items) => items.iter().map(from_json).collect(),
        Value::Object(fields) => {
            let fields: Map = fields.iter().map(|(k, v)| (Val::from(k.clone()), from_json(v))).collect();
            Val::obj(fields)
        }
    }
}

/// The value as JSON; nothing where it has what JSON has not: bytes, infinities, keys that are no text.
pub(super) fn to_json(value: &Val) -> Option<Value> {
    Some(match value {
        Val::Null => Value::Null,
        Val::Bool(b) => Value::Bool(*b),
        Val::Num(Num::Float(f)) => Value::Number(Number::from_f64(*f)?),
        Val::Num(n) => Value::Number(Number::from_str(&n.to_string()).ok()?),
        Val::TStr(s) => Value::String(String::from_utf8_lossy(s).into_owned()),
        Val::BStr(_) => return None,
        Val::Arr(items) => Value::Array(items.iter().map(to_json).collect::<Option<_>>()?),
        Val::Obj(fields) => {
            let key = |k: &Val| if let Val::TStr(s) = k { String::from_utf8(s.to_vec()).ok() } else { None };
            Value::Object(fields.iter().map(|(k, v)| Some((key(k)?, to_json(v)?))).collect::<Option<_>>()?)
        }
    })
}
