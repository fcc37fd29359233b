//! A command-line program that logs a user in and calls the provider's API.

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
    let arguments = Arguments::from_command_line();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            done = perform(arguments) => done,
            Ok(()) = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
        }
    });
    // Does not wait for threads that are blocked on another process's lock.
    runtime.shutdown_background();
    outcome
}

async fn perform(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Demo => demo::run().await,
        Command::Login(options) => {
            let registration = Registration::find(&arguments.options).await?;
            login::run(&registration, &options).await
        }
        Command::Whoami => whoami(&Registration::find(&arguments.options).await?.client).await,
        Command::Get { path } => {
            get(&Registration::find(&arguments.options).await?.client, &path).await
        }
        Command::Logout => logout(&Registration::find(&arguments.options).await?.client).await,
    }
}

async fn whoami(client: &OAuth2Client) -> Result<(), Failure> {
    let claims = serde_json::to_string_pretty(&client.userinfo().await?)?;
    output::print(&format!("{claims}\n"))
}

async fn get(client: &OAuth2Client, path: &str) -> Result<(), Failure> {
    let response = client.get(path).send().await?;
    output::body(response.body())?;
    match response.status().as_u16() {
        401 => Err(Failure::not_logged_in("the API rejected the access token (status 401)")),
        status @ 400.. => Err(Failure::other(format!("the API returned status {status}"))),
        _ => Ok(()),
    }
}

async fn logout(client: &OAuth2Client) -> Result<(), Failure> {
    if client.token().await?.is_none() {
        return Err(Failure::not_logged_in("not logged in"));
    }
    // Deletes the file even if the provider fails; the error says that the token may still be valid there.
    client.revoke_token().await?;
    output::print("Logged out.\n")
}
