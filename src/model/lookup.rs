//! Looking things up in operations, where more than one room needs the same answer.

use super::{Action, Body, Method, Operation, ParamIn, Parameter, SchemaId, Schemas};
use crate::base::text::words;

/// Names of parameters that search in all fields.
const GENERAL: [&str; 7] = ["q", "query", "search", "term", "keyword", "filter", "text"];

impl Body {
    /// It is written as JSON or as a form: what the connector can write.
    #[must_use]
    pub fn is_json_or_form(&self) -> bool {
        let essence = self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let json = matches!(essence.as_str(), "application/json" | "text/json") || essence.ends_with("+json");
        json || essence == "application/x-www-form-urlencoded"
    }
}

impl Operation {
    /// Whether it reads records and is asked for them by the body of a POST: a search. Its method says that it may change
    /// something; what it is for says that it does not.
    #[must_use]
    pub fn asks_in_body(&self) -> bool {
        self.method == Method::Post
            && self.root_field.is_none()
            && self.body.is_some()
            && matches!(self.action, Action::List | Action::Search)
    }

    /// Whether place or size of a page are told in fields of the request's body: `page.cursor` of a search that is a POST.
    #[must_use]
    pub fn pages_in_body(&self) -> bool {
        let told = self.pagination.iter().flat_map(|p| p.param.iter().chain(&p.limit_param));
        self.asks_in_body() && told.into_iter().any(|name| self.parameter(name).is_none())
    }

    /// The schema of what a search that is a POST takes at a dotted path of its body: `limit`, `page.cursor`. Nothing for any
    /// other operation, and where the body has no such field.
    #[must_use]
    pub fn body_field(&self, schemas: &Schemas, dotted: &str) -> Option<SchemaId> {
        let body = self.body.as_ref().filter(|_| self.asks_in_body())?.schema?;
        dotted.split('.').try_fold(body, |at, name| schemas.property(at, name).map(|found| found.0))
    }

    /// The body of such a search says nothing of its fields, so that any may be sent.
    #[must_use]
    pub fn body_is_free(&self, schemas: &Schemas) -> bool {
        let schema = self.body.as_ref().filter(|_| self.asks_in_body()).map(|b| b.schema);
        schema.is_some_and(|s| s.is_none_or(|s| schemas.properties(s).is_empty()))
    }

    /// Fields of the body of such a search, by dotted path, with those of the objects in it.
    #[must_use]
    pub fn body_fields(&self, schemas: &Schemas) -> Vec<String> {
        let Some(body) = self.body.as_ref().filter(|_| self.asks_in_body()).and_then(|b| b.schema) else {
            return Vec::new();
        };
        let fields = schemas.properties(body).into_iter().flat_map(|(name, id)| {
            let below: Vec<String> = schemas.properties(id).into_keys().map(|n| format!("{name}.{n}")).collect();
            if below.is_empty() { vec![name.to_owned()] } else { below }
        });
        fields.collect()
    }

    /// The query parameter by which records with a certain value of `field` are found: named like the field
    /// (`email`, `Email`, `filter[email]`, `email[eq]`), else the only required one, where its name is
    /// general (`q`, `query`, `search` …).
    #[must_use]
    pub fn parameter_for(&self, field: &str) -> Option<&Parameter> {
        let leaf = field.rsplit('.').next().unwrap_or(field);
        let asks = || self.parameters.iter().filter(|p| matches!(p.place, ParamIn::Query | ParamIn::Variable));
        let wanted = words(leaf);
        let core = |name: &str| -> Vec<String> {
            const AROUND: [&str; 8] = ["filter", "filters", "eq", "equals", "is", "by", "where", "search"];
            words(name).into_iter().filter(|w| !AROUND.contains(&w.as_str())).collect()
        };
        asks()
            .find(|p| p.name == field || p.name == leaf)
            .or_else(|| asks().find(|p| words(&p.name) == wanted))
            .or_else(|| asks().find(|p| !wanted.is_empty() && core(&p.name) == wanted))
            .or_else(|| {
                let mut required = asks().filter(|p| p.required);
                let only = required.next();
                // A parameter named after another field finds by that field, not by this one.
                let general = |p: &&Parameter| GENERAL.contains(&p.name.to_ascii_lowercase().as_str());
                only.filter(|_| required.next().is_none()).filter(general)
            })
    }
}
