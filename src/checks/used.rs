//! The operations that a contract uses, each with its part in the flow.

use super::Subject;
use crate::base::yaml::Spanned;
use crate::contract::{Flow, Paginate, SystemUse, Webhook, Write};
use crate::mapping::{Path, field};
use crate::model::{Event, Operation, SchemaId, Schemas, System, TypeSet};

/// What an operation is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    List,
    Find,
    Create,
    Update,
    Put,
    Bulk,
    Delete,
}

/// One operation in use.
pub(super) struct Used<'a> {
    pub(super) flow: &'a Flow,
    pub(super) role: Role,
    /// Name of the system, at the place that names it.
    pub(super) system_name: &'a Spanned<String>,
    pub(super) system_use: &'a SystemUse,
    pub(super) system: &'a System,
    /// The operation as the contract names it.
    pub(super) name: &'a Spanned<String>,
    pub(super) operation: &'a Operation,
}

/// A kind of record that comes into a flow.
pub(super) struct Incoming<'a> {
    pub(super) system: &'a System,
    /// Schema of one record.
    pub(super) schema: SchemaId,
    /// The operation or event that brings it.
    pub(super) from: &'a str,
}

impl Used<'_> {
    /// It finds the one record by its natural key in the path, not by a search.
    pub(super) fn finds_by_key(&self) -> bool {
        let Write::Upsert { matching, .. } = &self.flow.target.write else { return false };
        self.role == Role::Find && self.operation.items.is_none() && self.operation.finds_by(matching).is_some()
    }

    /// Schema of what is written of one record, where it is known.
    pub(super) fn body(&self) -> Option<SchemaId> {
        if self.role == Role::Bulk {
            return self.operation.bulk(&self.system.schemas).map(|b| b.record);
        }
        self.operation.body.as_ref()?.schema
    }
}

/// A schema of a record, with the arena that it is in.
type Record<'a> = (&'a Schemas, SchemaId);

impl<'a> Subject<'a> {
    /// The system of a name, where the contract declares it and its description was read.
    pub(super) fn system(&self, name: &str) -> Option<(&'a SystemUse, &'a System)> {
        Some((self.contract.systems.get(name)?, self.systems.get(name).copied()?))
    }

    /// Every operation that a flow names and its system has.
    pub(super) fn used_by(&self, flow: &'a Flow) -> Vec<Used<'a>> {
        let source = flow.source.operation.iter().map(|name| (Role::List, &flow.source.system, name));
        let target = flow.target.operations().into_iter().map(|(key, name)| {
            let role = match (key, &flow.target.write) {
                ("find", _) => Role::Find,
                ("update", _) => Role::Update,
                ("delete", _) => Role::Delete,
                (_, Write::Put { .. }) => Role::Put,
                (_, Write::Bulk { .. }) => Role::Bulk,
                _ => Role::Create,
            };
            (role, &flow.target.system, name)
        });
        source
            .chain(target)
            .filter_map(|(role, system_name, name)| {
                let (system_use, system) = self.system(system_name)?;
                let operation = system.operation(name)?;
                Some(Used { flow, role, system_name, system_use, system, name, operation })
            })
            .collect()
    }

    /// Every operation that the contract uses.
    pub(super) fn used(&self) -> Vec<Used<'a>> {
        self.contract.flows.values().flat_map(|f| self.used_by(f)).collect()
    }

    /// The event that brings a flow's records, where its system has it.
    pub(super) fn event(&self, flow: &'a Flow) -> Option<(&'a System, &'a Event, &'a Webhook)> {
        let hook = flow.source.webhook.as_ref()?;
        let (_, system) = self.system(&flow.source.system)?;
        Some((system, system.event(&hook.event)?, hook))
    }

    /// The schemas of the records that come into a flow: of the event's, then of the list's where that is another.
    pub(super) fn incoming(&self, flow: &'a Flow) -> Vec<Incoming<'a>> {
        let mut all = Vec::new();
        if let Some((system, event, hook)) = self.event(flow) {
            let record = match (&hook.record, event.payload) {
                (None, payload) => payload,
                (Some(path), Some(payload)) => Path::parse(path)
                    .ok()
                    .and_then(|path| field(&system.schemas, payload, &path).ok())
                    // What is no object is reported as that, and has no fields to look for.
                    .filter(|kind| kind.types.is_any() || kind.types.has(TypeSet::OBJECT))
                    .and_then(|kind| kind.schema),
                (Some(_), None) => None,
            };
            all.extend(record.map(|schema| Incoming { system, schema, from: &event.name }));
        }
        for list in self.used_by(flow).into_iter().filter(|u| u.role == Role::List) {
            let new = |schema: &SchemaId| all.iter().all(|i: &Incoming<'_>| i.schema != *schema);
            let record = list.operation.record.filter(new);
            all.extend(record.map(|schema| Incoming { system: list.system, schema, from: &list.operation.id }));
        }
        all
    }

    /// Schema of a record as a flow reads it, and of one as it writes it, where both are known.
    #[must_use]
    pub fn sides(&self, flow: &'a Flow) -> Option<(Record<'a>, Record<'a>)> {
        let source = self.incoming(flow).into_iter().next()?;
        let used = self.used_by(flow);
        let write = used.iter().find(|u| matches!(u.role, Role::Create | Role::Put | Role::Bulk))?;
        Some(((&source.system.schemas, source.schema), (&write.system.schemas, write.body()?)))
    }

    /// The list operation of each flow.
    pub(super) fn lists(&self) -> Vec<Used<'a>> {
        self.used().into_iter().filter(|u| u.role == Role::List).collect()
    }
}

/// The target field by which the target tells records apart, where the contract names one.
pub(super) const fn natural_key(write: &Write) -> Option<&Spanned<String>> {
    match write {
        Write::Upsert { matching, .. } => Some(matching),
        Write::Bulk { key, .. } | Write::Put { key: Some(key), .. } => Some(key),
        Write::Put { key: None, .. } | Write::Create { .. } => None,
    }
}

/// Where the contract says the records lie, instead of the description.
pub(super) fn items_said(flow: &Flow) -> bool {
    matches!(&flow.source.paginate, Paginate::Explicit(p) if p.items.is_some())
}
