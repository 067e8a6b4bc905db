//! The checks, one a file. What each can find is in its rules.

mod artifact_missing;
mod broken_link;
mod claim_unsupported;
mod command_expansion;
mod confidence_malformed;
mod confidence_over_ceiling;
mod description_unfit;
mod example_not_named;
mod example_without_test;
mod file_unreachable;
mod front_matter_malformed;
mod front_matter_missing;
mod hidden_characters;
mod injected_instruction;
mod key_not_portable;
mod marker_shown;
mod name_not_folder;
mod over_budget;
mod path_missing;
mod secret_in_document;
mod section_missing;
mod tool_undocumented;
mod undeclared_host;
mod unknown_command;
mod unknown_tool;
mod unpinned_package;
mod value_not_quoted;

use super::Check;

/// All checks.
pub const ALL: &[&Check] = &[
    &front_matter_missing::CHECK,
    &front_matter_malformed::CHECK,
    &key_not_portable::CHECK,
    &value_not_quoted::CHECK,
    &name_not_folder::CHECK,
    &description_unfit::CHECK,
    &section_missing::CHECK,
    &over_budget::CHECK,
    &broken_link::CHECK,
    &file_unreachable::CHECK,
    &artifact_missing::CHECK,
    &path_missing::CHECK,
    &unknown_tool::CHECK,
    &tool_undocumented::CHECK,
    &unknown_command::CHECK,
    &example_not_named::CHECK,
    &example_without_test::CHECK,
    &confidence_malformed::CHECK,
    &confidence_over_ceiling::CHECK,
    &hidden_characters::CHECK,
    &secret_in_document::CHECK,
    &marker_shown::CHECK,
    &unpinned_package::CHECK,
    &undeclared_host::CHECK,
    &injected_instruction::CHECK,
    &command_expansion::CHECK,
    &claim_unsupported::CHECK,
];
