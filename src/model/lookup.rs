//! Looking things up in operations, where more than one room needs the same answer.

use super::{Method, Operation, ParamIn, Parameter};
use crate::base::text::words;

/// Names of parameters that search in all fields.
const GENERAL: [&str; 7] = ["q", "query", "search", "term", "keyword", "filter", "text"];

impl Operation {
    /// Whether place or size of a page are told in fields of the request's body: `page.cursor` of a search that is a POST.
    #[must_use]
    pub fn pages_in_body(&self) -> bool {
        let told = self.pagination.iter().flat_map(|p| p.param.iter().chain(&p.limit_param));
        self.method == Method::Post
            && self.root_field.is_none()
            && self.body.is_some()
            && told.into_iter().any(|name| self.parameter(name).is_none())
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
