//! Confidence under its ceiling (law 5). The table is the SOP's; bounds are inclusive.

/// The kind of ground a claim stands on, which caps how sure it can be.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Ceiling {
    /// A rule derived it.
    Inference,
    /// A person or an agent said so.
    Report,
    /// Published work says so.
    Research,
    /// A stated rule of a system.
    Policy,
    /// The server executed and saw it.
    Observation,
    /// True by definition.
    Definition,
}

impl Ceiling {
    /// All kinds, in the order of the table.
    pub const ALL: [Self; 6] =
        [Self::Definition, Self::Observation, Self::Policy, Self::Research, Self::Report, Self::Inference];

    /// The highest confidence a claim of this kind may have.
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Definition | Self::Observation => 0.95,
            Self::Policy => 0.90,
            Self::Research => 0.85,
            Self::Report | Self::Inference => 0.70,
        }
    }

    /// `observation`, `report` …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Observation => "observation",
            Self::Policy => "policy",
            Self::Research => "research",
            Self::Report => "report",
            Self::Inference => "inference",
        }
    }

    /// The kind named; nothing for an unknown one (whose ceiling is 0.70).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }
}

/// A value that never passes its ceiling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    value: f64,
    ceiling: Ceiling,
}

impl Confidence {
    /// `value` capped at the ceiling of `kind`, and at 0 from below; rounded down to two digits.
    #[must_use]
    pub fn capped(value: f64, kind: Ceiling) -> Self {
        let value = if value.is_finite() { value.clamp(0.0, kind.value()) } else { 0.0 };
        // The small addend keeps 0.95 from becoming 0.94 by its binary form.
        Self { value: (value * 100.0 + 1e-6).floor() / 100.0, ceiling: kind }
    }

    /// The value, two digits.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.value
    }

    /// What caps it.
    #[must_use]
    pub const fn ceiling(self) -> Ceiling {
        self.ceiling
    }
}

impl std::fmt::Display for Confidence {
    /// `Confidence: 0.93 (ceiling: observation 0.95)`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Confidence: {:.2} (ceiling: {} {:.2})", self.value, self.ceiling.as_str(), self.ceiling.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_confidence_passes_its_ceiling() {
        for kind in Ceiling::ALL {
            assert!(Confidence::capped(1.0, kind).value() <= kind.value());
            assert_eq!(Confidence::capped(kind.value(), kind).value(), kind.value(), "the bound is inclusive");
            assert_eq!(Ceiling::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Confidence::capped(f64::NAN, Ceiling::Report).value(), 0.0);
    }

    #[test]
    fn the_line_has_the_form_of_the_sop() {
        assert_eq!(
            Confidence::capped(0.934, Ceiling::Observation).to_string(),
            "Confidence: 0.93 (ceiling: observation 0.95)"
        );
    }
}
