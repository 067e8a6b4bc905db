//! `approvals`: through which channel a person must speak before something counts as decided.

use serde::{Deserialize, Serialize};

use crate::base::yaml::{Span, Spanned};

/// The weakest channel that counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Bar {
    /// Any channel on which a person speaks. What an agent reports is enough to go on drafting, checking and drilling,
    /// which wait for nobody; it settles nothing.
    #[default]
    Any,
    /// A form of the client, or stronger. Today the same as [`Bar::Any`]: no weaker channel has a person on it.
    Elicitation,
    /// A terminal of this machine, or stronger.
    Terminal,
    /// A signature by a key of the signers file.
    Signature,
}

impl Bar {
    /// All of them, lowest first.
    pub const ALL: [Self; 4] = [Self::Any, Self::Elicitation, Self::Terminal, Self::Signature];

    /// `any`, `elicitation`, `terminal`, `signature`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Elicitation => "elicitation",
            Self::Terminal => "terminal",
            Self::Signature => "signature",
        }
    }
}

/// What each kind of decision asks for, as values that go into the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// To settle an inferred constraint.
    pub inferred_constraints: Bar,
    /// To run against a system that is not on this machine.
    pub live_run: Bar,
    /// To take a risk that stays open.
    pub accept_risk: Bar,
}

impl Default for Policy {
    fn default() -> Self {
        Self { inferred_constraints: Bar::Any, live_run: Bar::Terminal, accept_risk: Bar::Terminal }
    }
}

/// The clause as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Approvals {
    /// Where it stands; zero where it is left out.
    pub at: Span,
    /// What was written for each kind; nothing where it is left out.
    pub inferred_constraints: Option<Spanned<Bar>>,
    /// As above.
    pub live_run: Option<Spanned<Bar>>,
    /// As above.
    pub accept_risk: Option<Spanned<Bar>>,
    /// The `allowed_signers` file, relative to the contract.
    pub signers: Option<Spanned<String>>,
}

impl Approvals {
    /// The policy that counts: what is written, over the defaults. What runs against a live system or takes a risk is
    /// never decided below a terminal, whatever is written.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let default = Policy::default();
        let written = |clause: &Option<Spanned<Bar>>, default: Bar| clause.as_ref().map_or(default, |b| b.value);
        Policy {
            inferred_constraints: written(&self.inferred_constraints, default.inferred_constraints),
            live_run: written(&self.live_run, default.live_run).max(Bar::Terminal),
            accept_risk: written(&self.accept_risk, default.accept_risk).max(Bar::Terminal),
        }
    }

    /// Each clause that is written, with its key.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &Spanned<Bar>)> {
        [
            ("inferred_constraints", &self.inferred_constraints),
            ("live_run", &self.live_run),
            ("accept_risk", &self.accept_risk),
        ]
        .into_iter()
        .filter_map(|(key, bar)| bar.as_ref().map(|b| (key, b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_live_is_ever_decided_below_a_terminal() {
        for bar in Bar::ALL {
            let written = Some(Spanned::new(bar, Span::default()));
            let approvals = Approvals {
                inferred_constraints: written.clone(),
                live_run: written.clone(),
                accept_risk: written,
                ..Approvals::default()
            };
            let policy = approvals.policy();
            assert_eq!(policy.inferred_constraints, bar);
            assert!(policy.live_run >= Bar::Terminal && policy.accept_risk >= Bar::Terminal);
        }
        assert_eq!(Approvals::default().policy(), Policy::default());
    }
}
