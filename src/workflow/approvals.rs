//! Approvals: what a person approves, by digest, and whether it still stands. An approval is of one state of one
//! contract and of the descriptions it was read with; when any of them changes, it is an approval of something else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{Approved, Channel};
use crate::base::digest::Digest;
use crate::contract::{Bar, Policy};

/// The namespace of SSH signatures over a [`Statement`].
pub const NAMESPACE: &str = "platform-integration";

/// What can be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Running the contract's flows against systems that are not on this machine.
    LiveRun,
    /// A risk that stays open: a constraint that was deferred, or an item of the checklist that is not met.
    AcceptRisk,
    /// Every inferred constraint written in the contract.
    InferredConstraints,
}

impl What {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::LiveRun, Self::AcceptRisk, Self::InferredConstraints];

    /// `live-run`, `accept-risk`, `inferred-constraints`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LiveRun => "live-run",
            Self::AcceptRisk => "accept-risk",
            Self::InferredConstraints => "inferred-constraints",
        }
    }

    /// Reads [`What::as_str`] back; the spelling of the contract's keys is taken too.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::ALL.into_iter().find(|w| w.as_str() == name)
    }

    /// The weakest channel that counts for it.
    #[must_use]
    pub const fn bar(self, policy: &Policy) -> Bar {
        match self {
            Self::LiveRun => policy.live_run,
            Self::AcceptRisk => policy.accept_risk,
            Self::InferredConstraints => policy.inferred_constraints,
        }
    }
}

/// Whether what came through a channel counts under this bar. An agent's report never does.
#[must_use]
pub const fn counts(bar: Bar, channel: Channel) -> bool {
    let least = match bar {
        Bar::Any | Bar::Elicitation => Channel::Elicitation,
        Bar::Terminal => Channel::Terminal,
        Bar::Signature => Channel::Signature,
    };
    channel.rank() >= least.rank()
}

/// What is put before a person: the same text is shown at a terminal, signed with a key and bound by a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What is approved.
    pub what: What,
    /// The risk, where one is accepted: its name, and the digest of what it says where it is a constraint.
    pub risk: Option<(String, String)>,
    /// Name of the integration.
    pub name: String,
    /// Digest of the contract's bytes.
    pub contract: String,
    /// Digest of each description, by the system's name.
    pub systems: BTreeMap<String, String>,
}

impl std::fmt::Display for Statement {
    /// One line for each fact, always the same bytes for the same facts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, risk, name, contract, systems } = self;
        writeln!(f, "platform-integration approval v1")?;
        writeln!(f, "approve: {}", what.as_str())?;
        if let Some((risk, words)) = risk {
            writeln!(f, "risk: {risk}{}", if words.is_empty() { String::new() } else { format!(" {words}") })?;
        }
        writeln!(f, "integration: {name}")?;
        writeln!(f, "contract: {contract}")?;
        for (system, digest) in systems {
            writeln!(f, "description: {system} {digest}")?;
        }
        Ok(())
    }
}

impl Statement {
    /// Digest of the text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(self.to_string().as_bytes())
    }

    /// The approval is of exactly this.
    #[must_use]
    pub fn is_of(&self, approved: &Approved) -> bool {
        approved.statement == self.digest().as_str()
    }

    /// Why an approval of the same kind is not of this, in words; nothing where it is of another kind or integration.
    #[must_use]
    pub fn differs(&self, approved: &Approved) -> Option<String> {
        if approved.what != self.what || approved.name != self.name || self.is_of(approved) {
            return None;
        }
        if approved.risk != self.risk.as_ref().map(|(risk, _)| risk.clone()) {
            return None;
        }
        if approved.digest != self.contract {
            return Some("the contract has changed since".to_owned());
        }
        let changed = self.systems.iter().find(|(name, digest)| approved.systems.get(*name) != Some(digest));
        Some(match changed {
            Some((name, _)) => format!("the description of {name} has changed since"),
            None => "what it was about has changed since".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            what: What::LiveRun,
            risk: None,
            name: "billing-to-crm".to_owned(),
            contract: "sha256:aa".to_owned(),
            systems: [("billing".to_owned(), "sha256:bb".to_owned()), ("crm".to_owned(), "sha256:cc".to_owned())]
                .into(),
        }
    }

    fn approved(s: &Statement) -> Approved {
        Approved {
            what: s.what,
            risk: s.risk.as_ref().map(|r| r.0.clone()),
            name: s.name.clone(),
            file: "integration.yaml".to_owned(),
            digest: s.contract.clone(),
            systems: s.systems.clone(),
            statement: s.digest().as_str().to_owned(),
            by: "mira".to_owned(),
            channel: Channel::Terminal,
            because: None,
            key: None,
            signature: None,
        }
    }

    #[test]
    fn the_statement_is_a_few_plain_lines() {
        let risk = Statement {
            what: What::AcceptRisk,
            risk: Some(("ids-stable".to_owned(), "sha256:dd".to_owned())),
            ..statement()
        };
        insta::assert_snapshot!(risk.to_string(), @r"
        platform-integration approval v1
        approve: accept-risk
        risk: ids-stable sha256:dd
        integration: billing-to-crm
        contract: sha256:aa
        description: billing sha256:bb
        description: crm sha256:cc
        ");
    }

    #[test]
    fn an_approval_is_of_one_state_of_contract_and_descriptions() {
        let now = statement();
        let given = approved(&now);
        assert!(now.is_of(&given) && now.differs(&given).is_none());
        let edited = Statement { contract: "sha256:ab".to_owned(), ..statement() };
        assert_eq!(edited.differs(&given).as_deref(), Some("the contract has changed since"));
        let mut drifted = statement();
        drifted.systems.insert("crm".to_owned(), "sha256:ce".to_owned());
        assert!(!drifted.is_of(&given));
        assert_eq!(drifted.differs(&given).as_deref(), Some("the description of crm has changed since"));
        let other = Statement { what: What::InferredConstraints, ..statement() };
        assert!(!other.is_of(&given), "an approval of one kind is none of another");
    }

    #[test]
    fn a_report_never_counts_and_a_stronger_channel_always_does() {
        for bar in Bar::ALL {
            assert!(!counts(bar, Channel::AgentReport));
            assert!(counts(bar, Channel::Signature));
            for pair in Channel::ALL.windows(2) {
                assert!(!counts(bar, pair[0]) || counts(bar, pair[1]));
            }
        }
        assert!(!counts(Bar::Terminal, Channel::Elicitation) && !counts(Bar::Signature, Channel::Terminal));
    }

    #[test]
    fn a_kind_is_read_as_the_contract_spells_it_too() {
        assert_eq!(What::parse("live_run"), Some(What::LiveRun));
        assert_eq!(What::parse("everything"), None);
    }
}
