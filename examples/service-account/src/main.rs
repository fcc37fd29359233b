//! A program that authenticates with a service account key and calls an API.

mod demo;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use authlib_core::client::blocking::AssertionClient;
use clap::{CommandFactory as _, Parser, Subcommand};

/// Call an API as a service account.
#[derive(Parser)]
#[command(
    name = "service-account",
    version,
    after_help = "Exit codes: 0 success, 1 error, 2 invalid arguments",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The URL of a GET request, resolved against the API's base URL
    #[arg(required_unless_present = "demo")]
    url: Option<String>,
    /// The account's JSON key file, as downloaded from Google's console; default
    /// `$GOOGLE_APPLICATION_CREDENTIALS`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The base URL of the API; only this origin receives the token
    #[arg(long, value_name = "URL", default_value = "https://www.googleapis.com/")]
    api_base_url: String,
    /// The scopes to request, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// The user to impersonate, if the domain has delegated its authority to the account
    #[arg(long, value_name = "USER")]
    subject: Option<String>,
    /// The former spelling of `demo`
    #[arg(long, hide = true)]
    demo: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Call the API of an embedded provider; needs no key and no network
    Demo,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let demo = arguments.demo || matches!(arguments.command, Some(Command::Demo));
    let Err(error) = (if demo { demo::run() } else { call(arguments) }) else {
        return ExitCode::SUCCESS;
    };
    let mut message = format!("service-account: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        message += &format!(": {cause}");
        source = cause.source();
    }
    let _ = writeln!(io::stderr(), "{message}");
    ExitCode::FAILURE
}

fn call(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let key = arguments.key.unwrap_or_else(|| {
        std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS").map_or_else(missing_key, PathBuf::from)
    });
    let mut account = AssertionClient::from_service_account_file(&key)?
        .scope(arguments.scope.unwrap_or_default())
        .api_base_url(arguments.api_base_url);
    if let Some(subject) = arguments.subject {
        account = account.subject(subject);
    }
    // The first request fetches the token.
    let response = account.build()?.get(&arguments.url.unwrap_or_default()).send()?;
    io::stdout().write_all(response.body())?;
    response.error_for_status()?;
    Ok(())
}

fn missing_key() -> PathBuf {
    let words = "set `--key FILE` or GOOGLE_APPLICATION_CREDENTIALS";
    Arguments::command().error(clap::error::ErrorKind::MissingRequiredArgument, words).exit()
}
