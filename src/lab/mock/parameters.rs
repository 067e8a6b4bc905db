//! Query and header parameters, held against their schemas.

use super::body;
use crate::connector::Request;
use crate::model::{Direction, Operation, ParamIn, System, TypeSet, validate};

/// Why a parameter does not fit: a required one is missing, or a value is none of the documented ones. `query`: the pairs of
/// the query.
pub(super) fn bad_parameter(
    system: &System,
    op: &Operation,
    request: &Request,
    query: &[(String, String)],
) -> Option<String> {
    for p in &op.parameters {
        let sent = match p.place {
            ParamIn::Query => query.iter().find(|(n, _)| *n == p.name).map(|(_, v)| v.as_str()),
            ParamIn::Header => request.header(&p.name.to_ascii_lowercase()),
            ParamIn::Path | ParamIn::Cookie | ParamIn::Variable => continue,
        };
        match (sent, p.schema) {
            (None, _) if p.required => return Some(format!("the parameter {} is required", p.name)),
            (Some(text), Some(schema)) => {
                let types = system.schemas.get(schema).types;
                if !types.is_any() && types.has(TypeSet::ARRAY.with(TypeSet::OBJECT)) {
                    continue;
                }
                let limit = op.pagination.as_ref().and_then(|g| g.limit_param.as_deref()) == Some(p.name.as_str());
                let value = body::scalar(types, text.to_owned());
                let found = validate(&system.schemas, schema, &value, Direction::Request);
                // A page size above the maximum is cut down, not refused.
                let over = limit && value.is_number();
                if let Some(v) = found.first().filter(|_| !over) {
                    let with_plus = || body::scalar(types, text.replace(' ', "+"));
                    let plus = text.contains(' ')
                        && validate(&system.schemas, schema, &with_plus(), Direction::Request).is_empty();
                    let hint = if plus { " (a + in a query is a space; write it as %2B)" } else { "" };
                    return Some(format!("the parameter {} {}{hint}", p.name, v.because));
                }
            }
            _ => {}
        }
    }
    None
}
