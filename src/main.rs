//! The `platform-integration` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform_integration::cli::main()
}
