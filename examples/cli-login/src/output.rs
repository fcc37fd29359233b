//! Output: results on stdout, everything else on stderr.

use std::io::{self, IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Prints a result.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    body(text.as_bytes())
}

/// Prints a server's response: unchanged into a file or a pipe, on a terminal without control characters,
/// which could send commands to the terminal.
pub(crate) fn body(body: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = if stdout.is_terminal() {
        stdout.write_all(harmless(&String::from_utf8_lossy(body)).as_bytes())
    } else {
        stdout.write_all(body)
    };
    match written.and_then(|()| stdout.flush()) {
        // The reader, such as `head`, has closed the pipe.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a message. Errors are ignored: stderr may be closed.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{}", harmless(text));
}

fn harmless(text: &str) -> String {
    let plain = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    text.chars().map(|c| if plain(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(harmless("a\x1b[2Jb\u{9b}c\r\n\td"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\n\td");
    }
}
