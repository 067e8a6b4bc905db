//! Everything that reading a contract can find, as documentation and tests want it.

use crate::finding::Code;

/// All codes of the contract's structure, sorted.
#[rustfmt::skip]
pub static CODES: [Code; 13] = [
    Code::error("bad-table", "A value table in a file has no such columns, says a value twice, or is no table.", "Write a header, then one row a value, each value once."),
    Code::error("bad-value", "A value is not what its key takes.", "Write what the finding names."),
    Code::error("duplicate-key", "A key, or the id of a constraint, stands twice.", "Keep one of them, or give each an id of its own."),
    Code::error("exclusive-keys", "Keys stand together of which only one may.", "Keep exactly one."),
    Code::error("missing-key", "A key that must be there is not.", "Add it."),
    Code::error("not-in-this-release", "The format has it, this release does not run it.", "Use what the finding names instead."),
    Code::error("second-document", "A second YAML document in the file would not be read.", "Put each contract into a file of its own."),
    Code::error("table-changed", "A value table in a file is another than the contract names by its digest.", "Look at what changed, then write the digest that the finding names."),
    Code::error("unknown-key", "There is no such key.", "Use the nearest valid key."),
    Code::error("unreadable", "The text is no YAML that can be read.", "Mend the line named."),
    Code::error("unreadable-table", "A value table in a file cannot be read.", "Put it beside the contract, or below, and give its path from there."),
    Code::error("unsupported-version", "`apiVersion` is another than this release reads.", "Write the version named."),
    Code::error("wrong-type", "A key has a value of the wrong type.", "Write what the finding names."),
];
