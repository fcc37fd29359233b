//! [`Arguments`]: the command line, as `help.txt` documents it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value, ValueExt as _};

use crate::failure::Failure;

/// The longest that a login may be waited for: a day.
const LONGEST: u64 = 24 * 3600;

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) options: Options,
}

#[derive(Debug)]
pub(crate) enum Command {
    Demo,
    Get(String),
    Help,
    Login(How),
    Logout,
    Version,
    Whoami,
}

/// How to log in.
#[derive(Debug)]
pub(crate) struct How {
    pub(crate) device: bool,
    pub(crate) opens_browser: bool,
    pub(crate) port: u16,
    pub(crate) timeout: Duration,
}

/// Which client, and where its token is.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) client: Option<String>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) token_file: Option<PathBuf>,
    /// Settings of the client, by key.
    pub(crate) settings: Vec<(&'static str, String)>,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Self, Failure> {
        Self::read(lexopt::Parser::from_args(words)).map_err(|error| {
            Failure::usage(format!("{error}; `cli-login --help` says how it is used"))
        })
    }

    fn read(mut words: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut options = Options::default();
        let mut how =
            How { device: false, opens_browser: true, port: 0, timeout: Duration::from_secs(300) };
        let mut of_login = None;
        let mut named = Vec::new();
        while let Some(word) = words.next()? {
            match word {
                Short('h') | Long("help") => return Ok(Self { command: Command::Help, options }),
                Short('V') | Long("version") => {
                    return Ok(Self { command: Command::Version, options });
                }
                Long("client") => options.client = Some(words.value()?.string()?),
                Long("config") => options.config = Some(words.value()?.into()),
                Long("token-file") => options.token_file = Some(words.value()?.into()),
                Long("issuer") => options.settings.push(("issuer", words.value()?.string()?)),
                Long("client-id") => options.settings.push(("client_id", words.value()?.string()?)),
                Long("scope") => options.settings.push(("scope", words.value()?.string()?)),
                Long("api-base-url") => {
                    options.settings.push(("api_base_url", words.value()?.string()?));
                }
                Long("device") => (how.device, of_login) = (true, Some("--device")),
                Long("no-browser") => (how.opens_browser, of_login) = (false, Some("--no-browser")),
                Long("port") => (how.port, of_login) = (words.value()?.parse()?, Some("--port")),
                Long("timeout") => {
                    let seconds = words.value()?.parse::<u64>()?.clamp(1, LONGEST);
                    (how.timeout, of_login) = (Duration::from_secs(seconds), Some("--timeout"));
                }
                Value(value) => named.push(value.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let named: Vec<_> = named.iter().map(String::as_str).collect();
        let command = match named.as_slice() {
            ["demo"] => Command::Demo,
            ["get", path] => Command::Get((*path).to_owned()),
            ["get"] => return Err("`get` needs a path".into()),
            ["login"] => Command::Login(how),
            ["logout"] => Command::Logout,
            ["whoami"] => Command::Whoami,
            [] => return Err("a command is missing".into()),
            [first, ..] => return Err(format!("`{first}` is no command, or has too many").into()),
        };
        if let (Some(option), false) = (of_login, matches!(command, Command::Login(_))) {
            return Err(format!("`{option}` is an option of `login` only").into());
        }
        if options.client.is_none() && !options.settings.is_empty() {
            return Err("settings of a client need `--client NAME`".into());
        }
        Ok(Self { command, options })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, Failure> {
        Arguments::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_may_stand_anywhere() {
        let arguments = parse("--client a login --device --timeout 7 --scope openid").unwrap();
        let Command::Login(how) = arguments.command else { panic!("{arguments:?}") };
        assert!(how.device && how.opens_browser);
        assert_eq!(how.timeout, Duration::from_secs(7));
        assert_eq!(arguments.options.client.as_deref(), Some("a"));
        assert_eq!(arguments.options.settings, [("scope", "openid".to_owned())]);
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong_with_it() {
        for (line, words) in [
            ("", "a command is missing"),
            ("logni", "`logni` is no command"),
            ("get", "`get` needs a path"),
            ("login now", "too many"),
            ("login --port 70000", "70000"),
            ("whoami --device", "`--device` is an option of `login` only"),
            ("whoami --scope openid", "`--client NAME`"),
            ("whoami --client-secret x", "--client-secret"),
        ] {
            let failure = parse(line).unwrap_err();
            assert_eq!(failure.code, 2, "{line}");
            assert!(failure.message.contains(words), "{line}: {}", failure.message);
        }
    }

    #[test]
    fn help_documents_every_option() {
        let help = include_str!("help.txt");
        let code = include_str!("arguments.rs");
        for option in code.split("Long(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(help.contains(&format!("--{option}")), "--{option}");
        }
    }
}
