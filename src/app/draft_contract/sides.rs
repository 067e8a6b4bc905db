//! The two sides of the drafted flow: what is read, how it is written, and which fields are fed or left out.

use std::collections::BTreeSet;

use super::choose::Chosen;
use super::identity::key_of;
use super::interval::interval;
use super::rules::reads;
use super::writing::Draft;
use super::yaml::{key, scalar};
use crate::model::{Action, Operation};

impl Draft<'_, '_> {
    pub(super) fn source_lines(&self, questions: &mut Vec<String>) -> Vec<String> {
        let key = key_of(self.source, self.list);
        let mut out = vec![
            "    source:".to_owned(),
            format!("      system: {}", self.params.source),
            format!("      operation: {}", scalar(&self.list.id)),
            match self.call.session.as_ref().and_then(|s| interval(&s.goal)) {
                Some(every) => format!("      every: {every}                     # as the goal says"),
                None => "      every: 60s".to_owned(),
            },
            match &key {
                Some(k) => format!("      key: {}", scalar(k)),
                None => {
                    questions.push("source.key: which field identifies a record?".to_owned());
                    "      key: id                        # ? no key was recognised".to_owned()
                }
            },
            "      paginate: auto".to_owned(),
        ];
        questions.extend(self.page_questions());
        match &self.list.incremental {
            Some(i) if i.field.is_some() => out.push(format!(
                "      incremental: {{field: {}, param: {}}}",
                scalar(i.field.as_deref().unwrap_or("")),
                scalar(&i.param)
            )),
            _ if self.list.feed.is_some() => {
                let feed = self.list.feed.iter();
                let param = |f: &crate::model::Feed| f.param.as_ref().map(|p| format!(", param: {}", scalar(p))).unwrap_or_default();
                out.extend(feed.map(|f| format!("      feed: {{token: {}{}}}", scalar(&f.token.join(".")), param(f))));
            }
            _ => out.push(
                "      # incremental: {field: ?, param: ?}   # ? no parameter for changes was recognised: every pass reads everything"
                    .to_owned(),
            ),
        }
        out.extend(self.params_lines(&[self.list], questions, "source"));
        out.push("      deletes: ignore                # ? deletions in the source are not carried over".to_owned());
        out
    }

    pub(super) fn target_lines(&self, questions: &mut Vec<String>) -> Vec<String> {
        let mut out = vec!["    target:".to_owned(), format!("      system: {}", self.params.target)];
        let ops: Vec<&Operation> = match self.write {
            Chosen::Upsert { matching, find, create, update } => {
                let key = create
                    .idempotency
                    .as_ref()
                    .map(|i| format!(", idempotency: {{header: {}}}", scalar(&i.header)))
                    .unwrap_or_default();
                out.push(format!(
                    "      upsert: {{match: {matching}, find: {}, create: {}, update: {}{key}}}",
                    scalar(&find.id),
                    scalar(&create.id),
                    scalar(&update.id)
                ));
                questions.push(format!("target.upsert.match: is {matching} unique in {}?", self.params.target));
                vec![find, create, update]
            }
            Chosen::Put { put } => {
                out.push(format!("      put: {}", scalar(&put.id)));
                vec![put]
            }
            Chosen::Create { create } => {
                let key = create
                    .idempotency
                    .as_ref()
                    .map(|i| format!(", idempotency: {{header: {}}}", scalar(&i.header)))
                    .unwrap_or_default();
                let changes = self.list.incremental.is_some() || self.list.feed.is_some();
                let never = if changes { "   # ? never updated: is that right?" } else { "" };
                out.push(format!("      create: {{operation: {}{key}}}{never}", scalar(&create.id)));
                if changes {
                    questions.push(format!(
                        "target.create: {} tells of records that change, and {} keeps them as they first were; upsert updates them, \
                         with an operation that finds one by a unique field",
                        self.params.source, self.params.target
                    ));
                }
                vec![create]
            }
        };
        out.extend(self.params_lines(&ops, questions, "target"));
        out
    }

    /// Required parameters that neither record nor connector fills need a value from a person.
    fn params_lines(&self, ops: &[&Operation], questions: &mut Vec<String>, side: &str) -> Vec<String> {
        let mut names: Vec<&str> = Vec::new();
        for op in ops {
            let own_key = (matches!(op.action, Action::Update | Action::Upsert | Action::Get)
                || op.method == crate::model::Method::Put)
                .then(|| op.path_params().last().copied())
                .flatten();
            for p in op.parameters.iter().filter(|p| p.required) {
                let filled = Some(p.name.as_str()) == own_key
                    || op.pagination.as_ref().is_some_and(|g| {
                        g.param.as_deref() == Some(&p.name) || g.limit_param.as_deref() == Some(&p.name)
                    })
                    || op.idempotency.as_ref().is_some_and(|i| i.header.eq_ignore_ascii_case(&p.name))
                    || matches!(self.write, Chosen::Upsert { matching, .. } if *matching == p.name);
                if !filled && !names.contains(&p.name.as_str()) {
                    names.push(&p.name);
                }
            }
        }
        if names.is_empty() {
            return Vec::new();
        }
        questions.push(format!("{side}.params: {} must be given", names.join(", ")));
        let pairs: Vec<String> = names.iter().map(|n| format!("{}: CHANGE-ME", key(n))).collect();
        vec![format!("      params: {{{}}}   # ? required by the description", pairs.join(", "))]
    }

    pub(super) fn unfed(&self) -> Vec<(String, String)> {
        let Some(body) = self.write.main().body.as_ref().and_then(|b| b.schema) else { return Vec::new() };
        let schema = self.target.schemas.get(body);
        schema
            .required
            .iter()
            .filter(|r| !self.kept().any(|s| s.target == **r || s.target.starts_with(&format!("{r}."))))
            .filter_map(|r| schema.properties.get(r).map(|p| (r, self.target.schemas.get(*p))))
            .filter(|(_, p)| !p.read_only)
            .map(|(r, p)| (r.clone(), p.types.to_string()))
            .collect()
    }

    pub(super) fn unmapped(&self) -> Vec<String> {
        let Some(record) = self.list.record else { return Vec::new() };
        let read: BTreeSet<String> = self.kept().flat_map(reads).collect();
        let used = |field: &str| read.contains(field);
        self.source.schemas.properties(record).keys().filter(|f| !used(f)).map(|f| (*f).to_owned()).collect()
    }
}
