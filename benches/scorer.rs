//! How a scorer ends: with its page, or with what was wrong and how it is called.

use std::process::ExitCode;

/// Prints what `run` made of the options; 2 where they are none.
pub(crate) fn ended<O>(
    name: &str,
    usage: &str,
    options: Option<O>,
    run: impl FnOnce(&O) -> Result<String, String>,
) -> ExitCode {
    let Some(options) = options else {
        eprintln!("{usage}");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(out) => {
            println!("{out}");
            ExitCode::SUCCESS
        }
        Err(because) => {
            eprintln!("{name}: {because}\n{usage}");
            ExitCode::FAILURE
        }
    }
}
