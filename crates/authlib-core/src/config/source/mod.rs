//! Where settings come from, and their precedence: code, then files, then the environment.

use std::fmt;
#[cfg(feature = "toml")]
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::ClientConfig;
#[cfg(feature = "toml")]
use super::ConfigProblem;
use crate::error::Result;

mod clients;
mod contents;
mod env;
mod overlay;
mod suggest;
#[cfg(feature = "toml")]
mod toml;

pub(crate) use self::contents::{Contents, REQUIRE_FIPS};
use self::env::Vars;
pub(crate) use self::suggest::similar_preset;

/// Everything that was given to a registry's builder, in order. It can be read more than once.
#[derive(Default)]
pub(crate) struct Sources {
    inputs: Vec<Input>,
    /// Whether files and variables may add clients that the code does not name.
    discover: bool,
}

/// Where settings come from.
enum Input {
    Client(Box<ClientConfig>),
    Document(Map<String, Value>),
    /// Documents of the application, such as a file of another format.
    Documents(Box<dyn Fn() -> Result<Map<String, Value>> + Send + Sync>),
    /// The environment of the process.
    Env,
    #[cfg(feature = "toml")]
    File(PathBuf),
    /// A text that could not be parsed.
    #[cfg(feature = "toml")]
    Problem(ConfigProblem),
    Vars(Vars),
    /// Variables of the application, as if they were in the environment.
    VarsOf(Box<dyn Fn() -> Vars + Send + Sync>),
}

impl Input {
    /// Whether it can be different when it is read again.
    fn changes(&self) -> bool {
        match self {
            #[cfg(feature = "toml")]
            Self::File(_) => true,
            #[cfg(feature = "toml")]
            Self::Problem(_) => false,
            Self::Documents(_) | Self::Env | Self::VarsOf(_) => true,
            Self::Client(_) | Self::Document(_) | Self::Vars(_) => false,
        }
    }
}

impl Sources {
    pub(crate) fn register(&mut self, config: ClientConfig) {
        self.inputs.push(Input::Client(Box::new(config)));
    }

    /// Lets files and variables add clients.
    pub(crate) fn discover(&mut self) {
        self.discover = true;
    }

    /// Adds the settings of a TOML file: a table `[oauth.NAME]` for each client.
    #[cfg(feature = "toml")]
    pub(crate) fn file(&mut self, path: &Path) {
        self.inputs.push(Input::File(path.to_owned()));
    }

    /// Adds the settings of a TOML text that came from `origin`.
    #[cfg(feature = "toml")]
    pub(crate) fn toml(&mut self, text: &str, origin: impl Into<PathBuf>) {
        let parsed = toml::parse(text, &origin.into());
        self.inputs.push(parsed.map_or_else(Input::Problem, Input::Document));
    }

    /// Adds the settings in the member `oauth` of a document.
    pub(crate) fn document(&mut self, document: Map<String, Value>) {
        self.inputs.push(Input::Document(document));
    }

    /// As [`document`](Self::document), for the document that `read` returns each time.
    pub(crate) fn documents(
        &mut self,
        read: impl Fn() -> Result<Map<String, Value>> + Send + Sync + 'static,
    ) {
        self.inputs.push(Input::Documents(Box::new(read)));
    }

    /// Adds the environment of the process.
    pub(crate) fn env(&mut self) {
        self.inputs.push(Input::Env);
    }

    /// Adds variables as if they were in the environment.
    pub(crate) fn vars(&mut self, vars: Vars) {
        self.inputs.push(Input::Vars(vars));
    }

    /// As [`vars`](Self::vars), for the variables that `read` returns each time.
    pub(crate) fn vars_of(&mut self, read: impl Fn() -> Vars + Send + Sync + 'static) {
        self.inputs.push(Input::VarsOf(Box::new(read)));
    }

    /// Whether there is anything that can be different when it is read again.
    pub(crate) fn change(&self) -> bool {
        self.inputs.iter().any(Input::changes)
    }

    /// Reads everything.
    pub(crate) fn read(&self) -> Contents {
        let mut contents = Contents::new(self.discover);
        for input in &self.inputs {
            match input {
                Input::Client(config) => contents.register(ClientConfig::clone(config)),
                Input::Document(document) => contents.document(document.clone()),
                Input::Documents(read) => contents.read_document(read()),
                Input::Env => contents.vars(environment()),
                #[cfg(feature = "toml")]
                Input::File(path) => contents.file(path),
                #[cfg(feature = "toml")]
                Input::Problem(problem) => contents.problems.push(problem.clone()),
                Input::Vars(vars) => contents.vars(vars.clone()),
                Input::VarsOf(read) => contents.vars(read()),
            }
        }
        contents
    }
}

/// The environment of the process. Variables that are not Unicode can't be settings.
fn environment() -> Vars {
    let vars = std::env::vars_os();
    vars.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// A variable of the process's environment; `None` if it is not set or not Unicode.
pub(crate) fn environment_variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut registered = Vec::new();
        // Tables and variables hold secrets, and the environment also those of others.
        let mut tables = Vec::new();
        for input in &self.inputs {
            match input {
                Input::Client(config) => registered.push(config),
                Input::Document(document) => {
                    let clients = document.get("oauth").and_then(Value::as_object);
                    tables.extend(clients.into_iter().flat_map(Map::keys));
                }
                _ => {}
            }
        }
        f.debug_struct("Sources")
            .field("registered", &registered)
            .field("tables", &tables)
            .field("discover", &self.discover)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "toml"))]
mod tests;
