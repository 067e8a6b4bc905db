//! What keeps a description, or a file of samples, from being read.

use crate::finding::Code;

/// What `check` says where it cannot read what it would hold a contract to. The use case that reads the files says
/// those about samples and the unreadable description, with the name of the system or the line of the sample.
pub static CODES: [Code; 7] = [
    Code::error(
        "bad-sample",
        "A line of a file of samples is no JSON, or no record.",
        "Mend the line named: one JSON object a line.",
    ),
    Code::error(
        "empty-input",
        "The file of a description is there, and nothing is in it.",
        "Pass the API description itself, or fetch it anew.",
    ),
    Code::error(
        "sample-not-as-expected",
        "A sample becomes something else than is written down for it (`check --expect`).",
        "Mend the mapping, or write down what is wanted now.",
    ),
    Code::note(
        "samples-cut",
        "A file of samples is longer than what is tried at once.",
        "Try the rest from a file of its own.",
    ),
    Code::error(
        "unknown-format",
        "The description is in no format that is read.",
        "Pass one of the formats named, or a file that refers to it.",
    ),
    Code::error(
        "unreadable-description",
        "The description of a system cannot be read at all.",
        "Correct its path or address, or mend what the finding names.",
    ),
    Code::error(
        "unreadable-input",
        "The description is cut short, empty, or broken at the place named.",
        "Mend the place named, or fetch it anew.",
    ),
];
