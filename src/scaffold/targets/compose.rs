//! The image, its secrets and the place where its memory lies.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "docker-compose.yaml",
    template: include_str!("../../../resources/templates/scaffold/docker-compose.yaml.j2"),
    when: Target::always,
};
