//! Everything that compiling and checking a mapping can find, as documentation and tests want it.

use crate::finding::Severity;

/// One code.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// Kebab-case name of the bad thing.
    pub code: &'static str,
    /// How bad its findings are at most.
    pub severity: Severity,
    /// What it means, in one sentence.
    pub summary: &'static str,
    /// How to mend it.
    pub mend: &'static str,
}

const fn error(code: &'static str, summary: &'static str, mend: &'static str) -> Code {
    Code { code, severity: Severity::Error, summary, mend }
}

const fn warning(code: &'static str, summary: &'static str, mend: &'static str) -> Code {
    Code { code, severity: Severity::Warning, summary, mend }
}

const fn note(code: &'static str, summary: &'static str, mend: &'static str) -> Code {
    Code { code, severity: Severity::Note, summary, mend }
}

/// All codes, sorted.
#[rustfmt::skip]
pub static CODES: [Code; 57] = [
    error("always-rejected", "A rule rejects every record that was generated.", "Check its transforms and its table against what the source sends."),
    error("bad-jq", "A jq program cannot be read, or does what a mapping may not.", "Write what the finding names."),
    error("bad-path", "A path cannot be read.", "Write `a.b`, `a.list[0].b` or `\"odd.name\".b`."),
    error("bad-rule", "A rule has none or several of its sources, or an `else` that means nothing.", "Write exactly one source."),
    error("bad-transform", "A transform gets what it does not take, or a wrong argument.", "Put a conversion before it, or write its argument as its usage says."),
    warning("code-list-mismatch", "Countries, languages or currencies of one list end where another is wanted.", "Map them in a `values` table, or map the field that holds the other form."),
    warning("condition-never-true", "A condition asks for a value that never comes.", "Ask for one of the values named."),
    warning("currency-dropped", "An amount is written and its currency is not.", "Map the currency too, or a constant where all records share one."),
    warning("default-looks-like-data", "A default that nobody can tell from what a source sent.", "Leave the field out, or use a value that shows that it is none."),
    note("default-never-used", "The value is always there and never null.", "Take the default out."),
    error("duplicate-target", "Two rules write the same target, or into each other.", "Keep one of them."),
    note("else-hides-new-values", "A value that the table lacks becomes the default without a word.", "Use `else: reject`."),
    error("enum-value-unmapped", "A value of the source has no counterpart in the target.", "Add it to a `values` table."),
    warning("epoch-unit-mismatch", "Seconds since 1970 are taken for milliseconds, or the other way round.", "Name the unit in `epoch_to_datetime` or `datetime_to_epoch`."),
    warning("fixed-minor-unit", "One factor converts amounts of currencies with different minor units.", "Use `minor_to_major` or `major_to_minor`, which follow the currency."),
    warning("float-money", "An amount of money goes through a binary float although the other side is exact.", "Round it, or map the exact field."),
    warning("foreign-id", "The id of one kind of thing ends in a field for the id of another.", "Map the right id, or look it up first."),
    error("format-mismatch", "The text has another format than the target takes, or none that is stated.", "Convert it, or make sure of it."),
    warning("id-truncated", "An id is cut, so that two can become one.", "Map it to a field that takes all of it, or hash it before."),
    warning("integer-through-float", "An integer of 64 bits ends in a float.", "Map it to a text or an integer field."),
    warning("jq-failed", "A jq program fails on a generated record.", "Make it total: `?`, `//`, `if type ==`."),
    error("jq-many-values", "A jq program gives more than one value.", "Wrap it in `[ ]`, or take one."),
    error("jq-too-costly", "A jq program takes more steps or memory than a record may.", "Make it simpler, or use transforms."),
    error("list-too-long", "The list may have more items than the target takes.", "Map single items."),
    warning("locale-number", "A number as people of one country write it is read as a plain decimal.", "Add `replace` before the conversion."),
    warning("markup-into-plain-text", "HTML or Markdown ends where its tags are shown.", "Map the plain text, or a field that takes markup."),
    warning("money-unit-mismatch", "Minor units are taken for major ones, or the other way round.", "Add `minor_to_major` or `major_to_minor`."),
    error("narrowing", "The value has a type that the target does not take.", "Convert it."),
    warning("never-reached", "What stands behind a field that is always there is never used.", "Put that field last."),
    error("not-in-this-release", "The rule uses what this release does not run.", "Use what the finding names instead."),
    error("nullable-into-non-nullable", "Null can come, and the target does not take it.", "Add a `default`, or a `values` entry for null."),
    error("optional-into-required", "The value may be missing, and the target requires it.", "Add a `default`, or map a field that is always there."),
    error("out-of-range", "The source's range of numbers is wider than the target's.", "Convert it, or map a field that stays within."),
    warning("phone-not-e164", "Phone numbers as typed end where E.164 is wanted.", "Map a field that holds E.164."),
    error("read-only-target-written", "The target sets the field itself.", "Take the rule out."),
    error("required-target-unmapped", "No rule writes a field that the target requires.", "Add a rule, a constant if need be."),
    warning("sample-does-not-fit", "A generated record gives a value that the target does not take.", "Convert the value so that it always fits."),
    warning("time-of-day-lost", "Only the date of a time is left, in a field for times.", "Take out the transform that cuts it off."),
    error("too-long", "The text may be longer than the target takes.", "Add `truncate` where a cut text is still right."),
    warning("too-short", "The text may be shorter than the target needs.", "Make sure that the source sends at least that."),
    warning("transform-rejects-value", "A value that the source lists cannot be transformed.", "Map the values in a `values` table."),
    warning("union-branch-unhandled", "A branch of a union is read by no rule, or rejects the record.", "Add a rule for it, or name it in `unmapped`."),
    warning("unit-mismatch", "What is measured in one unit ends in a field of another: kilograms in pounds, percent in fractions.", "Convert it, or map the field that has the right unit."),
    error("unknown-key", "A rule has a key that rules do not have.", "Use the nearest valid key."),
    error("unknown-source-field", "The source has no such field.", "Use one of the fields named."),
    error("unknown-target-field", "The target has no such field.", "Use one of the fields named."),
    error("unknown-transform", "There is no such transform.", "Use one of those named."),
    warning("unmapped-but-mapped", "A field in `unmapped` is read by a rule.", "Take it out of `unmapped`."),
    error("unmapped-does-not-exist", "`unmapped` names a field that the source does not have.", "Take it out, or correct its name."),
    warning("unmapped-source-field", "A source field is neither mapped nor in `unmapped`.", "Map it, or add it to `unmapped`."),
    error("value-does-not-fit", "A constant, default or table entry does not fit the target's schema.", "Write one that does."),
    warning("value-never-sent", "The source never sends a value that the table has.", "Correct the value, or take the entry out."),
    error("value-not-in-target-enum", "A constant, default or table entry is none of the target's values.", "Write one of them."),
    error("write-only-source-read", "The source never sends the field.", "Map another field."),
    error("wrong-type", "A key of a rule has a value of the wrong type.", "Write what the finding names."),
    warning("zone-mismatch", "A time is given another zone than the one it is in, or loses the one it has.", "Name the right zone, or take the transform out."),
    warning("zone-missing", "A time without zone is taken for an instant.", "Add `local_to_utc` with the zone of the source's clocks."),
];
