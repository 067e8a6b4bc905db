//! The names of the secrets, without values.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: ".env.example",
    template: include_str!("../../../resources/templates/scaffold/env.example.j2"),
    when: Target::always,
};
