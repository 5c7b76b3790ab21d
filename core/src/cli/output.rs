//! Standard output and standard error.

use std::io::{self, IsTerminal, Write};

use crate::diagnostic::{Diagnostic, Severity};
use crate::error::{Error, ErrorCode, Result};

/// Facts of one code shown on a terminal.
const SHOWN_PER_CODE: usize = 4;

fn severity(fact: &Diagnostic) -> &'static str {
    match fact.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
    }
}

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
        // Whoever reads has seen enough, as `head` does.
        if written.as_ref().is_err_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe) {
            return Ok(());
        }
        written.map_err(|cause| Error::new(ErrorCode::OutputIo, "standard output cannot be written").with_cause(cause))
    }

    /// Writes findings to standard error: of each code the first few, then how many more there are.
    pub(super) fn show_diagnostics(&mut self, found: &[Diagnostic]) {
        for facts in found.chunk_by(|a, b| a.code == b.code) {
            facts.iter().take(SHOWN_PER_CODE).for_each(|fact| self.show_diagnostic(fact));
            if let Some(more) = facts.len().checked_sub(SHOWN_PER_CODE).filter(|more| *more > 0)
                && let Some(fact) = facts.first()
            {
                self.show(&format!("{}: {}: and {more} more, see `--output json`\n", severity(fact), fact.code));
            }
        }
    }

    fn show_diagnostic(&mut self, fact: &Diagnostic) {
        let times = if fact.count == 1 { String::new() } else { format!(" ({} times)", fact.count) };
        let place = fact.location.as_ref().map(|at| format!(" [{at}]")).unwrap_or_default();
        self.show(&format!("{}: {}: {}{times}{place}\n", severity(fact), fact.code, fact.message));
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
