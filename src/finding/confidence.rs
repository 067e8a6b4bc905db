//! Confidence under its ceiling (law 5). [`TABLE`] is the SOP's; bounds are inclusive. The documents hold the same table,
//! and a test compares them.

/// The kind of ground a claim stands on, which caps how sure it can be. Weaker ground comes first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Ceiling {
    /// Ground of a kind that is not in the table.
    Unknown,
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

/// A row of the table of ceilings.
#[derive(Debug, Clone, Copy)]
pub struct CeilingRow {
    /// The kind of ground.
    pub kind: Ceiling,
    /// Its name in a confidence line.
    pub name: &'static str,
    /// The highest confidence a claim on it may have.
    pub ceiling: f64,
    /// What counts as such.
    pub ground: &'static str,
}

/// Claim types and their ceilings, strongest first: said once, here.
pub const TABLE: [CeilingRow; 7] = [
    row(
        Ceiling::Definition,
        "definition",
        0.95,
        "true by definition: a count, a digest, a schema that says so of itself",
    ),
    row(Ceiling::Observation, "observation", 0.95, "the server executed it and saw it: a compiled contract, a drill"),
    row(
        Ceiling::Policy,
        "policy",
        0.90,
        "a rule somebody with a say has set: a description's statement, a person's decision",
    ),
    row(Ceiling::Research, "research", 0.85, "published work says so"),
    row(Ceiling::Report, "report", 0.70, "somebody says that it was so: an agent quoting its user"),
    row(Ceiling::Inference, "inference", 0.70, "a rule or a model derived it; nobody stated or saw it"),
    row(Ceiling::Unknown, "unknown", 0.70, "any other kind of ground"),
];

const fn row(kind: Ceiling, name: &'static str, ceiling: f64, ground: &'static str) -> CeilingRow {
    CeilingRow { kind, name, ceiling, ground }
}

/// The table as Markdown: the block that the documents hold between their markers.
#[must_use]
pub fn table_markdown() -> String {
    let rows = TABLE.iter().map(|r| format!("| {} | {:.2} | {} |\n", r.name, r.ceiling, r.ground));
    format!("| type | ceiling | ground |\n|---|---|---|\n{}", rows.collect::<String>())
}

impl Ceiling {
    /// All kinds, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Definition,
        Self::Observation,
        Self::Policy,
        Self::Research,
        Self::Report,
        Self::Inference,
        Self::Unknown,
    ];

    const fn row(self) -> CeilingRow {
        let at = match self {
            Self::Definition => 0,
            Self::Observation => 1,
            Self::Policy => 2,
            Self::Research => 3,
            Self::Report => 4,
            Self::Inference => 5,
            Self::Unknown => 6,
        };
        TABLE[at]
    }

    /// The highest confidence a claim of this kind may have.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.row().ceiling
    }

    /// `observation`, `report` …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The kind named; nothing for a name that is not in the table (whose ceiling is that of [`Ceiling::Unknown`]).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }
}

/// A value that never passes its ceiling.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(into = "(f64, Ceiling)", from = "(f64, Ceiling)")]
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

impl From<Confidence> for (f64, Ceiling) {
    fn from(confidence: Confidence) -> Self {
        (confidence.value, confidence.ceiling)
    }
}

impl From<(f64, Ceiling)> for Confidence {
    /// What was written down stays under its ceiling, whoever wrote it.
    fn from((value, ceiling): (f64, Ceiling)) -> Self {
        Self::capped(value, ceiling)
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
    fn every_kind_has_its_own_row() {
        for (row, kind) in TABLE.iter().zip(Ceiling::ALL) {
            assert_eq!((row.kind, row.name, row.ceiling), (kind, kind.as_str(), kind.value()));
        }
        assert!(TABLE.windows(2).all(|w| w[0].ceiling >= w[1].ceiling && w[0].kind > w[1].kind), "strongest first");
    }

    #[test]
    fn the_line_has_the_form_of_the_sop() {
        assert_eq!(
            Confidence::capped(0.934, Ceiling::Observation).to_string(),
            "Confidence: 0.93 (ceiling: observation 0.95)"
        );
    }
}
