//! A kind against the target that takes it.

use serde_json::Value;

use super::bounds::longest_of;
use super::outcome::{list, refused};
use super::{Context, Kind, Reached, Side};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::mapping::kind::Reach;
use crate::mapping::path::Path;
use crate::mapping::rule::{Rule, Source};
use crate::model::{Additional, Direction, SchemaId, TypeSet, validate};

/// A list of no more values is gone through.
const FEW: usize = 64;

/// Formats that systems enforce; others (`decimal`, `int64` on strings, …) are hints.
const ENFORCED: [&str; 11] =
    ["date-time", "date", "time", "duration", "email", "uuid", "uri", "uri-reference", "hostname", "ipv4", "ipv6"];

impl Context<'_> {
    /// The kind of a rule's value against its target.
    pub(super) fn compare(&mut self, rule: &Rule, kind: &Kind, target: &Reached) {
        let to = Self::side(&rule.target, &target.pointer);
        let at = rule.source_at;
        if target.id.is_none() {
            return; // inside a free-form object: nothing is promised
        }
        let from = format!("source {}", quoted(&rule.source.to_string(), 80));
        if kind.optional && target.required {
            let message = format!("{from} may be missing, but {} is required", to.path);
            self.error(
                at,
                "optional-into-required",
                message,
                "add a default, or required: true to reject such records",
            );
            self.resting_on(&to.pointer);
        }
        if kind.nullable && !target.kind.takes_null() {
            let message = format!("{from} may be null, but {} must not be", to.path);
            self.error(
                at,
                "nullable-into-non-nullable",
                message,
                match &rule.source {
                    Source::Path(path) if !target.required => format!(
                        "write first_of: [{path}] in the place of from, which leaves the field out where the value is null; or add a default"
                    ),
                    _ => "add a default, a values entry for null, or required: true to reject such records".to_owned(),
                },
            );
            self.resting_on(&to.pointer);
        }
        self.shape(at, kind, &target.kind, &to, 0);
    }

    fn shape(&mut self, at: Span, from: &Kind, to: &Kind, side: &Side, depth: usize) {
        let refused = refused(from.types, to.types);
        if !to.types.is_any() && from.types.is_any() && from.values.is_none() {
            let message = format!("the type of the value is not known, but {} must be {}", side.path, to.types);
            self.warning(at, "narrowing", message, "convert it: to_string, to_integer, to_number, to_boolean");
            self.resting_on(&side.pointer);
            return;
        }
        if !from.types.is_any() && !refused.is_any() {
            let message = format!("the value is {}, but {} must be {}", from.types, side.path, to.types);
            self.error(at, "narrowing", message, conversion(refused, from, to));
            self.resting_on(&side.pointer);
            return;
        }
        if let (Some(values), Some(id)) = (&from.values, to.schema)
            && !values.is_empty()
        {
            self.all_values(at, values, id, to, side);
            return;
        }
        if to.values.is_some() {
            let message = format!(
                "the value can be any, but {} must be one of {}",
                side.path,
                list(to.values.as_deref().unwrap_or_default())
            );
            self.error(at, "enum-value-unmapped", message, "add a values table with an else");
            self.resting_on(&side.pointer);
            return;
        }
        if from.types.has(TypeSet::STRING) {
            self.text(at, from, to, side);
        }
        if from.types.has(TypeSet::INTEGER)
            && to.format.as_deref() == Some("int32")
            && from.format.as_deref() != Some("int32")
        {
            let message = format!("the integer may be larger than {} takes (int32)", side.path);
            self.warning(at, "narrowing", message, "make sure that the source stays within 32 bits");
            self.resting_on(&side.pointer);
        }
        self.range(at, from, to, side);
        self.steps_of(at, from, to, side);
        self.list_length(at, from, to, side);
        self.twins(at, from, to, side);
        if depth < 4 {
            if let (Some(from), Some(to)) = (&from.items, &to.items) {
                let side = Side { path: format!("{}[]", side.path), pointer: side.pointer.clone() };
                if from.nullable && !to.takes_null() {
                    let message = format!("an item may be null, but {} must not be", side.path);
                    self.error(at, "nullable-into-non-nullable", message, "map single items with a default");
                }
                self.shape(at, from, to, &side, depth + 1);
            }
            if from.types.has(TypeSet::OBJECT)
                && let (Some(from), Some(to)) = (from.schema, to.schema)
            {
                self.objects(at, from, to, side, depth);
            }
        }
    }

    /// Whether a text is among the values of a target that lists many and asks for nothing else: looked up, where going through
    /// the list for each of many values would take the product of both.
    fn listed(&self, id: SchemaId, value: &Value) -> bool {
        let (schema, Some(text)) = (self.target.0.get(id), value.as_str()) else { return false };
        let Some(values) = schema.values.as_ref().filter(|v| v.len() > FEW) else { return false };
        let more = schema.pattern.is_some() || schema.format.is_some() || !schema.variants.is_empty();
        if more || schema.min_length.is_some() || schema.max_length.is_some() || !schema.types.allows(TypeSet::STRING) {
            return false;
        }
        let mut known = self.lists.borrow_mut();
        let texts = known.entry(id).or_insert_with(|| values.iter().filter_map(Value::as_str).collect());
        texts.contains(text)
    }

    /// All values that can come, each against the target.
    fn all_values(&mut self, at: Span, values: &[Value], id: SchemaId, to: &Kind, side: &Side) {
        let bad: Vec<(&Value, String)> = values
            .iter()
            .filter(|v| !self.listed(id, v))
            .filter_map(|v| Some((v, validate(self.target.0, id, v, Direction::Request).first()?.because.clone())))
            .collect();
        let Some((first, because)) = bad.first() else { return };
        let shown = list(&bad.iter().map(|(v, _)| (*v).clone()).collect::<Vec<_>>());
        let too_long = to.max_length.is_some_and(|m| first.as_str().is_some_and(|s| s.chars().count() as u64 > m));
        if let Some(allowed) = &to.values {
            let message = format!("{} does not take {shown}", side.path);
            self.error(
                at,
                "enum-value-unmapped",
                message,
                format!("map them in a values table; it takes {}", list(allowed)),
            );
        } else if too_long {
            self.error(
                at,
                "too-long",
                format!("{} does not take {shown}: the first {because}", side.path),
                "shorten them in a values table",
            );
        } else {
            self.error(
                at,
                "value-does-not-fit",
                format!("{} does not take {shown}: the first {because}", side.path),
                "map them in a values table",
            );
        }
        self.resting_on(&side.pointer);
    }

    fn text(&mut self, at: Span, from: &Kind, to: &Kind, side: &Side) {
        let pattern = to.schema.map(|id| self.target.0.get(id)).filter(|s| s.pattern.is_some());
        let limit = pattern.map_or(to.max_length, |s| s.max_length);
        if let Some(most) = limit.filter(|_| from.reach != Reach::Sampled) {
            let fix = format!("add {{truncate: {most}}} where a cut text is still right");
            match from.max_length {
                Some(longest) if longest > most && from.reach == Reach::Part => {
                    let message =
                        format!("the text is part of one of {longest} characters, {} takes {most}", side.path);
                    self.warning(at, "too-long", message, fix);
                    self.resting_on(&side.pointer);
                }
                Some(longest) if longest > most => {
                    let message = format!("the text has up to {longest} characters, {} takes {most}", side.path);
                    self.error(at, "too-long", message, fix);
                    self.resting_on(&side.pointer);
                }
                // A format such as email or date-time is short in practice.
                // Where the formats differ, that is what is wrong.
                None if to.format.as_deref() == Some("date") && from.format.as_deref() == Some("date-time") => {}
                None if longest_of(from.format.as_deref()).is_none_or(|l| l > most) => {
                    let message = format!("the length of the text is not known, {} takes {most} characters", side.path);
                    self.warning(at, "too-long", message, fix);
                    self.resting_on(&side.pointer);
                }
                _ => {}
            }
        }
        let enforced = to.format.as_deref().is_some_and(|f| ENFORCED.contains(&f));
        // What only a pattern implies is tried on samples.
        let stated = to.schema.map(|id| self.target.0.get(id)).filter(|s| s.pattern.is_some());
        let fewest = stated.map_or(to.min_length, |s| s.min_length.unwrap_or(0));
        if fewest > from.min_length && !enforced {
            let message = if fewest == 1 {
                format!("the text may be empty, and {} must not be", side.path)
            } else {
                format!("the text may be shorter than the {fewest} characters that {} needs", side.path)
            };
            self.warning(at, "too-short", message, "make sure that the source sends at least that");
            self.resting_on(&side.pointer);
        }
        let Some(wanted) = to.format.as_deref().filter(|f| ENFORCED.contains(f)) else { return };
        match from.format.as_deref() {
            Some(given) if given == wanted => {}
            Some(given) if ENFORCED.contains(&given) => {
                let fix = match (given, wanted) {
                    ("date-time", "date") => "add date_only".to_owned(),
                    ("date", "date-time") => {
                        "add {date_to_datetime: ZONE}, or map a field that has a time and a zone".to_owned()
                    }
                    _ => format!("map a field of format {wanted}"),
                };
                self.error(
                    at,
                    "format-mismatch",
                    format!("the text is {given}, but {} must be {wanted}", side.path),
                    fix,
                );
                self.resting_on(&side.pointer);
            }
            _ => {
                let message = format!("the source does not say that the text is {wanted}, as {} must be", side.path);
                let local =
                    matches!(from.format.as_deref(), Some("date-time-local" | "local-date-time" | "datetime-local"));
                let fix = if local && wanted == "date-time" {
                    "add {local_to_utc: ZONE}, with the zone of the source's clocks, like Europe/Berlin"
                } else {
                    "make sure of it; what does not fit is refused by the target"
                };
                self.warning(at, "format-mismatch", message, fix);
                self.resting_on(&side.pointer);
            }
        }
    }

    /// A whole object copied into another: property by property.
    fn objects(&mut self, at: Span, from: SchemaId, to: SchemaId, side: &Side, depth: usize) {
        let (source, target) = (self.source.0, self.target.0);
        let given = source.properties(from);
        for (name, id) in given.iter() {
            let path = format!("{}.{}", side.path, quoted(name, 60));
            match target.property(to, name) {
                Some((taken, _)) => {
                    let (s, t) = (Kind::from_schema(source, id), Kind::from_schema(target, taken));
                    let side = Side { path, pointer: target.get(taken).pointer.clone() };
                    if s.nullable && !t.takes_null() {
                        let message = format!("the value may be null, but {} must not be", side.path);
                        self.error(at, "nullable-into-non-nullable", message, "map the fields one by one");
                    }
                    self.shape(at, &s, &t, &side, depth + 1);
                    self.copied(at, (name, &s), &t, side.path.trim_start_matches("target "));
                }
                None if target.get(to).additional == Additional::No => {
                    self.error(
                        at,
                        "unknown-target-field",
                        format!("the target has no field {path}"),
                        "map the fields one by one",
                    );
                }
                None => {}
            }
        }
        for name in &target.get(to).required {
            let exempt = target.property(to, name).is_some_and(|(p, _)| target.get(p).read_only);
            let path = format!("{}.{}", side.path, quoted(name, 60));
            match source.property(from, name) {
                _ if exempt => {}
                None => {
                    let message = format!("{path} is required, and the object copied has no such field");
                    self.error(at, "required-target-unmapped", message, "map the fields one by one");
                }
                Some((_, false)) => {
                    let message = format!("{path} is required, but may be missing in the object copied");
                    self.error(at, "optional-into-required", message, "map the fields one by one, with a default");
                }
                Some((_, true)) => {}
            }
        }
    }

    /// A value that the contract writes itself: a constant, a default, an entry of a table. Says whether it fits.
    pub(super) fn value(&mut self, value: &Value, at: Span, path: &Path, target: &Reached) -> bool {
        let Some(id) = target.id else { return true };
        if self.listed(id, value) {
            return true;
        }
        let Some(violation) = validate(self.target.0, id, value, Direction::Request).into_iter().next() else {
            return true;
        };
        let path = format!("target {}", quoted(&path.to_string(), 80));
        let shown = quoted(value.as_str().map_or(&value.to_string(), |s| s), 40);
        match &target.kind.values {
            Some(allowed) => {
                let near = value.as_str().and_then(|s| {
                    crate::base::text::nearest(s, self.guesses.among(allowed.iter()).filter_map(Value::as_str))
                        .map(str::to_owned)
                });
                let near = near.map_or_else(String::new, |n| format!("did you mean \"{}\"? ", quoted(&n, 40)));
                let message = format!("{path} does not take {shown}");
                self.error(at, "value-not-in-target-enum", message, format!("{near}it takes {}", list(allowed)));
            }
            None => {
                let message = format!("{path} does not take {shown}: {}", violation.because);
                self.error(at, "value-does-not-fit", message, "write a value that fits the target's schema");
            }
        }
        self.resting_on(&target.pointer);
        false
    }
}

