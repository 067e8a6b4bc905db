//! The operations that a contract uses, each with its part in the flow.

use super::Subject;
use crate::base::yaml::Spanned;
use crate::contract::{Flow, Paginate, SystemUse, Write};
use crate::model::{Operation, SchemaId, System};

/// What an operation is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    List,
    Find,
    Create,
    Update,
    Put,
    Bulk,
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

impl Used<'_> {
    /// Schema of what is written of one record, where it is known.
    pub(super) fn body(&self) -> Option<SchemaId> {
        if self.role == Role::Bulk {
            return self.operation.bulk(&self.system.schemas).map(|b| b.record);
        }
        self.operation.body.as_ref()?.schema
    }
}

impl<'a> Subject<'a> {
    /// The system of a name, where the contract declares it and its description was read.
    pub(super) fn system(&self, name: &str) -> Option<(&'a SystemUse, &'a System)> {
        Some((self.contract.systems.get(name)?, self.systems.get(name).copied()?))
    }

    /// Every operation that a flow names and its system has.
    pub(super) fn used_by(&self, flow: &'a Flow) -> Vec<Used<'a>> {
        let source = [(Role::List, &flow.source.system, &flow.source.operation)];
        let target = flow.target.write.operations().into_iter().map(|(key, name)| {
            let role = match (key, &flow.target.write) {
                ("find", _) => Role::Find,
                ("update", _) => Role::Update,
                (_, Write::Put { .. }) => Role::Put,
                (_, Write::Bulk { .. }) => Role::Bulk,
                _ => Role::Create,
            };
            (role, &flow.target.system, name)
        });
        source
            .into_iter()
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

    /// The list operation of each flow.
    pub(super) fn lists(&self) -> Vec<Used<'a>> {
        self.used().into_iter().filter(|u| u.role == Role::List).collect()
    }
}

/// Where the contract says the records lie, instead of the description.
pub(super) fn items_said(flow: &Flow) -> bool {
    matches!(&flow.source.paginate, Paginate::Explicit(p) if p.items.is_some())
}
