//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

/// The longest `--timeout`: a day.
const MAX_TIMEOUT: u64 = 24 * 3600;

const AFTER_HELP: &str = "\
Environment:
  {NAME}_CLIENT_ID, {NAME}_CLIENT_SECRET, {NAME}_ISSUER, {NAME}_SCOPE, {NAME}_API_BASE_URL, ..
          Settings of client NAME; they override the configuration file. There is no option for the
          secret, because other users of the machine can read a program's arguments
  AUTHLIB_CONFIG
          Same as --config
  DATABASE_URL
          Store the token in this SQLite database (`sqlite:PATH`) instead of a file; AUTHLIB_KEYS
          encrypts it

Files:
  The token is stored in $XDG_STATE_HOME/cli-login/NAME.json (default ~/.local/state, on Windows
  %LOCALAPPDATA%), readable by you only. Windows has no file modes: there the file is as private as
  its folder.

Exit codes:
  0    success
  1    any other error
  2    invalid arguments or configuration
  3    not logged in, or the login timed out
  4    access denied by the user or the provider
  5    the provider could not be reached
  130  interrupted by Ctrl-C";

/// Log in at an OAuth 2.0 or OpenID Connect provider and call its API.
#[derive(Debug, Parser)]
#[command(name = "cli-login", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in with the browser of this machine, or with any other by `--device`
    Login(LoginOptions),
    /// Print the user's claims as JSON
    Whoami,
    /// Send a GET request to the API and print the response
    Get {
        /// URL, resolved against `api_base_url`
        path: String,
    },
    /// Revoke the token and delete its file
    Logout,
    /// Run a device login against an embedded provider; needs no network
    Demo,
}

#[derive(Debug, Args)]
pub(crate) struct LoginOptions {
    /// Show a code to enter in a browser on another device (RFC 8628)
    #[arg(long)]
    pub(crate) device: bool,
    /// Print the URL without opening a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Listen on this port; 0 is any free port. Set it if the provider compares the port of the
    /// redirect URI `http://127.0.0.1:PORT/callback`
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Give up after this number of seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
}

/// Which client to use, and where its token is stored.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The client, if several are configured; presets such as `google` are known
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) client: Option<String>,
    /// A TOML file with a table `[oauth.NAME]` for each client
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Store the token in this file
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// The provider's issuer; needs `--client`
    #[arg(long, value_name = "URL", global = true)]
    issuer: Option<String>,
    /// The client id; needs `--client`
    #[arg(long, value_name = "ID", global = true)]
    client_id: Option<String>,
    /// The scopes to request, separated by spaces; needs `--client`
    #[arg(long, global = true)]
    scope: Option<String>,
    /// The base URL of the API; needs `--client`
    #[arg(long, value_name = "URL", global = true)]
    api_base_url: Option<String>,
}

impl Arguments {
    /// Reads the command line of this process. Exits for `--help`, and with code 2 for invalid arguments.
    pub(crate) fn from_command_line() -> Self {
        Self::parse().checked().unwrap_or_else(|error| error.exit())
    }

    fn checked(self) -> Result<Self, clap::Error> {
        // clap checks `requires` for each subcommand alone: `--client` may stand before it.
        if self.options.client.is_none()
            && let Some((key, _)) = self.options.settings().next()
        {
            let option = key.replace('_', "-");
            let words = format!("`--{option}` needs `--client NAME`");
            return Err(Self::command().error(ErrorKind::MissingRequiredArgument, words));
        }
        Ok(self)
    }
}

impl LoginOptions {
    /// How long to wait for the user: at least a second, at most a day.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.clamp(1, MAX_TIMEOUT))
    }
}

impl Options {
    /// The settings of the client that are given as options, by key.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("issuer", &self.issuer),
            ("client_id", &self.client_id),
            ("scope", &self.scope),
            ("api_base_url", &self.api_base_url),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        let words = std::iter::once("cli-login").chain(line.split_whitespace());
        Arguments::try_parse_from(words)?.checked()
    }

    #[test]
    fn options_are_accepted_before_and_after_the_command() {
        Arguments::command().debug_assert();
        let arguments = parse("--client a login --device --timeout 7 --scope openid").unwrap();
        let Command::Login(login) = &arguments.command else { panic!("{arguments:?}") };
        assert!(login.device && !login.no_browser);
        assert_eq!(login.timeout(), Duration::from_secs(7));
        assert_eq!(arguments.options.client.as_deref(), Some("a"));
        assert_eq!(arguments.options.settings().collect::<Vec<_>>(), [("scope", "openid")]);
    }

    #[test]
    fn invalid_arguments_are_named() {
        for (line, words) in [
            ("", "Usage:"),
            ("logni", "'logni'"),
            ("get", "<PATH>"),
            ("login now", "'now'"),
            ("login --port 70000", "70000"),
            ("whoami --device", "'--device'"),
            ("whoami --scope openid", "`--client NAME`"),
            ("whoami --client-secret x", "'--client-secret'"),
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(words), "{line}: {error}");
        }
    }
}
