//! What an operation can be asked about pages: its query parameters, the arguments of a GraphQL field, and, of a list that
//! is asked for by a POST, the fields of its body.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::Hints;
use super::page_names::{CURSORS, LIMITS, OFFSETS, PAGES};
use super::path::norm;
use crate::model::{Method, Operation, ParamIn, Schema, SchemaId, Schemas, TypeSet, counts_from_zero};

/// A parameter, or a field of the body, with all that is said of it.
pub(super) struct Query<'s> {
    /// As it is sent; a field below another with the dotted path.
    pub(super) sent: Cow<'s, str>,
    /// In the normal form of [`norm`].
    pub(super) name: String,
    /// What values it takes.
    pub(super) types: TypeSet,
    /// Its schema, if any.
    pub(super) schema: Option<SchemaId>,
    /// Its full description, in lower case.
    pub(super) text: String,
    /// Where it stands.
    pub(super) pointer: &'s str,
}

/// Objects of a body that hold what is asked of pages.
const HOLDERS: [&str; 8] = ["page", "pagination", "paging", "pager", "pageinfo", "pagerequest", "options", "cursor"];

/// All that an operation can be asked, in the order of the description.
pub(super) fn of<'s>(
    schemas: &'s Schemas,
    operation: &'s Operation,
    index: usize,
    hints: &Hints<'_>,
) -> Vec<Query<'s>> {
    let mut out: Vec<Query<'s>> = operation
        .parameters
        .iter()
        .filter(|p| matches!(p.place, ParamIn::Query | ParamIn::Variable))
        .map(|parameter| Query {
            sent: Cow::Borrowed(&parameter.name),
            name: norm(&parameter.name),
            types: parameter.schema.map_or(TypeSet::ANY, |s| schemas.get(s).types),
            schema: parameter.schema,
            text: hints.parameter(index, &parameter.name).to_lowercase(),
            pointer: &parameter.pointer,
        })
        .collect();
    let body = operation.body.as_ref().and_then(|b| b.schema);
    if let (Method::Post, None, Some(body)) = (operation.method, &operation.root_field, body) {
        of_body(schemas, body, &mut out);
    }
    out
}

fn of_body<'s>(schemas: &'s Schemas, body: SchemaId, out: &mut Vec<Query<'s>>) {
    let field = |sent: Cow<'s, str>, name: String, id: SchemaId| {
        let schema = schemas.get(id);
        let text = schema.description.to_lowercase();
        Query { sent, name, types: schema.types, schema: Some(id), text, pointer: &schema.pointer }
    };
    for (name, id) in schemas.properties(body).into_iter().take(100) {
        let bare = norm(name);
        let inner = if HOLDERS.contains(&bare.as_str()) { schemas.properties(id) } else { Default::default() };
        if inner.is_empty() {
            out.push(field(Cow::Borrowed(name), bare, id));
            continue;
        }
        for (below, id) in inner.into_iter().take(20) {
            let alone = norm(below);
            // `page: {number, size, after}` says what `page_number`, `page_size` and `page_after` say.
            let whole = format!("page{alone}");
            let known = [&CURSORS[..], &PAGES, &OFFSETS, &LIMITS].iter().any(|names| names.contains(&whole.as_str()));
            let called = if bare.starts_with("pag") && known { whole } else { alone };
            out.push(field(Cow::Owned(format!("{name}.{below}")), called, id));
        }
    }
}

impl Query<'_> {
    /// A text that was got from an answer, and that nobody is meant to read. A number is one in whatever type it goes.
    pub(super) fn opaque(&self) -> bool {
        self.text_only()
            && !["number", "index", "no", "num"].iter().any(|end| self.name.ends_with(end))
            && ["token", "cursor", "opaque", "previous", "identifier", "returned", "response"]
                .iter()
                .any(|w| self.text.contains(w))
    }

    /// Takes text and no number.
    pub(super) fn text_only(&self) -> bool {
        self.types.has(TypeSet::STRING) && !self.types.has(TypeSet::INTEGER) && !self.types.has(TypeSet::NUMBER)
    }

    /// Its text says that it is about pages.
    pub(super) fn speaks_of_pages(&self) -> bool {
        ["page", "paginat", "cursor", "offset", "skip", "token", "starting", "number of", "next set", "last"]
            .iter()
            .any(|w| self.text.contains(w))
    }

    /// Bounds a time: `after` and `before` do that too.
    pub(super) fn dated(&self, schemas: &Schemas) -> bool {
        let format = self.schema.and_then(|s| schemas.get(s).format.as_deref()).unwrap_or("");
        format.starts_with("date")
            || (matches!(self.name.as_str(), "after" | "before")
                && ["date", "timestamp", " time", "iso 8601"].iter().any(|w| self.text.contains(w)))
    }

    /// Begins a span of time: `start` and `from` do that too.
    pub(super) fn timed(&self, schemas: &Schemas) -> bool {
        matches!(self.name.as_str(), "start" | "from")
            && (["timestamp", "posix", "unix", "epoch", " date", "datetime"].iter().any(|w| self.text.contains(w))
                || self.dated(schemas))
    }

    /// The number of the first page.
    pub(super) fn first_page(&self, schemas: &Schemas) -> u64 {
        let schema = self.schema.map(|s| schemas.get(s));
        let zero = |n: Option<&serde_json::Number>| n.and_then(serde_json::Number::as_f64).map(|f| f == 0.0);
        let default = schema.and_then(|s| s.default.as_deref()).and_then(serde_json::Value::as_number);
        let zero_based = self.name == "skippages"
            || counts_from_zero(&self.text)
            || zero(default).unwrap_or_else(|| zero(schema.and_then(|s| s.minimum.as_ref())).unwrap_or(false));
        u64::from(!zero_based)
    }

    /// The largest value it takes.
    pub(super) fn most(&self, schemas: &Schemas) -> Option<u64> {
        let stated = |s: &Schema| {
            let max = s.maximum.as_ref()?.as_f64()?;
            // Beyond a million it is the integer's own bound.
            (max.fract() == 0.0 && (1.0..1e6).contains(&max)).then(|| max as u64 - u64::from(s.exclusive_maximum))
        };
        self.schema.and_then(|s| stated(schemas.get(s))).or_else(|| {
            let found =
                MAXIMUM.iter().find_map(|m| m.captures(&self.text)?.get(1).map(|g| g.as_str().replace(',', "")))?;
            found.parse().ok().filter(|n| (1..1_000_000).contains(n))
        })
    }
}

static MAXIMUM: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"max(?:imum)?(?: allowed)?(?: page size| value| limit| number| count)?(?: of [a-z ]{1,30})?(?: allowed)?(?: is|:|=| of)?\s*`?(\d[\d,]*)",
        r"(?:up to|at most|cannot exceed|no more than|not exceed|less than or equal to|<=)\s*`?(\d[\d,]*)",
        r"between (?:0|1) and `?(\d[\d,]*)",
        r"(?:range(?: is|:)?|from)\s*`?(?:0|1)`?\s*(?:-|to|\.\.)\s*`?(\d[\d,]*)",
        r"(\d[\d,]*)`?\s*(?:is the maximum|maximum|max\b)",
    ]
    .iter()
    .map(|p| Regex::new(p).expect("the patterns are constants that a test compiles"))
    .collect()
});
