//! The same in GitLab, with the drills as a test report.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: ".gitlab-ci.yml",
    template: include_str!("../../../resources/templates/scaffold/gitlab-ci.yaml.j2"),
    when: Target::always,
};
