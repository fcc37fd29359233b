//! A command-line program that logs a person in, and calls the provider's API for them.

mod arguments;
mod browser;
mod demo;
mod failure;
mod login;
mod loopback;
mod output;
mod registration;
mod token_file;
mod waiting;

use std::process::ExitCode;

use authlib_core::OAuth2Client;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::registration::Registration;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::tell(&format!("cli-login: {}", failure.message));
            ExitCode::from(failure.code)
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments = Arguments::parse(std::env::args_os().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            done = perform(arguments) => done,
            Ok(()) = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
        }
    });
    // Whoever waits for another process's lock on a thread of its own is not waited for.
    runtime.shutdown_background();
    outcome
}

async fn perform(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Demo => demo::run().await,
        Command::Help => output::print(include_str!("help.txt")),
        Command::Version => output::print(concat!("cli-login ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Login(how) => {
            let registration = Registration::find(&arguments.options)?;
            login::run(&registration, &how).await
        }
        Command::Whoami => whoami(&Registration::find(&arguments.options)?.client).await,
        Command::Get(path) => get(&Registration::find(&arguments.options)?.client, &path).await,
        Command::Logout => logout(&Registration::find(&arguments.options)?.client).await,
    }
}

async fn whoami(client: &OAuth2Client) -> Result<(), Failure> {
    let claims = serde_json::to_string_pretty(&client.userinfo().await?)?;
    output::print(&format!("{claims}\n"))
}

async fn get(client: &OAuth2Client, path: &str) -> Result<(), Failure> {
    let answer = client.get(path).send().await?;
    output::body(answer.body())?;
    match answer.status().as_u16() {
        401 => Err(Failure::not_logged_in("the API does not accept the token any more (401)")),
        status @ 400.. => Err(Failure::other(format!("the API answered {status}"))),
        _ => Ok(()),
    }
}

async fn logout(client: &OAuth2Client) -> Result<(), Failure> {
    if client.token().await?.is_none() {
        return Err(Failure::not_logged_in("nobody is logged in"));
    }
    // The file is gone whatever the provider says; an error tells that the token may live on there.
    client.revoke_token().await?;
    output::print("Logged out.\n")
}
