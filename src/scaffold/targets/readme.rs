//! What the project is, and how it is changed and run.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "README.md",
    template: include_str!("../../../resources/templates/scaffold/README.md.j2"),
    when: Target::always,
};
