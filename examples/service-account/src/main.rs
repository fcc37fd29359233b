//! A program that logs in by itself, with the key file of a service account, and calls an API.

mod demo;

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use authlib_core::client::blocking::AssertionClient;
use lexopt::prelude::{Long, Short, Value, ValueExt as _};

const HELP: &str = "\
Calls an API as a service account.

Usage: service-account [OPTIONS] URL
       service-account --demo

  URL                 What to GET, taken from the API's base URL

  --key FILE          The account's JSON file, as Google's console gives it out;
                      by default $GOOGLE_APPLICATION_CREDENTIALS
  --api-base-url URL  The API, which alone gets the token;
                      https://www.googleapis.com/ by default
  --scope SCOPE       What to ask for, blank-separated
  --subject USER      In whose name, where the domain has delegated its authority to
                      the account
  --demo              Show it against a provider of its own, without a network
  -h, --help          Print this

Exit codes: 0 it worked, 1 it did not, 2 the command line is wrong.
";

#[derive(Default)]
struct Arguments {
    key: PathBuf,
    api: Option<String>,
    scope: Option<String>,
    subject: Option<String>,
    url: String,
}

enum Command {
    Call(Arguments),
    Demo,
    Help,
}

fn main() -> ExitCode {
    let command = match parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => return failed(2, &error),
    };
    let done = match command {
        Command::Call(arguments) => call(arguments),
        Command::Demo => demo::run(),
        Command::Help => print(HELP),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(1, error.as_ref()),
    }
}

fn call(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let mut account = AssertionClient::from_service_account_file(&arguments.key)?
        .scope(arguments.scope.unwrap_or_default())
        .api_base_url(arguments.api.as_deref().unwrap_or("https://www.googleapis.com/"));
    if let Some(subject) = arguments.subject {
        account = account.subject(subject);
    }
    // The token is fetched by the first request.
    let answer = account.build()?.get(&arguments.url).send()?;
    io::stdout().write_all(answer.body())?;
    answer.error_for_status()?;
    Ok(())
}

fn parse(words: impl Iterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut words = lexopt::Parser::from_args(words);
    let (mut arguments, mut key, mut url) = (Arguments::default(), None, None);
    while let Some(word) = words.next()? {
        match word {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("demo") => return Ok(Command::Demo),
            Long("key") => key = Some(words.value()?),
            Long("api-base-url") => arguments.api = Some(words.value()?.string()?),
            Long("scope") => arguments.scope = Some(words.value()?.string()?),
            Long("subject") => arguments.subject = Some(words.value()?.string()?),
            Value(value) if url.is_none() => url = Some(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let key = key.or_else(|| std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS"));
    arguments.key = key.ok_or("`--key FILE` is missing")?.into();
    arguments.url = url.ok_or("there is no URL to call; `--help` says how it is used")?;
    Ok(Command::Call(arguments))
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn failed(code: u8, error: &dyn Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "service-account: {error}");
    ExitCode::from(code)
}
