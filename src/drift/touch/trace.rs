//! The way from a record to one of its fields, in both descriptions at once.

use super::{Look, sharpen};
use crate::base::yaml::Span;
use crate::drift::change::Side;
use crate::drift::pair::Pair;
use crate::drift::walk::of_schemas;
use crate::mapping::path::Path;
use crate::mapping::rule::Rule;
use crate::model::SchemaId;

impl Look<'_> {
    /// The pair at a dotted path below a pair.
    pub(super) fn below(&self, ids: (SchemaId, SchemaId), path: Option<&str>) -> Option<(SchemaId, SchemaId)> {
        let Some(path) = path else { return Some(ids) };
        let path = Path::parse(path).ok()?;
        path.segments().iter().filter_map(|s| s.key()).try_fold(ids, |at, name| self.step(at, name))
    }

    fn step(&self, ids: (SchemaId, SchemaId), name: &str) -> Option<(SchemaId, SchemaId)> {
        let (a, b) = self.items(ids);
        let old = self.systems.old.schemas.property(a, name)?;
        Some((old.0, self.systems.new.schemas.property(b, name)?.0))
    }

    /// Lists are looked through.
    fn items(&self, ids: (SchemaId, SchemaId)) -> (SchemaId, SchemaId) {
        let (old, new) = (self.systems.old.schemas.get(ids.0), self.systems.new.schemas.get(ids.1));
        match (old.properties.is_empty(), old.items, new.items) {
            (true, Some(a), Some(b)) => (a, b),
            _ => ids,
        }
    }

    /// What a pair is called among all changes: a change that is felt has the fingerprint that it has for everybody.
    pub(super) fn called(&self, ids: (SchemaId, SchemaId), side: Side, else_: &str) -> String {
        self.drift.called(ids, side).unwrap_or(else_).to_owned()
    }

    pub(super) fn path(&mut self, ids: (SchemaId, SchemaId), side: Side, path: &str, at: Span, clause: &str) {
        if let Ok(path) = Path::parse(path) {
            let names: Vec<&str> = path.segments().iter().filter_map(|s| s.key()).collect();
            self.trace(ids, side, &names, at, clause, None);
        }
    }

    /// Every change on the way from a record to a field of it, and of the field itself.
    pub(super) fn trace(
        &mut self,
        from: (SchemaId, SchemaId),
        side: Side,
        names: &[&str],
        at: Span,
        clause: &str,
        rule: Option<&Rule>,
    ) {
        let field = names.join(".");
        let mut ids = from;
        let mut subject = self.called(ids, side, "record");
        for (depth, name) in names.iter().enumerate() {
            let holder = self.items(ids);
            if holder != ids {
                subject = self.called(holder, side, &format!("{subject}[]"));
            }
            // Of the holder itself what makes the field unreachable, of its fields only the one that is used.
            let mut holders = vec![holder];
            holders.extend(self.variants(holder));
            let mut next = None;
            for holder in holders {
                let subject = self.called(holder, side, &subject);
                let pair = Pair::new(self.systems, side, holder, &subject);
                for mut change in of_schemas(&pair) {
                    let own = change.field.as_deref() == Some(*name);
                    let way = change.field.is_none()
                        && change.detail != "never null"
                        && matches!(change.code, "type-changed" | "nullability-changed" if depth > 0);
                    if own || way {
                        if let Some(rule) = rule {
                            sharpen::by_rule(&mut change, rule);
                        }
                        self.say(change, at, clause, Some(&field));
                    }
                }
                let old = self.systems.old.schemas.property(holder.0, name);
                let new = self.systems.new.schemas.property(holder.1, name);
                next = next.or_else(|| Some((old?.0, new?.0)));
            }
            let Some(next) = next else { return };
            subject = self.called(next, side, &format!("{subject}.{name}"));
            ids = next;
        }
        let pair = Pair::new(self.systems, side, ids, &subject);
        for mut change in of_schemas(&pair).into_iter().filter(|c| c.field.is_none()) {
            if let Some(rule) = rule {
                sharpen::by_rule(&mut change, rule);
            }
            self.say(change, at, clause, Some(&field));
        }
    }

    fn variants(&self, ids: (SchemaId, SchemaId)) -> Vec<(SchemaId, SchemaId)> {
        Pair::new(self.systems, Side::Response, ids, "").variants().map(|v| v.pairs).unwrap_or_default()
    }
}
