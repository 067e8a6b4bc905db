//! What a field measures, by all concerns together; and what is doubtful about a step, given what comes to it.

use super::said::Field;
use super::{Context, Doubt, amounts, epoch, money, units, zone};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured};
use crate::mapping::path::Path;
use crate::mapping::rule::{Rule, Step};
use crate::mapping::transforms;
use crate::model::{SchemaId, Schemas};

/// What the field measures. `like` is what the other side does: of two readings the one that can be held against it is
/// taken.
pub(super) fn measured(field: &Field<'_>, like: Option<&Measure>) -> Option<Box<Measured>> {
    let wanted = match like {
        Some(Measure::Quantity { dimension, .. }) => units::quantity(field, Some(*dimension)),
        Some(Measure::Money { .. }) => amounts::amount(field).map(|(m, _)| m),
        Some(Measure::Epoch { .. } | Measure::Clock(_)) | None => None,
    };
    let wanted = wanted.filter(|m| like.is_some_and(|l| comparable(&m.is, l)));
    let amount = wanted.is_none().then(|| amounts::amount(field)).flatten();
    let (by_words, by_type) = match amount {
        Some((amount, true)) => (Some(amount), None),
        Some((amount, false)) => (None, Some(amount)),
        None => (None, None),
    };
    wanted
        .or_else(|| epoch::since_1970(field))
        .or_else(|| zone::clock(field))
        .or(by_words)
        .or_else(|| units::quantity(field, None))
        .or(by_type)
}

/// Both measure the same, in whatever unit.
pub(super) fn comparable(a: &Measure, b: &Measure) -> bool {
    match (a, b) {
        (Measure::Quantity { dimension: a, .. }, Measure::Quantity { dimension: b, .. }) => a == b,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// What is doubtful about a step, given what comes to it.
fn doubt(step: &Step, arrives: &Kind) -> Option<Doubt> {
    zone::given_another(step, arrives).or_else(|| {
        let measure = arrives.measure.as_deref()?;
        money::converted_twice(step, measure).or_else(|| epoch::read_as_another(step, measure))
    })
}

impl Context<'_> {
    /// Adds to a kind what the field of this name at a schema measures, and what its items do.
    pub(in crate::mapping::typecheck) fn measure(
        schemas: &Schemas,
        id: Option<SchemaId>,
        name: &str,
        kind: &mut Kind,
        like: Option<&Kind>,
    ) {
        let Some(id) = id else { return };
        let told = |kind: &Kind, id: SchemaId, like: Option<&Kind>| {
            let like = like.and_then(|l| l.measure.as_deref()).map(|m| &m.is);
            measured(&Field::new(schemas, id, name, kind), like)
        };
        if let Some(mut items) = kind.items.take() {
            if let Some(id) = super::item_of(schemas, id) {
                items.measure = told(&items, id, like.map(|l| l.items.as_deref().unwrap_or(l)));
            }
            kind.items = Some(items);
            return;
        }
        kind.measure = told(kind, id, like);
    }

    /// The kind at a source path with what it measures, after complaints.
    pub(in crate::mapping::typecheck) fn reach_measured(
        &mut self,
        path: &Path,
        at: Span,
        like: Option<&Kind>,
    ) -> Option<Kind> {
        let mut reached = self.reach_source(path, at)?;
        Self::measure(self.source.0, reached.id, path.leaf(), &mut reached.kind, like);
        Some(reached.kind)
    }

    /// The kind of a source field with what it measures, and no complaints.
    pub(in crate::mapping::typecheck) fn read(&self, path: &Path, like: Option<&Kind>) -> Option<Kind> {
        let mut reached = super::walk(self.source.0, self.source.1, path).ok()?;
        Self::measure(self.source.0, reached.id, path.leaf(), &mut reached.kind, like);
        Some(reached.kind)
    }

    /// What a source field measures after some steps.
    pub(in crate::mapping::typecheck) fn arriving(
        &self,
        path: &Path,
        steps: &[Step],
        like: Option<&Kind>,
    ) -> Option<Box<Measured>> {
        let kind = self.read(path, like)?;
        steps.iter().fold(kind, |kind, step| transforms::flow(step.op.as_ref(), &kind)).measure
    }

    /// Says what is doubtful about a step; true where something is.
    pub(in crate::mapping::typecheck) fn doubtful(&mut self, rule: &Rule, step: &Step, arrives: &Kind) -> bool {
        let Some(doubt) = doubt(step, arrives) else { return false };
        let shown = (quoted(&rule.source.to_string(), 80), quoted(&rule.target.to_string(), 80));
        self.say(doubt, step.at, &shown, "");
        true
    }
}
