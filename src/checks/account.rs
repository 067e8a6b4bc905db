//! Which names of systems stand for one account: limits are counted by credential, whatever a contract calls its systems.

use super::Subject;

impl Subject<'_> {
    /// Where requests to a system go: its `base_url`, else the description's first server.
    pub(super) fn url(&self, system: &str) -> Option<&str> {
        let used = self.contract.systems.get(system)?;
        let stated = || self.systems.get(system)?.servers.first().map(|s| s.url.as_str());
        used.base_url.as_ref().map(|u| u.value.as_str()).or_else(stated)
    }

    /// The account of a system: its secrets and its host; its name where it has no secret.
    pub(super) fn account(&self, system: &str) -> String {
        let secrets: Vec<&str> = self
            .contract
            .systems
            .get(system)
            .and_then(|s| s.auth.as_ref())
            .map(|auth| auth.secrets().map(|(_, s)| s.value.as_str()).collect())
            .unwrap_or_default();
        match (secrets.is_empty(), self.url(system).and_then(host)) {
            (false, Some(host)) => format!("{}@{}", secrets.join("+"), host.to_ascii_lowercase()),
            _ => system.to_owned(),
        }
    }
}

/// The host of an address, without user and port.
pub(super) fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    (!host.is_empty()).then_some(host)
}
