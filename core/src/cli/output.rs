//! Standard output and standard error.

use std::io::{self, IsTerminal, Write};

use crate::diagnostic::{Diagnostic, Severity};
use crate::error::{Error, ErrorCode, Result};

/// Where a command speaks.
#[derive(Debug)]
pub(super) struct Console {
    out: io::Stdout,
    err: io::Stderr,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { out: io::stdout(), err: io::stderr() }
    }

    /// Whether a progress bar would be seen.
    pub(super) fn shows_progress(&self) -> bool {
        self.err.is_terminal()
    }

    /// Writes a result to standard output.
    ///
    /// # Errors
    /// `output.io` where standard output is closed or full.
    pub(super) fn print(&mut self, text: &str) -> Result<()> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(|cause| Error::new(ErrorCode::OutputIo, "standard output cannot be written").with_cause(cause))
    }

    /// Writes findings to standard error. What cannot be shown there cannot be shown anywhere.
    pub(super) fn show_diagnostics(&mut self, found: &[Diagnostic]) {
        for diagnostic in found {
            let severity = match diagnostic.severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
            };
            let times = if diagnostic.count == 1 { String::new() } else { format!(" ({} times)", diagnostic.count) };
            let place = diagnostic.location.as_ref().map(|at| format!(" [{at}]")).unwrap_or_default();
            let line = format!("{severity}: {}: {}{times}{place}\n", diagnostic.code, diagnostic.message);
            self.show(&line);
        }
    }

    pub(super) fn show_error(&mut self, error: &Error) {
        self.show(&format!("error: {}\n", error.report()));
    }

    pub(super) fn show(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
    }
}

/// Help and version go to standard output and are fine; anything else is wrong usage. Returns the exit status.
pub(super) fn show_usage(help: &clap::Error) -> u8 {
    // What cannot be shown there cannot be shown anywhere.
    let _ = help.print();
    if help.use_stderr() { 2 } else { 0 }
}
