//! The `platform-integration` command.

use std::process::ExitCode;

/// A connector and a lab make and drop small values by the million; glibc's allocator takes a sixth of their time more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    platform_integration::cli::main()
}
