//! A PUT whose address is filled from another field than the one that it is named after.

use super::told::Field;
use super::used::Role;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "put-key-differs",
    summary: "put.key fills the last parameter of the path with one field, and the body has another of that parameter's name: the record \
              is written at a wrong address.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used().into_iter().filter(|u| u.role == Role::Put) {
        let Write::Put { key: Some(key), .. } = &used.flow.target.write else { continue };
        let (Some(param), Some(body)) = (used.operation.path_params().last().copied(), used.body()) else { continue };
        let same = |a: &str, b: &str| words(a) == words(b);
        if same(param, key) {
            continue;
        }
        let fields = used.system.schemas.properties(body);
        let Some(named) = fields.keys().find(|name| same(name, param)) else { continue };
        // A field that is not for writing is filled by nobody.
        let Some(field) = Field::of(used.system, body, named) else { continue };
        if field.kind.schema.is_some_and(|id| used.system.schemas.get(id).read_only) {
            continue;
        }
        let (param, key_shown) = (quoted(param, 60), quoted(key, 60));
        let id = quoted(&used.operation.id, 80);
        let message = format!("the address of {id} takes {param}, a field of the body, and put.key is {key_shown}");
        out.push(
            subject
                .warning(&CHECK, key.at, message)
                .fix(format!("write key: {param}"))
                .because_of(&used.operation.pointer),
        );
    }
}
