//! Keeps secrets and memory out of version control.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: ".gitignore",
    template: include_str!("../../../resources/templates/scaffold/gitignore.j2"),
    when: Target::always,
};
