//! The files of a project, one a file here. A further one is a file, a `mod` line and an `ALL` line.

mod alerts;
mod ci;
mod compose;
mod cronjob;
mod dashboard;
mod deployment;
mod dockerfile;
mod environment;
mod gitignore;
mod gitlab;
mod kustomization;
mod network_policy;
mod readme;
mod runbook;
mod scrape;
mod service;
mod storage;
mod systemd;
mod timer;

use super::Project;

/// One file of a project.
#[derive(Debug)]
pub(super) struct Target {
    /// Where it goes.
    pub(super) path: &'static str,
    /// What it is made from.
    pub(super) template: &'static str,
    /// Whether a project has it.
    pub(super) when: fn(&Project) -> bool,
}

impl Target {
    const fn always(_: &Project) -> bool {
        true
    }

    /// The connector goes on until it is stopped.
    const fn goes_on(project: &Project) -> bool {
        project.polls
    }

    /// The connector ends after one pass.
    const fn ends(project: &Project) -> bool {
        !project.polls
    }
}

/// All of them.
pub(super) const ALL: [&Target; 19] = [
    &readme::TARGET,
    &runbook::TARGET,
    &dockerfile::TARGET,
    &compose::TARGET,
    &systemd::TARGET,
    &timer::TARGET,
    &environment::TARGET,
    &gitignore::TARGET,
    &ci::TARGET,
    &gitlab::TARGET,
    &kustomization::TARGET,
    &storage::TARGET,
    &deployment::TARGET,
    &cronjob::TARGET,
    &service::TARGET,
    &network_policy::TARGET,
    &scrape::TARGET,
    &alerts::TARGET,
    &dashboard::TARGET,
];
