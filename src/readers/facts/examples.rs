//! What a description of examples alone shows is inferred: somebody sent such a request, and nobody says that it must be so.

use crate::model::{Basis, Fact, System};

/// The rule of all that is inferred here.
const RULE: &str = "seen-in-examples";

/// Takes every statement of the system for what it is.
pub(super) fn infer(system: &mut System) {
    let inferred = |basis: &mut Basis| {
        if let Basis::Stated { pointer } = basis {
            *basis = Basis::Inferred { rule: RULE, from: vec![std::mem::take(pointer)] };
        }
    };
    for operation in &mut system.operations {
        let bases = [
            operation.pagination.as_mut().map(|p| &mut p.basis),
            operation.incremental.as_mut().map(|i| &mut i.basis),
            operation.idempotency.as_mut().map(|i| &mut i.basis),
            operation.rate_limit.as_mut().map(|r| &mut r.basis),
        ];
        bases.into_iter().flatten().for_each(inferred);
    }
    for fact in &mut system.facts {
        if let Basis::Stated { pointer } = &fact.basis {
            *fact = Fact::inferred(fact.fact, fact.value.take(), RULE, vec![pointer.clone()], fact.confidence.value());
        }
    }
}