/// What turns a value of a refused type into one that the target takes.
fn conversion(refused: TypeSet, from: &Kind, to: &Kind) -> String {
    let wants = |t: TypeSet| to.types.has(t);
    if refused.has(TypeSet::ARRAY) {
        return "a list does not fit: name an item, like field[0], or add first or last".to_owned();
    }
    if refused.has(TypeSet::OBJECT) {
        return "an object does not fit: name one of its fields".to_owned();
    }
    if wants(TypeSet::ARRAY) {
        return "the target takes a list: write the target as field[0]".to_owned();
    }
    let format = to.format.as_deref();
    if refused.has(TypeSet::INTEGER) && wants(TypeSet::STRING) && matches!(format, Some("date-time")) {
        return "add {epoch_to_datetime: seconds} or {epoch_to_datetime: millis}".to_owned();
    }
    if refused.has(TypeSet::INTEGER) && wants(TypeSet::STRING) && matches!(format, Some("decimal")) {
        return "add {minor_to_major: path of the currency} where it is money, else to_string".to_owned();
    }
    if wants(TypeSet::STRING) {
        return "add to_string".to_owned();
    }
    if refused.has(TypeSet::STRING) {
        if wants(TypeSet::INTEGER) && from.format.as_deref() == Some("date-time") {
            return "add {datetime_to_epoch: seconds} or {datetime_to_epoch: millis}".to_owned();
        }
        if wants(TypeSet::INTEGER) {
            return "add to_integer, or {major_to_minor: path of the currency} where it is money".to_owned();
        }
        if wants(TypeSet::NUMBER) {
            return "add to_number".to_owned();
        }
        return "add to_boolean".to_owned();
    }
    if refused.has(TypeSet::NUMBER) && wants(TypeSet::INTEGER) {
        return "add {round: 0} where the fraction may be lost, else to_integer".to_owned();
    }
    "map a field of the right type, or add a values table".to_owned()
}
